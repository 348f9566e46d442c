#pragma once

#include <glib.h>

/* What the kernel writes, where libfuse does not hand it on (linux/fuse.h). */

/* struct fuse_in_header, with which each request begins. */
typedef struct {
	guint32 len, opcode;
	guint64 unique, node;
	guint32 uid, gid, pid, padding;
} InHeader;
