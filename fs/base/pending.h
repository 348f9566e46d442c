#pragma once

#include "backends/base/clock.h"
#include "fs/base/lowlevel.h"
#include "fs/base/metrics.h"

/*
 * Requests that have to wait: parked here with a deadline instead of blocking
 * a FUSE worker.  One thread owns them all.  It asks a parked request again
 * each time its key is woken, and answers it when its time is over, when its
 * caller was interrupted, or when the mount ends.
 */
typedef struct Pending Pending;

typedef enum {
	LEFT_LATE,        /* the deadline passed */
	LEFT_INTERRUPTED, /* the caller has a signal to attend to */
	LEFT_UNSEEN,  /* he has a signal, and of which kind cannot be told */
	LEFT_STOPPED, /* the mount ends */
} LeftReason;

typedef struct {
	guint32 key;        /* the number that pending_wake names */
	guint32 dir;        /* whose lock the kernel holds meanwhile; 0: none */
	gint64 every_us;    /* asked this often at first, then ever less, not
	                        when woken; 0: when woken */
	gint64 deadline_us; /* monotonic; 0: as for what was never known */
	/* The deadline of now, asked after each retry; NULL: it stays. */
	gint64 (*until)(void *data);
	gboolean fatal_only; /* only a fatal signal lets the caller go: timers
	                        and handlers must not make it repeat a write.
	                        Whose signals are unseen goes a while after one */
	/* Tries to answer; TRUE when it did.  Runs on the pending thread and is
	 * called at least once after parking, so no news can be missed. */
	gboolean (*retry)(fuse_req_t req, void *data);
	/* The errno for a caller who waits no longer; NULL: ETIMEDOUT, EINTR, or
	 * ENOTCONN at the end, as for a plain question. */
	int (*leave)(LeftReason reason, void *data);
	void (*free)(void *data); /* may be NULL */
	void *data;               /* taken */
} ParkSpec;

/* timeout_us: how long one waits for what was never known. */
Pending *pending_new(Metrics *metrics, const Clock *clock, gint64 timeout_us);
/* Answers whatever is parked and joins the thread. */
void pending_stop(Pending *pending);
void pending_free(Pending *pending);

/* Takes the request over.  Any thread, once a request. */
void pending_park(Pending *pending, fuse_req_t req, const ParkSpec *spec);
/* Something about this number is news. */
void pending_wake(Pending *pending, guint32 key);
/* Something about every number may be. */
void pending_wake_all(Pending *pending);
/* Whether a lookup, listing or rmdir is parked in that directory, or was until a
 * moment ago: who gets a part of a listing comes back for more. */
gboolean pending_busy(Pending *pending, guint32 key);

/* The keys of all that are parked: guint32, one each; free with g_array_unref. */
GArray *pending_keys(Pending *pending);

/* ETIMEDOUT, EINTR, ENOTCONN: what a plain question answers. */
int pending_leave_plain(LeftReason reason, void *data);
