#pragma once

#include <glib.h>

/*
 * A fast 64-bit hash for tables, for telling one body from another and for
 * finding damage on disk.  No defence against somebody who makes collisions.
 * The value is kept on disk: it must not change.
 */
guint64 hash_bytes(const void *data, gsize len);
