#pragma once

#include <glib.h>

#include "backends/base/clock.h"
#include "fs/base/lowlevel.h"

/*
 * The open files whose bytes the kernel keeps.  It keeps one size and one set of
 * pages for all who have a node open, and so would cut a read that goes on over a
 * change, or mix old bytes with new ones.  So it is made to forget a node only
 * once those are done that have just opened it, and until then each is answered
 * with the bytes that it has opened.  Whoever opens a file while the kernel has
 * something to forget is kept out of the page cache by the caller; so nobody new
 * comes meanwhile.
 */
typedef struct Readers Readers;
/* One open file. */
typedef struct Reader Reader;

/* The clock outlives them. */
Readers *readers_new(const Clock *clock);
/* All are closed. */
void readers_free(Readers *readers);

/* Any thread.  NULL while somebody has it open who is no longer the first: what he
 * reads may be newer than the size that the kernel knows. */
Reader *readers_open(Readers *readers, fuse_ino_t node, gsize size);
/* NULL is fine. */
void reader_close(Reader *reader);
/* Whether a read is to be answered with the bytes of the open: FALSE once the kernel
 * was made to forget them, or is just being made to.  NULL, of which the kernel
 * keeps nothing: TRUE. */
gboolean reader_is_first(Reader *reader);

/* The size that the kernel is to know of a node while somebody is the first there:
 * that of his bytes.  FALSE: nobody is.  Any thread. */
gboolean readers_size(Readers *readers, fuse_ino_t node, gsize *ret);

/* For the notifier thread, before the kernel is made to forget a node: waits for
 * those who opened it less than 200 ms ago. */
void readers_pass(Readers *readers, fuse_ino_t node);
