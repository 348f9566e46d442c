#pragma once

#include <sys/types.h>

#include "cache/cache.h"

/*
 * What the daemon is at: the kernel's operations, the calls of the providers, and
 * what the cache does by itself.  The last TRACE_KEPT operations and calls are
 * always kept, each in a ring (ring.h), for .sessionfs/trace and .sessionfs/calls.
 * On demand each is a line on stderr too: `name=value` pairs behind a time.
 *
 * An operation is begun in one place, fs/ops/ops.c, and ended in one, reply.c.  In
 * between it belongs to the thread that is at it, so that nobody has to look it up,
 * and there is no lock.  A request that is parked takes it along (trace_park), and
 * who tries to answer it has it back first (trace_resume): its time goes on until
 * the reply.  The end is noted before the reply leaves, so that whoever has
 * returned from a system call finds its operation.
 *
 * A record is plain, and nothing is allocated or waited for on its way.  It has the
 * node, not the path: that is made when somebody reads, since node ids stand for the
 * same thing for ever.  A handler of a crash may copy the records out of the rings.
 *
 * There are no secrets in it: of an operation never the bytes, of a call neither
 * its URL nor its body.  A name that somebody typed and that led to nothing may be
 * one, and so may whatever a server says: that is masked before it is kept.
 */
typedef struct Trace Trace;
typedef struct Metrics Metrics;

enum {
	TRACE_FUSE = 1 << 0,
	TRACE_API = 1 << 1,
	TRACE_CACHE = 1 << 2,
	TRACE_ALL = TRACE_FUSE | TRACE_API | TRACE_CACHE,
};

#define TRACE_KEPT 1000

/* Of "fuse,api,cache", or some of these, the bits.  Errors: CONFIG, which names
 * the words there are. */
gboolean trace_parse(const char *words, guint *ret,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the path of a node, from the root of the mount on; any thread. */
typedef void (*TracePath)(guint64 node, GString *out, void *data);

/* lines: bits of what is to be written to stderr.  metrics: is told how long each
 * operation and call took; stays; NULL: nobody is. */
Trace *trace_new(guint lines, Metrics *metrics, TracePath path, void *data);
void trace_free(Trace *self);
gboolean trace_has_lines(const Trace *self, guint what);

/* ---- operations ---- */

/* One that was begun: as the thread that is at it, or a parked request, has it. */
typedef struct {
	Trace *trace;   /* NULL: there is none */
	const char *op; /* static */
	guint64 node;
	gint64 begun_us;
	pid_t pid; /* the caller's */
	char name[256];
} TraceOp;

/* The calling thread is at it from now on.  name: in the directory `node`; NULL:
 * it is about the node itself. */
void trace_begin(
	Trace *self, const char *op, guint64 node, const char *name, pid_t pid);
/* Before the reply.  error: the errno; bytes: as many as were read or written. */
void trace_end(int error, gsize bytes);
/* The calling thread is at nothing more. */
void trace_park(TraceOp *ret);
/* It is at that again. */
void trace_resume(const TraceOp *op);

/* ---- the rest; any thread ---- */

/* error: the errno; 0: it succeeded. */
void trace_call(
	Trace *self, const char *section, const CallReport *report, int error);
/* A line of what the cache does.  No control characters, no secrets are left. */
void trace_cache(Trace *self, const char *text);

/*
 * The kept operations (TRACE_FUSE) or calls (TRACE_API) as a table, the oldest
 * first: a line of names, then values separated by tabs.  New string.
 */
char *trace_text(Trace *self, guint what);
/* The size of the last such text; CACHE_ON_DEMAND_SIZE before the first.  To make one
 * only to tell its size would cost a stat a thousand lines. */
gsize trace_size(const Trace *self, guint what);

/* The operation that the calling thread is at, and the last ones and calls of all:
 * a CrashTell, whose data is the Trace. */
void trace_tell_crash(int fd, void *trace);
