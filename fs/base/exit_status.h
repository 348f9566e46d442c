#pragma once

/*
 * The exit statuses of sessionfs and of its commands, beside 0 and 1 (it failed for
 * another reason).  A number keeps its meaning: scripts rely on it, and sessionfs(8)
 * lists all of them (lint compares).
 */
enum {
	STATUS_USAGE = 2,    /* the command line is wrong */
	STATUS_CONFIG = 3,   /* the configuration is wrong */
	STATUS_BUSY = 4,     /* somebody uses it: a daemon, open files */
	STATUS_NO_MOUNT = 5, /* no sessionfs is mounted there that answers */
};
