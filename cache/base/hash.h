#pragma once

#include <glib.h>

/*
 * A fast 64-bit hash for tables, for telling one body from another and for
 * finding damage on disk.  No defence against somebody who makes collisions.
 * The value is kept on disk: it must not change.
 */
guint64 hash_bytes(const void *data, gsize len);

/* SipHash-1-3: nobody who does not know the key can make collisions. */
guint64 hash_keyed(const guint64 key[2], const void *data, gsize len);

/* A GHashFunc of texts that come from outside: hash_keyed, by a key of this
 * process. */
guint hash_text(gconstpointer text);
