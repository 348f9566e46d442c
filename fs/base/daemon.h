#pragma once

#include <sys/types.h>

#include "cache/cache.h"

typedef struct Emitter Emitter;
typedef struct EventLog EventLog;
typedef struct Handles Handles;
typedef struct Interest Interest;
typedef struct Metrics Metrics;
typedef struct Notify Notify;
typedef struct Pending Pending;
typedef struct Polls Polls;
typedef struct Trace Trace;

/*
 * What every handler needs, gathered.  Built once by main before the first
 * request and constant from then on; what it points to has locks of its own.
 */
typedef struct Daemon {
	Cache *cache;
	Emitter *emitter; /* NULL: no events are made */
	Handles *handles;
	Interest *interest;
	Metrics *metrics;
	Notify *notify;
	Pending *pending;
	EventLog *eventlog;
	Polls *polls;
	Trace *trace;
	uid_t uid;
	gid_t gid;
	gint64 read_timeout_us;   /* for what was never known */
	gint64 create_timeout_us; /* for writes to control files */
	double window;            /* seconds; see interest.h */
	gint changes;             /* atomic: grows with each changed content */
	gint owed;                /* atomic: events that are still to be made */
	gint64 started_ns;        /* mtime of what never changes */
	gboolean
		keep_listings; /* the kernel's directory cache can be trusted */
	guint64 half_written;  /* atomic: bytes of specs; see control.h */
	GPtrArray *
		synth_events; /* Act: of the news at hand; the observer's alone */
	char *config;         /* as shown in .sessionfs/config */
	GHashTable *failing; /* numbers of directories whose listing failed
	                          and was logged; the observer's alone */
} Daemon;

/* Texts of the files in .sessionfs; new strings, any thread. */
char *daemon_version(Daemon *daemon, guint32 number);
char *daemon_config(Daemon *daemon, guint32 number);
char *daemon_metrics(Daemon *daemon, guint32 number);
char *daemon_log(Daemon *daemon, guint32 number);
char *daemon_trace(Daemon *daemon, guint32 number);
char *daemon_calls(Daemon *daemon, guint32 number);
/* Of the last two: see trace_size. */
gsize daemon_trace_size(const Daemon *daemon);
gsize daemon_calls_size(const Daemon *daemon);

/* The cache's observer: turns its news into kernel invalidations and wakes
 * what is parked.  data: the Daemon. */
void daemon_news(const News *news, gsize n, void *data);
/* The cache's other observers: of calls of providers, and of what it does.  data:
 * the Daemon. */
void daemon_called(const char *section, const CallReport *report, void *data);
void daemon_traced(const char *text, void *data);
