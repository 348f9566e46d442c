#pragma once

#include <glib.h>

/*
 * State words, each stored once and known by a small index.  Index 0 is the
 * empty word.  Any thread; words are never forgotten.
 */
typedef struct Words Words;

#define WORD_MAX_BYTES 128
#define WORD_OTHER "Unknown"

Words *words_new(void);
void words_free(Words *self);

/* What lies beyond WORD_MAX_BYTES is cut.  Once there are thousands of words,
 * all further ones are WORD_OTHER. */
guint16 words_index(Words *self, const char *word);
/* Borrowed for the life of the table. */
const char *words_get(Words *self, guint16 index);
