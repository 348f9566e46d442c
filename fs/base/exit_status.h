#pragma once

/*
 * The exit statuses of sessionfs and of its commands, beside 0 and 1 (it failed for
 * another reason).  A number keeps its meaning: scripts rely on it, and sessionfs(8)
 * lists all of them (lint compares).
 */
enum {
	STATUS_USAGE = 2,     /* the command line is wrong */
	STATUS_CONFIG = 3,    /* the configuration is wrong */
	STATUS_BUSY = 4,      /* somebody uses it: a daemon, open files */
	STATUS_NO_MOUNT = 5,  /* no sessionfs is mounted there that answers */
	STATUS_REFUSED = 6,   /* it is refused; nothing was made */
	STATUS_UNSENT = 7,    /* nothing was made, and later it may be */
	STATUS_MAY_EXIST = 8, /* it may have been made */
	STATUS_TIME_OVER = 9, /* the time that was given is over */
	STATUS_IN_VAIN = 10,  /* the session has ended in another way */
};
