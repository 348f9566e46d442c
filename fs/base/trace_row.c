#include "fs/base/trace_row.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/escape.h"

#define DOTS "..."

void trace_field(char *ret, gsize size, const char *text)
{
	gsize kept = size - sizeof(DOTS);

	if (strlen(text) < size) {
		g_strlcpy(ret, text, size);
		return;
	}
	/* Not within a character. */
	while (kept > 0 && ((guchar)text[kept] & 0xc0) == 0x80)
		kept--;
	memcpy(ret, text, kept);
	g_strlcpy(ret + kept, DOTS, size - kept);
}

/* ---- values ---- */

static void add(
	GString *out, TraceForm form, const char *name, const char *value)
{
	gboolean quoted = form == TRACE_LINE && strchr(value, ' ');

	if (form == TRACE_LINE)
		g_string_append_printf(out, " %s=%s", name, quoted ? "\"" : "");
	tsv_append(out, form == TRACE_HEAD ? name : value);
	if (quoted)
		g_string_append_c(out, '"');
	if (form != TRACE_LINE)
		g_string_append_c(out, '\t');
}

static void add_number(
	GString *out, TraceForm form, const char *name, gint64 value)
{
	char text[24];

	g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, value);
	add(out, form, name, text);
}

static void add_error(GString *out, TraceForm form, gint error)
{
	const char *name = error ? strerrorname_np(error) : "OK";

	if (name)
		add(out, form, "result", name);
	else
		add_number(out, form, "result", error);
}

static void begin(
	GString *out, TraceForm form, gint64 real_us, const char *what)
{
	char time[TIME_SIZE];

	time_write(time, real_us, 6);
	if (form == TRACE_LINE)
		g_string_append_printf(out, "%s %s:", time, what);
	else
		add(out, form, "time", time);
}

static void end(GString *out, TraceForm form)
{
	if (form == TRACE_LINE)
		g_string_append_c(out, '\n');
	else
		out->str[out->len - 1] = '\n';
}

/* ---- records ---- */

void trace_row_operation(GString *out, TraceForm form, gint64 real_us,
	const TraceOperation *op, const char *path)
{
	begin(out, form, real_us, "fuse");
	add(out, form, "op", op->op);
	add_number(out, form, "pid", op->pid);
	add_number(out, form, "us", op->took_us);
	add_error(out, form, op->error);
	add_number(out, form, "bytes", op->bytes);
	add_number(out, form, "node", (gint64)op->node);
	add(out, form, "path", path);
	end(out, form);
}

void trace_row_call(
	GString *out, TraceForm form, gint64 real_us, const TraceCall *call)
{
	begin(out, form, real_us, "api");
	add(out, form, "section", call->section);
	add(out, form, "action", call->action);
	add_number(out, form, "attempt", call->attempt);
	add_number(out, form, "us", call->took_us);
	add_error(out, form, call->error);
	add_number(out, form, "status", call->status);
	add(out, form, "request_id", call->request_id);
	end(out, form);
}

void trace_row_text(
	GString *out, gint64 real_us, const char *what, const char *text)
{
	begin(out, TRACE_LINE, real_us, what);
	g_string_append_printf(out, " %s", text);
	end(out, TRACE_LINE);
}
