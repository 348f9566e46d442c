#pragma once

#include <glib.h>
#include <sys/types.h>

/* What a worker has from its keeper, and gives it. */
typedef struct {
	int socket; /* -1: there is no keeper */
	int fuse;   /* -1, as the others: it is the first, and is to make it */
	int memory;
	int lock;
} Handover;

#define HANDOVER_NONE                                                          \
	{                                                                      \
		-1, -1, -1, -1                                                 \
	}

/* Whether another one has served that mount before. */
gboolean handover_takes_over(const Handover *self);
/* The keeper gets copies; from now on another worker can take over. */
void handover_give(const Handover *self, int fuse, int memory, int lock);
/* The mount is served. */
void handover_ready(const Handover *self);
/* The mount is over: nobody is to take over, and who waits has an error. */
void handover_over(const Handover *self);
/* The keeper's process, or this one where there is none. */
pid_t handover_owner(const Handover *self);

/* ---- the keeper's end ---- */

/* What a worker says, one letter each. */
enum { HANDOVER_GIVEN = 'g', HANDOVER_READY = 'r', HANDOVER_OVER = 'o' };

/* The next word that was said to that socket; 0: nobody is there to say more.  With
 * HANDOVER_GIVEN, *ret has the three descriptors, the caller's. */
char handover_hear(int socket, Handover *ret);
