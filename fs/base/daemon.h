#pragma once

#include <sys/types.h>

#include "cache/cache.h"

typedef struct Emitter Emitter;
typedef struct EventLog EventLog;
typedef struct Handles Handles;
typedef struct Interest Interest;
typedef struct Kept Kept;
typedef struct Metrics Metrics;
typedef struct Notify Notify;
typedef struct Pending Pending;
typedef struct Polls Polls;
typedef struct Pulse Pulse;
typedef struct Readers Readers;
typedef struct Trace Trace;

/*
 * What every handler needs, gathered.  Built once by main before the first
 * request and constant from then on; what it points to has locks of its own.
 */
typedef struct Daemon {
	const Clock *clock; /* of all that is decided by time */
	Cache *cache;
	Emitter *emitter; /* NULL: no events are made */
	Handles *handles;
	Interest *interest;
	Kept *kept; /* what outlives this process; NULL: nothing does */
	Metrics *metrics;
	Notify *notify;
	Pending *pending;
	EventLog *eventlog;
	Polls *polls;
	Readers *readers;
	Pulse *pulse; /* NULL: no service manager is told; set before the loop */
	Trace *trace;
	pid_t owner; /* the process that others know: this one, or its keeper */
	uid_t uid;
	gid_t gid;
	gint64 create_timeout_us; /* for writes to control files */
	double window;            /* seconds; see interest.h */
	gint changes;             /* atomic: grows with each changed content */
	gint owed;                /* atomic: events that are still to be made */
	gint64 started_ns;        /* mtime of what never changes */
	gboolean
		keep_listings; /* the kernel's directory cache can be trusted */
	guint64 half_written;  /* atomic: bytes of specs; see control.h */
	GPtrArray *
		synth_events; /* SynthEvent: of the news at hand; the observer's alone */
	char *crash; /* the report that the run before left; NULL: none */
} Daemon;
