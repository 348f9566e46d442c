#pragma once

#include <glib.h>

/*
 * State words, each stored once and known by a small index.  Index 0 is the
 * empty word.  Any thread; words are never forgotten.
 */
typedef struct Words Words;

#define WORD_MAX_BYTES 128

Words *words_new(void);
void words_free(Words *self);

/* What lies beyond WORD_MAX_BYTES is cut.  Errors: BAD_ANSWER when there are
 * thousands of different words already. */
gboolean words_index(Words *self, const char *word, guint16 *ret_index,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Borrowed for the life of the table. */
const char *words_get(Words *self, guint16 index);
