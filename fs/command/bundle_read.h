#pragma once

#include "fs/start/probe.h"

/* What `sessionfs bundle` reads of one mount, in a process that may be killed. */

typedef struct {
	const char *path; /* below the mount point */
	int error;        /* 0, or the errno of the read */
	const char *bytes;
	gsize size;
} BundleFile;

typedef struct {
	const char *mountpoint;
	const GPtrArray
		*blocks; /* StatusBlock *, of the sections and workspaces
	                            to be read; NULL: none */
} BundleSource;

/* Begins to read the files of .sessionfs, and of each section and workspace its
 * status, its errors and its newest requests: no spec, and nothing of a session. */
Probe *bundle_read(const BundleSource *source);

/* The files that have come whole, also from one that was killed: BundleFile, which
 * borrow from the probe. */
GArray *bundle_read_files(const Probe *probe);
