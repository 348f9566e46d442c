#pragma once

#include "cache/cache.h"

/*
 * How far the first listing of a large account is, for whoever has started the daemon
 * on a terminal: a line that is written anew, as
 *
 *   alibaba/w-1 [######              ] page 12 of about 40, 1,200 so far
 *
 * with a bar only if the provider tells how many there are.
 */

/* Such a line, of the path and of what .status says behind "listing: ", with a bar
 * if it fits in so many characters.  New string. */
char *progress_text(const char *path, const char *listing, guint width);

/* In the foreground: tells of the first listings until those that are under way
 * together are over, since a large account is told of once.  NULL: standard error
 * is no terminal.  The cache is borrowed. */
typedef struct Progress Progress;
Progress *progress_start(Cache *cache);
void progress_stop(Progress *self); /* NULL is fine */

/*
 * In the process that has started a daemon in the background, once its mount answers:
 * on a terminal, lists each section that was never listed, as an `ls` would, and tells
 * how far that is, as long as pages come.  What a section says that cannot be listed
 * is printed.  It may be interrupted at any time.
 */
void progress_of_start(const char *mountpoint);
