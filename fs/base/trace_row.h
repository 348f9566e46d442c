#pragma once

#include <glib.h>

/*
 * The records of the rings, and how one reads: as a row of a table, as the head of
 * that table, or as a line of name=value pairs.  Pure.
 */

/* Fields of fixed size alone, a multiple of 8 bytes; texts end with NUL. */
typedef struct {
	gint64 begun_us; /* monotonic */
	gint64 took_us;
	guint64 node;
	guint32 bytes;
	gint32 pid;
	gint32 error;
	char op[12];
	char name[80]; /* "": none */
} TraceOperation;

typedef struct {
	gint64 begun_us; /* monotonic */
	gint64 took_us;
	guint32 attempt;
	guint32 status;
	gint32 error;
	char section[36];
	char action[48];
	char request_id[72];
} TraceCall;

G_STATIC_ASSERT(sizeof(TraceOperation) % 8 == 0);
G_STATIC_ASSERT(sizeof(TraceCall) % 8 == 0);

typedef enum {
	TRACE_HEAD, /* the record may be zero */
	TRACE_ROW,
	TRACE_LINE,
} TraceForm;

/* Copies a text into a field; of one that is too long the beginning, and dots. */
void trace_field(char *ret, gsize size, const char *text);

/* Each appends a whole line.  real_us: when it began, since the epoch. */
void trace_row_operation(GString *out, TraceForm form, gint64 real_us,
	const TraceOperation *op, const char *path);
void trace_row_call(
	GString *out, TraceForm form, gint64 real_us, const TraceCall *call);
/* Of text that was formatted already: a TRACE_LINE. */
void trace_row_text(
	GString *out, gint64 real_us, const char *what, const char *text);
