#pragma once

#include <glib.h>

/*
 * State words, each stored once and known by a small index.  Index 0 is the
 * empty word.  Any thread; words are never forgotten.
 */
typedef struct StateNames StateNames;

#define WORD_MAX_BYTES 128
#define WORD_OTHER "Unknown"

StateNames *state_names_new(void);
void state_names_free(StateNames *self);

/* What lies beyond WORD_MAX_BYTES is cut.  Once there are thousands of words,
 * all further ones are WORD_OTHER. */
guint16 state_names_index(StateNames *self, const char *word);
/* Borrowed for the life of the table. */
const char *state_names_get(StateNames *self, guint16 index);
