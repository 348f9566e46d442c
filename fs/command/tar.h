#pragma once

#include <glib.h>

/*
 * An archive in memory, in the format ustar of POSIX.1-1988 (pax(1)).  Entries are
 * the caller's alone (0600, 0700).  Components of a name that are too long are cut,
 * and end with a checksum of what they were; what a reader might take for another
 * place or a command (.., control characters) is replaced.
 */

/* Appends a file. */
void tar_file(GString *tar, const char *path, const char *bytes, gsize size,
	gint64 time_s);
/* Appends a directory. */
void tar_folder(GString *tar, const char *path, gint64 time_s);
/* Appends what ends an archive. */
void tar_end(GString *tar);

/* The name that an entry gets: new string. */
char *tar_name(const char *path);
