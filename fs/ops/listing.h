#pragma once

#include <glib.h>

#include "fs/base/lowlevel.h"

/*
 * Directories: READDIR, and READDIRPLUS.  A cookie is 1 for ".", 2 for "..",
 * a row's slot + 3, or an entry's number (which is 64 or more): stable whatever
 * comes or goes while somebody lists.
 */
void listing_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, gboolean plus);
