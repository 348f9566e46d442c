#include "fs/base/trace.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/secret.h"
#include "fs/base/crash_out.h"
#include "fs/base/log.h"
#include "fs/base/metrics.h"
#include "fs/base/ring.h"
#include "fs/base/trace_row.h"

struct Trace {
	guint lines;
	TracePath path;
	void *data;
	Metrics *metrics;
	Ring *operations; /* TraceOperation */
	Ring *calls;      /* TraceCall */
	gsize sizes[2];   /* atomic: of the last texts of both */
};

/* What this thread is at. */
static __thread TraceOp current;

static const struct {
	const char *name;
	guint bit;
} words[] = {{"fuse", TRACE_FUSE}, {"api", TRACE_API}, {"cache", TRACE_CACHE}};

static guint bit_of(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (!strcmp(word, words[i].name))
			return words[i].bit;
	}
	return 0;
}

gboolean trace_parse(const char *list, guint *ret, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(*list ? list : " ", ",", -1);
	guint bits = 0;

	for (char **part = parts; *part; part++) {
		guint bit = bit_of(g_strstrip(*part));

		if (!bit)
			return backend_error_false(error, BACKEND_ERROR_CONFIG,
				"--trace=%.64s: of fuse, api and cache one or "
				"several were expected, separated by commas",
				list);
		bits |= bit;
	}
	*ret = bits;
	return TRUE;
}

Trace *trace_new(guint lines, Metrics *metrics, TracePath path, void *data)
{
	Trace *self = g_new0(Trace, 1);

	self->lines = lines;
	self->metrics = metrics;
	self->path = path;
	self->data = data;
	self->operations = ring_new(TRACE_KEPT, sizeof(TraceOperation));
	self->calls = ring_new(TRACE_KEPT, sizeof(TraceCall));
	self->sizes[0] = self->sizes[1] = CACHE_ON_DEMAND_SIZE;
	return self;
}

void trace_free(Trace *self)
{
	ring_free(self->operations);
	ring_free(self->calls);
	g_free(self);
}

gboolean trace_has_lines(const Trace *self, guint what)
{
	return (self->lines & what) != 0;
}

/* ---- lines ---- */

static gint64 real_since(gint64 begun_us)
{
	return clock_wall_us(&clock_real) -
	       (clock_now_us(&clock_real) - begun_us);
}

/* "TIME WHAT...\n" */
static void write_line(GString *line)
{
	g_autofree char *masked = secret_mask(line->str);
	char *what = strchr(masked, ' ');

	*what = '\0';
	log_trace(masked, g_strchomp(what + 1));
}

/* A record of a ring, in that form, which began then. */
typedef void (*RowOf)(const Trace *self, TraceForm form, gint64 real_us,
	const void *record, GString *out);

static void row_of_operation(const Trace *self, TraceForm form, gint64 real_us,
	const void *record, GString *out)
{
	g_autoptr(GString) path = g_string_new(NULL);
	const TraceOperation *op = record;

	if (form != TRACE_HEAD)
		self->path(op->node, path, self->data);
	if (*op->name && !g_str_has_suffix(path->str, "/"))
		g_string_append_c(path, '/');
	g_string_append(path, op->name);
	trace_row_operation(out, form, real_us, op, path->str);
}

static void row_of_call(const Trace *self, TraceForm form, gint64 real_us,
	const void *record, GString *out)
{
	trace_row_call(out, form, real_us, record);
}

static void line_of(
	const Trace *self, RowOf row, gint64 begun_us, const void *record)
{
	g_autoptr(GString) line = g_string_new(NULL);

	row(self, TRACE_LINE, real_since(begun_us), record, line);
	write_line(line);
}

/* ---- operations ---- */

void trace_begin(
	Trace *self, const char *op, guint64 node, const char *name, pid_t pid)
{
	current.trace = self;
	current.op = op;
	current.node = node;
	current.pid = pid;
	current.begun_us = clock_now_us(&clock_real);
	g_strlcpy(current.name, name ? name : "", sizeof(current.name));
}

/* The tree's own names are seen by all who list it; one that leads to nothing was
 * typed by somebody, who may have pasted another thing. */
static const char *name_to_keep(int error)
{
	return error && secret_is_in(current.name) ? "***" : current.name;
}

void trace_end(int error, gsize bytes)
{
	Trace *self = current.trace;
	TraceOperation op = {
		.begun_us = current.begun_us,
		.took_us = clock_now_us(&clock_real) - current.begun_us,
		.node = current.node,
		.bytes = (guint32)MIN(bytes, G_MAXUINT32),
		.pid = current.pid,
		.error = error,
	};

	if (!self)
		return;
	current.trace = NULL;
	trace_field(op.op, sizeof(op.op), current.op);
	if (*current.name)
		trace_field(op.name, sizeof(op.name), name_to_keep(error));
	ring_put(self->operations, &op);
	if (self->metrics)
		metrics_took(self->metrics, current.op, op.took_us);
	if (trace_has_lines(self, TRACE_FUSE))
		line_of(self, row_of_operation, op.begun_us, &op);
}

void trace_park(TraceOp *ret)
{
	*ret = current;
	current.trace = NULL;
}

void trace_resume(const TraceOp *op)
{
	current = *op;
}

/* ---- calls ---- */

static void masked_field(char *ret, gsize size, const char *text)
{
	g_autofree char *masked = secret_mask(text);

	trace_field(ret, size, masked);
}

void trace_call(
	Trace *self, const char *section, const CallReport *report, int error)
{
	gint64 begun_us = clock_now_us(&clock_real) - report->took_us;
	TraceCall call = {
		.begun_us = begun_us,
		.took_us = report->took_us,
		.attempt = report->attempt,
		.status = report->status,
		.error = error,
	};

	trace_field(call.section, sizeof(call.section), section);
	trace_field(call.action, sizeof(call.action), report->action);
	if (report->request_id)
		masked_field(call.request_id, sizeof(call.request_id),
			report->request_id);
	ring_put(self->calls, &call);
	if (self->metrics)
		metrics_called(self->metrics, section, report->action,
			report->took_us);
	if (trace_has_lines(self, TRACE_API))
		line_of(self, row_of_call, begun_us, &call);
}

void trace_cache(Trace *self, const char *text)
{
	g_autoptr(GString) line = NULL;

	if (!trace_has_lines(self, TRACE_CACHE))
		return;
	line = g_string_new(NULL);
	trace_row_text(line, clock_wall_us(&clock_real), "cache", text);
	write_line(line);
}

/* ---- tables ---- */

/* What is there, oldest first: records of that size.  To format each as it comes
 * would give a busy mount the time to overwrite half of them. */
static void append_table(const Trace *self, const Ring *ring, gsize size,
	RowOf row, GString *out)
{
	g_autofree char *records = g_malloc0(size * TRACE_KEPT);
	gint64 epoch_us = real_since(0);
	guint64 turns = ring_turns(ring);
	gsize used = 0;

	row(self, TRACE_HEAD, 0, records, out);
	for (guint64 turn = ring_first(ring); turn < turns; turn++)
		used += ring_get(ring, turn, records + used) ? size : 0;
	for (gsize at = 0; at < used; at += size) {
		gint64 begun_us;

		/* Each record begins with it. */
		memcpy(&begun_us, records + at, sizeof(begun_us));
		row(self, TRACE_ROW, epoch_us + begun_us, records + at, out);
	}
}

char *trace_text(Trace *self, guint what)
{
	GString *out = g_string_new(NULL);

	if (what == TRACE_API)
		append_table(
			self, self->calls, sizeof(TraceCall), row_of_call, out);
	else
		append_table(self, self->operations, sizeof(TraceOperation),
			row_of_operation, out);
	__atomic_store_n(
		&self->sizes[what == TRACE_API], out->len, __ATOMIC_RELAXED);
	return g_string_free(out, FALSE);
}

gsize trace_size(const Trace *self, guint what)
{
	return __atomic_load_n(
		&self->sizes[what == TRACE_API], __ATOMIC_RELAXED);
}

/* ---- in a handler of faults ---- */

#define TOLD_AT_CRASH 20

/* The name that it is about is not told: nobody has masked it yet. */
static void tell_current(CrashOut *out)
{
	if (!current.trace)
		return;
	crash_out_text(out, "\noperation: ");
	crash_out_text(out, current.op);
	crash_out_text(out, " of node ");
	crash_out_number(out, (gint64)current.node);
	crash_out_text(out, " for process ");
	crash_out_number(out, current.pid);
	crash_out_text(out, "\n");
}

static void tell_operation(CrashOut *out, const TraceOperation *op)
{
	crash_out_number(out, op->begun_us);
	crash_out_text(out, " ");
	crash_out_text(out, op->op);
	crash_out_text(out, " node ");
	crash_out_number(out, (gint64)op->node);
	crash_out_text(out, " ");
	crash_out_text(out, op->name);
	crash_out_text(out, " error ");
	crash_out_number(out, op->error);
	crash_out_text(out, "\n");
}

static void tell_call(CrashOut *out, const TraceCall *call)
{
	crash_out_number(out, call->begun_us);
	crash_out_text(out, " ");
	crash_out_text(out, call->section);
	crash_out_text(out, " ");
	crash_out_text(out, call->action);
	crash_out_text(out, " status ");
	crash_out_number(out, call->status);
	crash_out_text(out, " error ");
	crash_out_number(out, call->error);
	crash_out_text(out, "\n");
}

static guint64 first_told(const Ring *ring)
{
	guint64 turns = ring_turns(ring);

	return MAX(ring_first(ring),
		turns > TOLD_AT_CRASH ? turns - TOLD_AT_CRASH : 0);
}

void trace_tell_crash(int fd, void *trace)
{
	const Trace *self = trace;
	CrashOut out = {.fd = fd};
	TraceOperation op;
	TraceCall call;

	tell_current(&out);
	crash_out_text(&out, "\nlast operations: began (monotonic us), what\n");
	for (guint64 turn = first_told(self->operations);
		turn < ring_turns(self->operations); turn++) {
		if (ring_get(self->operations, turn, &op))
			tell_operation(&out, &op);
	}
	crash_out_text(&out, "\nlast calls: began, section, action\n");
	for (guint64 turn = first_told(self->calls);
		turn < ring_turns(self->calls); turn++) {
		if (ring_get(self->calls, turn, &call))
			tell_call(&out, &call);
	}
	crash_out_flush(&out);
}
