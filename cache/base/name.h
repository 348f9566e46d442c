#pragma once

#include <glib.h>

#define NAME_MAX_BYTES 200

/*
 * The directory name of a remote id.  Printable UTF-8 stays; control bytes,
 * invalid UTF-8, '/', '%', a leading '.' or '-', and a whole name that is in
 * `reserved` (its first byte) become %XX.  What is then over NAME_MAX_BYTES is
 * cut at a character and ends in '~' and 16 hex digits of the id's hash; of an id
 * that reads so by itself, that '~' is escaped.  Injective but for hash
 * collisions.  New string, never empty for a non-empty
 * id.
 */
char *name_escape(const char *id, const char *const *reserved);
/* The id of a name that was not cut; NULL when no id has this name. */
char *name_unescape(const char *name, const char *const *reserved);
/* How much of a name fits into `max` bytes (fewer than it has), so that no
 * character and no %XX is split. */
gsize name_cut_len(const char *name, gsize max);
/* Whether a name looks like one that was cut, so that only a listing can tell
 * whose it is. */
gboolean name_is_cut(const char *name);
