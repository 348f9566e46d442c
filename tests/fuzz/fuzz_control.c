/*
 * One open of a control file.  An input's first part says which: "c" of `new`, "v"
 * and "w" of files that take a verb or words; "a" with it: opened to append; "e": the
 * order fails.  Each further part is a call, by its first letter: "w" a write
 * behind the last one, "o" one at another place, "r" a read, "t" a truncation, "f" a
 * flush; "l" is a write whose writer is let go before the order ends.
 */
#include "fuzz.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/json_scan.h"
#include "fs/base/proc.h"
#include "fs/base/reply.h"
#include "fs/kernel/notify.h"
#include "fs/ops/control.h"

#define REQUEST ((fuse_req_t)(void *)&daemon_of_all)
#define TID 7

static Daemon daemon_of_all = {
	.clock = &clock_real, .create_timeout_us = G_USEC_PER_SEC};
static guint answers, orders;
static gboolean fails, parked;
static ParkSpec waiting;
static OperationDone done;
static void *done_data;
static GError *failure;

/* ---- what the file calls ---- */

static void answered(fuse_req_t req)
{
	g_assert_true(req == REQUEST);
	answers++;
}

void __wrap_reply_error(fuse_req_t req, int error);
void __wrap_reply_error(fuse_req_t req, int error)
{
	g_assert_cmpint(error, >, 0);
	answered(req);
}

void __wrap_reply_written(fuse_req_t req, gsize count);
void __wrap_reply_written(fuse_req_t req, gsize count)
{
	answered(req);
}

gboolean __wrap_reply_data(fuse_req_t req, const void *data, gsize len);
gboolean __wrap_reply_data(fuse_req_t req, const void *data, gsize len)
{
	answered(req);
	return TRUE;
}

void __wrap_reply_slice(fuse_req_t req, GBytes *bytes, gsize size, off_t off);
void __wrap_reply_slice(fuse_req_t req, GBytes *bytes, gsize size, off_t off)
{
	gsize len;
	const char *text = g_bytes_get_data(bytes, &len);

	g_assert_cmpuint(len, >, 0);
	g_assert_cmpint(text[len - 1], ==, '\n');
	answered(req);
}

void __wrap_pending_park(
	Pending *pending, fuse_req_t req, const ParkSpec *spec);
void __wrap_pending_park(Pending *pending, fuse_req_t req, const ParkSpec *spec)
{
	g_assert_true(req == REQUEST);
	g_assert_false(parked);
	parked = TRUE;
	waiting = *spec;
}

void __wrap_notify_wake(Notify *notify, guint32 number);
void __wrap_notify_wake(Notify *notify, guint32 number)
{
}

pid_t __wrap_proc_process_of(pid_t tid);
pid_t __wrap_proc_process_of(pid_t tid)
{
	return tid;
}

void __wrap_cache_record_error(Cache *cache, guint32 number, GError *error);
void __wrap_cache_record_error(Cache *cache, guint32 number, GError *error)
{
	fuzz_is_sentence(error);
}

static Operation *give(OperationDone when, void *data)
{
	g_assert_null(done);
	done = when;
	done_data = data;
	orders++;
	return NULL;
}

/* Nothing but a whole document ever becomes an order. */
Operation *__wrap_cache_create(Cache *cache, guint32 workspace,
	const char *spec, gsize len, gint64 deadline_us, OperationDone when,
	void *data);
Operation *__wrap_cache_create(Cache *cache, guint32 workspace,
	const char *spec, gsize len, gint64 deadline_us, OperationDone when,
	void *data)
{
	JsonScan scan;

	/* What a number may be, and which blanks may follow, is checked later. */
	if (!json_scan(spec, len, &scan))
		g_assert_true(g_str_has_prefix(scan.reason, "a number") ||
			      g_str_has_prefix(scan.reason, "something"));
	g_assert_cmpint(spec[json_scan_space(spec, len, 0)], ==, '{');
	return give(when, data);
}

static Operation *give_line(Cache *cache, guint32 number, const char *line,
	gint64 deadline_us, OperationDone when, void *data)
{
	g_assert_cmpuint(strlen(line), <=, 1024);
	g_assert_true(g_utf8_validate(line, -1, NULL));
	g_assert_null(strpbrk(line, "\r\n"));
	return give(when, data);
}

GError *__wrap_operation_error(const Operation *operation);
GError *__wrap_operation_error(const Operation *operation)
{
	return fails ? failure : NULL;
}

const char *__wrap_operation_answer(const Operation *operation);
const char *__wrap_operation_answer(const Operation *operation)
{
	return "{}";
}

void __wrap_operation_unref(Operation *operation);
void __wrap_operation_unref(Operation *operation)
{
}

/* ---- the calls ---- */

static void end_order(void)
{
	OperationDone when = done;

	done = NULL;
	if (when)
		when(NULL, done_data);
}

/* Each request is answered once: at once, or when what it waits for has ended. */
static void settle(guint before, gboolean let_go)
{
	if (parked && let_go) {
		g_assert_cmpint(waiting.leave(LEFT_LATE, waiting.data), >, 0);
		answers++;
	} else if (parked) {
		end_order();
		g_assert_true(waiting.retry(REQUEST, waiting.data));
	}
	if (parked)
		waiting.free(waiting.data);
	parked = FALSE;
	g_assert_cmpuint(answers, ==, before + 1);
}

static void call(Control *file, const char *part, gsize len, off_t *off)
{
	guint before = answers;
	gboolean let_go = *part == 'l';

	switch (*part) {
	case 'w':
	case 'l':
	case 'o':
		control_write(file, REQUEST, part + 1, len - 1,
			*part == 'o' ? (off_t)len * 3 : *off);
		*off += (off_t)len - 1;
		settle(before, let_go);
		break;
	case 'r':
		control_read(file, REQUEST, 4096, (off_t)len - 1);
		settle(before, FALSE);
		break;
	case 't':
		if (control_truncate(file) == 0)
			*off = 0;
		break;
	case 'f':
		g_assert_cmpint(control_flush(file, TID), >=, 0);
		break;
	default:
		break;
	}
}

void fuzz_control(const char *bytes, gsize len)
{
	FuzzParts parts = fuzz_parts(bytes, len);
	g_autofree char *how = fuzz_part(&parts, NULL);
	const gboolean lines = strpbrk(how, "vw") != NULL;
	const TreeRow row = {.name = "ctl",
		.kind = lines ? ROW_VERB : ROW_CREATE,
		.give = give_line,
		.words = strchr(how, 'w') != NULL};
	Control *file = control_new(
		&daemon_of_all, &row, 1, TID, strchr(how, 'a') != NULL, 0);
	off_t off = 0;

	g_clear_error(&failure);
	backend_error_set(&failure, BACKEND_ERROR_CONFLICT, "it failed");
	fails = strchr(how, 'e') != NULL;
	while (fuzz_more(&parts)) {
		gsize n;
		g_autofree char *part = fuzz_part(&parts, &n);

		if (n > 0)
			call(file, part, n, &off);
	}
	end_order();
	control_release(file);
	g_assert_cmpuint(daemon_of_all.half_written, ==, 0);
}
