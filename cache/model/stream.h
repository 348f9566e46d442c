#pragma once

#include "cache/cache.h"

/*
 * The bytes of a file that only ever grows, of which a provider tells the last part
 * each time that it is asked: all who have the file open share one stream, as they
 * share the size that the kernel keeps for its inode.  The windows are laid one
 * over the other by their lines, section by section, and what is new is appended.
 * What was read once stays where it was.
 *
 * Only the last bytes are kept in memory.  Those before still count, and read as a
 * line that says so and then as empty lines, so that no offset ever moves.
 * Reference counted; any thread.
 */

Stream *stream_new(void);
/* Somebody besides the first owner has it. */
gboolean stream_is_held(const Stream *self);

/*
 * Lays a window of that form over it (see backend.h, WINDOW_MARK).  Where no line of
 * a section is known from before, a line says that some are missing.  Whether
 * anything was appended.
 */
gboolean stream_put(Stream *self, const char *window, gsize len);
/* Keeps the last `limit` bytes, or a quarter more. */
void stream_trim(Stream *self, gsize limit);
/* How many bytes are kept in memory. */
gsize stream_kept(Stream *self);
