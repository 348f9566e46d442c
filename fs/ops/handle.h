#pragma once

#include "fs/events/polls.h"
#include "fs/ops/control.h"
#include "fs/ops/wait.h"
#include "fs/tree/eventlog.h"

/*
 * What one open of a file holds: one of the first six, or, where the kernel
 * keeps the bytes, a poller alone.  All that are open are known, since the kernel
 * releases none of them when a mount ends under its users.
 */
typedef struct {
	GBytes *snapshot;
	Stream *stream;
	Control *control;
	Wait *wait;
	gboolean refresh; /* of .refresh */
	EventFile *events;
	/* Of .refresh: */
	gint asked;       /* atomic: the open asked for the first write too */
	CacheAsked since; /* what it asked */
	gboolean reads;   /* a read asks */
	/* Of session files and the event log: theirs who poll. */
	Poller *poller;
} Handle;

typedef struct Handles Handles;

Handles *handles_new(void);
/* Closes those that are still open. */
void handles_free(Handles *handles);

/* Takes what it holds.  Any thread. */
Handle *handles_open(Handles *handles, const Handle *holds);
/* Its bytes, in place of which there may be others later; a new reference. */
GBytes *handles_snapshot(Handles *handles, Handle *handle);
void handles_renew(Handles *handles, Handle *handle, GBytes *bytes);
/* NULL is fine. */
void handles_close(Handles *handles, Handle *handle);
