#pragma once

#include <glib.h>

/*
 * What a directory tells in words: .last_error and .partial, and when its texts last
 * changed, .last among them.  Any thread; its lock is a leaf.  Dir's functions tell of
 * each change.
 */
typedef struct Texts Texts;

/* The time of texts that never changed. */
Texts *texts_new(gint64 created_ns);
void texts_free(Texts *self);

/* What an earlier run left: the text (taken; NULL: none), and when the directory last
 * changed; 0: not known. */
void texts_restore(Texts *self, char *last_error, gint64 changed_ns);

/* The text is taken.  Whether it is another one; *ret_keep: the disk does not have it, and
 * nobody was told so yet. */
gboolean texts_set_error(Texts *self, char *text, gboolean *ret_keep);
/* The text is taken; NULL: there is nothing to tell.  What changed: TEXT_PARTIAL, _MADE,
 * _GONE; or 0. */
guint texts_set_partial(Texts *self, char *text);
/* .last is another one. */
void texts_touch(Texts *self);

/* Copies; NULL: there is none. */
char *texts_error(Texts *self);
char *texts_partial(Texts *self);
/* The last error, for whoever puts it on disk: from now on another one has to be kept,
 * too. */
char *texts_keep_error(Texts *self);
gint64 texts_changed_ns(Texts *self);
