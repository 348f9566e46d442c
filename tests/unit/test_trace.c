#include "fs/base/trace.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "backends/base/secret.h"
#include "fs/base/trace_row.h"

static void node_path(guint64 node, GString *out, void *data)
{
	if (node == 1)
		g_string_append_c(out, '/');
	else
		g_string_append_printf(out, "/n%d", (int)node);
}

static Trace *quiet(void)
{
	return trace_new(0, NULL, node_path, NULL);
}

/* The rows below the head, each as its values. */
static GPtrArray *rows_of(Trace *trace, guint what)
{
	g_autofree char *text = trace_text(trace, what);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GPtrArray *rows =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);

	g_assert_cmpuint(trace_size(trace, what), ==, strlen(text));
	g_assert_true(g_str_has_suffix(text, "\n"));
	for (guint i = 1; lines[i] && *lines[i]; i++)
		g_ptr_array_add(rows, g_strsplit(lines[i], "\t", -1));
	return rows;
}

enum { TIME, OP, PID, US, RESULT, BYTES, NODE, PATH, N_VALUES };

static const char *value(const GPtrArray *rows, guint row, guint column)
{
	char **values = g_ptr_array_index(rows, row);

	g_assert_cmpuint(g_strv_length(values), ==, N_VALUES);
	return values[column];
}

static void operations_are_rows(void)
{
	g_autoptr(GPtrArray) rows = NULL;
	Trace *trace = quiet();

	g_assert_cmpuint(
		trace_size(trace, TRACE_FUSE), ==, CACHE_ON_DEMAND_SIZE);
	trace_begin(trace, "lookup", 1, "nope", 17);
	trace_end(ENOENT, 0);
	trace_begin(trace, "read", 65, NULL, 18);
	trace_end(0, 5);
	/* A reply without an operation is none. */
	trace_end(0, 0);
	rows = rows_of(trace, TRACE_FUSE);
	g_assert_cmpuint(rows->len, ==, 2);
	g_assert_cmpstr(value(rows, 0, OP), ==, "lookup");
	g_assert_cmpstr(value(rows, 0, PID), ==, "17");
	g_assert_cmpstr(value(rows, 0, RESULT), ==, "ENOENT");
	g_assert_cmpstr(value(rows, 0, NODE), ==, "1");
	g_assert_cmpstr(value(rows, 0, PATH), ==, "/nope");
	g_assert_cmpstr(value(rows, 1, RESULT), ==, "OK");
	g_assert_cmpstr(value(rows, 1, BYTES), ==, "5");
	g_assert_cmpstr(value(rows, 1, PATH), ==, "/n65");
	g_assert_cmpstr(value(rows, 0, TIME), <=, value(rows, 1, TIME));
	trace_free(trace);
}

static void the_last_ones_are_kept(void)
{
	g_autoptr(GPtrArray) rows = NULL;
	Trace *trace = quiet();

	for (guint i = 0; i < 2 * TRACE_KEPT + 7; i++) {
		trace_begin(trace, "getattr", i, NULL, 1);
		trace_end(0, 0);
	}
	rows = rows_of(trace, TRACE_FUSE);
	g_assert_cmpuint(rows->len, ==, TRACE_KEPT);
	g_assert_cmpstr(value(rows, 0, NODE), ==, "1007");
	g_assert_cmpstr(value(rows, TRACE_KEPT - 1, NODE), ==, "2006");
	trace_free(trace);
}

static void *end_elsewhere(void *data)
{
	trace_resume(data);
	trace_end(ETIMEDOUT, 0);
	return NULL;
}

/* Another thread ends it, and it took as long as the caller has waited. */
static void parked_ones_go_on(void)
{
	g_autoptr(GPtrArray) rows = NULL;
	Trace *trace = quiet();
	pthread_t thread;
	TraceOp parked;

	trace_begin(trace, "open", 7, NULL, 3);
	trace_park(&parked);
	trace_end(0, 0);
	parked.begun_us -= 2000;
	pthread_create(&thread, NULL, end_elsewhere, &parked);
	pthread_join(thread, NULL);
	rows = rows_of(trace, TRACE_FUSE);
	g_assert_cmpuint(rows->len, ==, 1);
	g_assert_cmpstr(value(rows, 0, OP), ==, "open");
	g_assert_cmpstr(value(rows, 0, RESULT), ==, "ETIMEDOUT");
	g_assert_cmpint(atoll(value(rows, 0, US)), >=, 2000);
	trace_free(trace);
}

static void one_name(const char *name, int error, const char *path)
{
	g_autoptr(GPtrArray) rows = NULL;
	Trace *trace = quiet();

	trace_begin(trace, "lookup", 1, name, 1);
	trace_end(error, 0);
	rows = rows_of(trace, TRACE_FUSE);
	g_assert_cmpstr(value(rows, 0, PATH), ==, path);
	trace_free(trace);
}

static void names_are_fit_to_be_shown(void)
{
	g_autofree char *longest = g_strnfill(255, 'x');
	g_autofree char *cut = g_strnfill(76, 'x');
	g_autofree char *shown = g_strconcat("/", cut, "...", NULL);
	g_autofree char *wide = g_strconcat(cut + 1, "\xc3\xa4\xc3\xa4\xc3\xa4",
		NULL); /* the limit falls into a character */
	g_autofree char *whole = g_strconcat("/", cut + 1, "...", NULL);

	one_name("a b", 0, "/a b");
	one_name("a\tb\nc\\", ENOENT, "/a\\tb\\nc\\\\");
	one_name("\x1b[1m\xff", ENOENT, "/\\x1b[1m\xef\xbf\xbd");
	one_name(longest, ENOENT, shown);
	one_name(wide, ENOENT, whole);
}

/* Even one that the field has no room for. */
static void secrets_are_not_kept(void)
{
	g_autofree char *far = g_strnfill(70, 'x');
	g_autofree char *late = g_strconcat(far, "hunter-planted", NULL);
	g_autoptr(Secret) secret G_GNUC_UNUSED =
		secret_new("hunter-planted", -1);

	one_name("hunter-planted", ENOENT, "/***");
	one_name("x-hunter-planted-x", ETIMEDOUT, "/***");
	one_name(late, ENOENT, "/***");
	one_name("hunter-plante", ENOENT, "/hunter-plante");
}

static void calls_are_rows(void)
{
	g_autoptr(Secret) secret G_GNUC_UNUSED =
		secret_new("hunter-planted", -1);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	Trace *trace = quiet();

	trace_call(trace, "alibaba",
		&(CallReport){.action = "List",
			.attempt = 2,
			.status = 503,
			.request_id = "r\t1 hunter-planted",
			.took_us = 12},
		EREMOTEIO);
	trace_call(trace, "livy", &(CallReport){.action = "Get"}, EUSERS);
	text = trace_text(trace, TRACE_API);
	lines = g_strsplit(text, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines), ==, 4);
	g_assert_cmpstr(lines[0], ==,
		"time\tsection\taction\tattempt\tus\tresult\tstatus\t"
		"request_id");
	g_assert_true(g_str_has_suffix(lines[1],
		"Z\talibaba\tList\t2\t12\tEREMOTEIO\t503\tr\\t1 ***"));
	g_assert_true(
		g_str_has_suffix(lines[2], "Z\tlivy\tGet\t0\t0\tEUSERS\t0\t-"));
	trace_free(trace);
}

static void lines_are_pairs(void)
{
	g_autoptr(GString) out = g_string_new(NULL);
	TraceOperation op = {.op = "open", .pid = 3, .node = 9, .error = 4095};

	trace_row_operation(out, TRACE_LINE, 1, &op, "/a b");
	g_assert_cmpstr(out->str, ==,
		"1970-01-01T00:00:00.000001Z fuse: op=open pid=3 us=0 "
		"result=4095 bytes=0 node=9 path=\"/a b\"\n");
}

static void the_words_are_known(void)
{
	static const char *const wrong[] = {
		"", ",", "fuse,", "http", "fuse,http", "FUSE"};
	g_autoptr(GError) error = NULL;
	guint bits = 0;

	g_assert_true(trace_parse("fuse,api,cache", &bits, &error));
	g_assert_cmpuint(bits, ==, TRACE_ALL);
	g_assert_true(trace_parse("api", &bits, &error));
	g_assert_cmpuint(bits, ==, TRACE_API);
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_assert_false(trace_parse(wrong[i], &bits, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		g_assert_nonnull(strstr(error->message, "fuse, api and cache"));
		g_clear_error(&error);
	}
	g_assert_cmpuint(bits, ==, TRACE_API);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trace/operations-are-rows", operations_are_rows);
	g_test_add_func(
		"/trace/the-last-ones-are-kept", the_last_ones_are_kept);
	g_test_add_func("/trace/parked-ones-go-on", parked_ones_go_on);
	g_test_add_func(
		"/trace/names-are-fit-to-be-shown", names_are_fit_to_be_shown);
	g_test_add_func("/trace/secrets-are-not-kept", secrets_are_not_kept);
	g_test_add_func("/trace/calls-are-rows", calls_are_rows);
	g_test_add_func("/trace/lines-are-pairs", lines_are_pairs);
	g_test_add_func("/trace/the-words-are-known", the_words_are_known);
	return g_test_run();
}
