#pragma once

#include "backends/base/clock.h"
#include "cache/model/stream.h"

/*
 * The bytes that only a call of their own gets, in memory and in bounds: 4096
 * files and 64 MiB, of which the one that was used longest ago goes first.  All
 * are wiped as secrets are when they come so.  Any thread.
 *
 * Who asks for what is the caller's business: this says whether to ask, and that
 * at most one asks for one thing at a time.
 */
typedef struct OnDemand OnDemand;

/* In the place of a file: the whole record of a session, which is shown by
 * other means; its bytes are of no interest. */
#define ON_DEMAND_WHOLE N_SESSION_FILES
/* One answer. */
#define ON_DEMAND_MAX (16 * 1024 * 1024)

/* The clock outlives it. */
OnDemand *on_demand_new(const Clock *clock);
void on_demand_free(OnDemand *self);

/*
 * YES with a reference, when the last answer is still good or only just came;
 * FAILED with the error, when there was one just now; else NOT_YET, and when
 * *ret_begin is set, the caller has to ask, and then to call one of the two
 * functions below.
 */
Known on_demand_open(OnDemand *self, guint32 number, guint file, GBytes **ret,
	gboolean *ret_begin, GError **error);
/* Whether on_demand_open would say now that the caller has to ask. */
gboolean on_demand_would_begin(OnDemand *self, guint32 number, guint file);

/* What became of the bytes that are shown. */
typedef enum { ON_DEMAND_SAME, ON_DEMAND_FIRST, ON_DEMAND_OTHER } OnDemandNow;

/* Takes the bytes, which are a window where the file grows.  until_ms as `describe`
 * gives it; mtime_ns: of bytes that are the first. */
OnDemandNow on_demand_store(OnDemand *self, guint32 number, guint file,
	gboolean grows, GBytes *bytes, gint64 until_ms, gint64 mtime_ns);
/* Takes the error. */
void on_demand_fail(OnDemand *self, guint32 number, guint file, GError *error);
void on_demand_forget(OnDemand *self, guint32 number);

/* FALSE when nothing is known of the file. */
gboolean on_demand_stat(
	OnDemand *self, guint32 number, guint file, ContentStat *ret);
/* The last bytes; NULL: none. */
GBytes *on_demand_read(OnDemand *self, guint32 number, guint file);

/* ---- files that grow ---- */

/* How often a stream that somebody holds is asked for: while it was looked at
 * within idle_us, and else. */
typedef struct {
	gint64 every_us, idle_us;
} StreamPace;

/* Its stream, for somebody who opens it at that pace: a new reference; NULL: none
 * is known. */
Stream *on_demand_stream(
	OnDemand *self, guint32 number, guint file, const StreamPace *pace);
/* Somebody looks at it: TRUE when nobody had for long, so that another time may be
 * due now. */
gboolean on_demand_look(OnDemand *self, guint32 number, guint file);
/*
 * A stream that has to be asked for now: the caller does so, as after
 * on_demand_open.  FALSE: none; *ret_next_us is lowered to when one will have to be
 * (monotonic).
 */
gboolean on_demand_follow(OnDemand *self, guint32 *ret_number, guint *ret_file,
	gint64 *ret_next_us);

/* The session changed: drops what was good until then, or, when it ended, all.
 * Returns the files whose bytes went, or may have gone before to make room. */
guint on_demand_changed(OnDemand *self, guint32 number, gboolean ended);
