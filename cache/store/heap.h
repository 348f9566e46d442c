#pragma once

#include <glib.h>

#include "cache/base/descriptors.h"

/*
 * A file of bodies, one behind the other.  Bytes once appended never change, so
 * reading needs no lock; appending is for one thread at a time.  Bodies are read
 * by pread: a file that was cut short is an error, not a signal.
 */
typedef struct Heap Heap;

/* Opens a file, or makes it (mode 0600).  Errors: LOCAL, NO_ROOM. */
Heap *heap_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One without a name, in memory.  Errors: LOCAL. */
Heap *heap_memory(GError **error) G_GNUC_WARN_UNUSED_RESULT;
Heap *heap_ref(Heap *self);
void heap_unref(Heap *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Heap, heap_unref)

/* It is rewritten elsewhere: its file is deleted with the last reference.  To be
 * called with one. */
void heap_doom(Heap *self);

/* Where the next append will lie. */
guint64 heap_len(const Heap *self);
/* All or nothing.  Errors: LOCAL, NO_ROOM. */
gboolean heap_append(Heap *self, const void *data, gsize len,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A descriptor of the file, for the caller to close; -1 when there are none. */
int heap_dup(const Heap *self);
gboolean heap_sync(Heap *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The body at an offset, checked against its hash; ends with a NUL that len
 * does not count.  A new buffer.  Errors: LOCAL, naming the file.
 */
char *heap_read(Heap *self, guint64 at, gsize len, guint64 hash,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- small file work that others need too ---- */

/* Writes all of it at an offset. */
gboolean heap_file_write(int fd, const char *path, const void *data, gsize len,
	guint64 at, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads until len or the end of the file; -1 with errno. */
gssize heap_file_read(int fd, void *data, gsize len, guint64 at);
/* Waits until what was written is on the medium. */
gboolean heap_file_sync(KeptFile *file, const char *path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sets NO_ROOM, NO_FILES or LOCAL from errno, as "<what> <path>: <why>". */
void file_error(GError **error, const char *what, const char *path);
