#pragma once

#include <glib.h>

#include "cache/base/descriptors.h"

/*
 * A file of bodies, one behind the other.  Bytes once appended never change, so
 * reading needs no lock; appending is for one thread at a time.  Bodies are read
 * by pread: a file that was cut short is an error, not a signal.
 */
typedef struct BodyStore BodyStore;

/* Opens a file, or makes it (mode 0600).  Errors: LOCAL, NO_ROOM. */
BodyStore *body_store_open(
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One without a name, in memory.  Errors: LOCAL. */
BodyStore *body_store_memory(GError **error) G_GNUC_WARN_UNUSED_RESULT;
BodyStore *body_store_ref(BodyStore *self);
void body_store_unref(BodyStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BodyStore, body_store_unref)

/* It is rewritten elsewhere: its file is deleted with the last reference.  To be
 * called with one. */
void body_store_doom(BodyStore *self);

/* Where the next append will lie. */
guint64 body_store_len(const BodyStore *self);
/* All or nothing.  Errors: LOCAL, NO_ROOM. */
gboolean body_store_append(BodyStore *self, const void *data, gsize len,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A descriptor of the file, for the caller to close; -1 when there are none. */
/* Closes its file until it is used again. */
void body_store_rest(const BodyStore *self);
int body_store_dup(const BodyStore *self);
gboolean body_store_sync(
	BodyStore *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The body at an offset, checked against its hash; ends with a NUL that len
 * does not count.  A new buffer.  Errors: LOCAL, naming the file.
 */
char *body_store_read(BodyStore *self, guint64 at, gsize len, guint64 hash,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Bodies for one who goes through many: those that lie one behind the other are read
 * many at a time.  All zero at first.
 */
typedef struct {
	char *bytes;
	guint64 at;
	gsize len;
} BodyWindow;

/* A body without a NUL, borrowed until the next call; NULL: it is not as it should be,
 * and body_store_read says why. */
const char *body_window_read(BodyWindow *self, BodyStore *store, guint64 at,
	gsize len, guint64 hash);
void body_window_clear(BodyWindow *self);

/* ---- small file work that others need too ---- */

/* Writes all of it at an offset. */
gboolean body_file_write(int fd, const char *path, const void *data, gsize len,
	guint64 at, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads until len or the end of the file; -1 with errno. */
gssize body_file_read(int fd, void *data, gsize len, guint64 at);
/* Writes all of it behind the end, which moves, or nothing. */
gboolean body_file_append(KeptFile *file, const char *path, const void *data,
	gsize len, guint64 *end, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Waits until what was written is on the medium. */
gboolean body_file_sync(KeptFile *file, const char *path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sets NO_ROOM, NO_FILES or LOCAL from errno, as "<what> <path>: <why>". */
gboolean file_error(GError **error, const char *what, const char *path);
