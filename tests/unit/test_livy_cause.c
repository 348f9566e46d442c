/* Why sessions ended: ten real failures, and what could be taken for a cause. */
#include "backends/livy/livy_cause.h"

#include <string.h>

#include "backends/backend.h"
#include "backends/classes.h"

#define T "26/11/20 17:57:01 "
#define HEADS "stdout: ", "\nstderr: "
#define FRAME "\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)"
#define MORE "\t... 12 more"
#define YARN "\nYARN Diagnostics: "
#define START_FAILED YARN, "spark-submit start failed"
#define WARNINGS                                                               \
	T "WARN NativeCodeLoader: Unable to load native-hadoop library",       \
		T "WARN ClientConf: Your hostname resolves to a loopback",     \
		T "WARN ClientConf: Set 'livy.rsc.rpc.server.address'"
#define UP T "INFO SparkEntries: Created Spark session."
#define REPORT                                                                 \
	T "INFO Client: ", "\t client token: N/A", "\t diagnostics: N/A",      \
		"\t final status: UNDEFINED",                                  \
		"\t tracking URL: http://node:8088/proxy/application_1_0001/", \
		"\t user: root"

#define NO_QUEUE                                                               \
	"Exception in thread \"main\" org.apache.hadoop.yarn.exceptions."      \
	"YarnException: Failed to submit application_1_0001 to YARN : "        \
	"Application application_1_0001 submitted by user root to unknown "    \
	"queue: nosuch"
#define TOO_MUCH                                                               \
	"Exception in thread \"main\" java.lang.IllegalArgumentException: "    \
	"Required executor memory (9216 MB) is above the max threshold "       \
	"(6144 MB) of this cluster!"
#define REFUSED                                                                \
	"Exception in thread \"main\" java.net.ConnectException: Connection "  \
	"refused"
#define NO_HOST                                                                \
	"Exception in thread \"main\" java.io.IOException: Incomplete HDFS "   \
	"URI, no host: hdfs:///nosuch.jar"
#define TOO_LITTLE                                                             \
	"org.apache.spark.SparkIllegalArgumentException: "                     \
	"[INVALID_EXECUTOR_MEMORY] Executor memory 1 must be at least "        \
	"471859200."
#define KILLED                                                                 \
	"Application application_1_0001 was killed by user root at 127.0.0.1"
#define BANANA "Invalid maximum heap size: -Xmxbanana"
#define NO_VM "Error: Could not create the Java Virtual Machine."
#define FATAL "Error: A fatal exception has occurred. Program will exit."

typedef struct {
	const char *name;
	const char *log[24];
	const char *cause;
} Row;

static char *cause_of(const char *const *log)
{
	g_autoptr(GString) text = g_string_new("[");
	GString *out = g_string_new(NULL);

	for (; *log; log++) {
		g_autoptr(Json) line = json_object();

		json_set_text(line, "t", *log);
		g_autofree char *object = json_print(line, FALSE);
		g_string_append_printf(text, "%s%.*s", text->len > 1 ? "," : "",
			(int)(strlen(object) - strlen("{\"t\":}")),
			object + strlen("{\"t\":"));
	}
	g_string_append_c(text, ']');
	g_autoptr(Json) array = json_parse(text->str, text->len, NULL);
	g_assert_nonnull(array);
	livy_cause(array, out);
	return g_string_free(out, FALSE);
}

static void check(const Row *rows, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *cause = cause_of(rows[i].log);

		g_test_message("%s", rows[i].name);
		g_assert_cmpstr(cause, ==, rows[i].cause);
	}
}

static void ten_failures_have_the_cause_that_stands_somewhere(void)
{
	static const Row rows[] = {
		{"no such queue",
			{HEADS, WARNINGS, T "INFO Client: Requesting", NO_QUEUE,
				FRAME, FRAME, START_FAILED},
			NO_QUEUE "\n"},
		{"too much memory",
			{HEADS, WARNINGS, TOO_MUCH, FRAME, FRAME,
				T "INFO ShutdownHookManager: Shutdown hook",
				START_FAILED},
			TOO_MUCH "\n"},
		{"a jar of nobody", {HEADS, REFUSED, FRAME, FRAME},
			REFUSED "\n"},
		{"a jar of no host", {HEADS, NO_HOST, FRAME, FRAME},
			NO_HOST "\n"},
		{"too little memory",
			{HEADS, WARNINGS, T "INFO SparkEnv: Registering",
				T "ERROR SparkContext: Error initializing.",
				TOO_LITTLE, FRAME, FRAME,
				T "INFO SparkContext: Successfully stopped",
				T "WARN RSCDriver: Error during cancel job.",
				"java.lang.NullPointerException: Cannot invoke",
				FRAME,
				T "WARN AbstractChannelHandlerContext: An "
				  "exception",
				"java.lang.IllegalArgumentException: not "
				"existed channel",
				FRAME, FRAME},
			TOO_LITTLE "\n"},
		{"killed in YARN", {HEADS, WARNINGS, UP, REPORT, YARN, KILLED},
			KILLED "\n"},
		{"a driver killed", {HEADS, UP, WARNINGS}, ""},
		{"interrupted", {HEADS, WARNINGS, REPORT}, ""},
		{"banana", {HEADS, BANANA, NO_VM, FATAL},
			BANANA "\n" NO_VM "\n" FATAL "\n"},
		{"16m",
			{HEADS, WARNINGS,
				"Exception in thread \"main\" java.lang."
				"IllegalArgumentException: System memory "
				"16777216 must be at least 471859200.",
				FRAME},
			"Exception in thread \"main\" java.lang."
			"IllegalArgumentException: System memory 16777216 must "
			"be at least 471859200.\n"},
	};

	check(rows, G_N_ELEMENTS(rows));
}

static void what_looks_like_a_cause_is_told_from_one(void)
{
	static const Row rows[] = {
		{"the root",
			{"Exception in thread \"main\" x.Y: outer", FRAME,
				"Caused by: x.Z: middle", FRAME, MORE,
				"Caused by: x.W: inner", FRAME, MORE},
			"Exception in thread \"main\" x.Y: outer\n"
			"Caused by: x.W: inner\n"},
		{"the root of a warning",
			{T "ERROR A: failed", "x.Y: why", FRAME,
				T "WARN B: later", "x.Z: no", FRAME,
				"Caused by: x.W: no", FRAME},
			"x.Y: why\n"},
		{"an error without an exception",
			{T "ERROR Client: the cluster is full"},
			T "ERROR Client: the cluster is full\n"},
		{"of an earlier time",
			{T "ERROR SparkContext: Failed to add minlog.jar",
				"x.Y: already registered", FRAME, UP},
			""},
		{"of a task",
			{UP, T "ERROR Executor: Exception in task 0.0",
				"x.Y: division by zero", FRAME,
				T
				"ERROR TaskSetManager: Task 0 failed 4 times"},
			""},
		{"nobody's exception",
			{T "INFO A: b", "java.lang.OutOfMemoryError: heap",
				FRAME, FRAME},
			"java.lang.OutOfMemoryError: heap\n"},
		{"the first of the errors, not what follows of it",
			{T "ERROR A: first", "x.Y: why", FRAME,
				T "ERROR B: second", "x.Z: then", FRAME},
			"x.Y: why\n"},
		{"frames alone", {FRAME, FRAME, MORE}, ""},
		{"frames that are not indented",
			{"at org.apache.x.Y(Y.scala:1)"}, ""},
		{"python",
			{T "INFO A: b", "Traceback (most recent call last):",
				"  File \"/tmp/x.py\", line 1, in <module>",
				"ModuleNotFoundError: No module named 'x'"},
			"ModuleNotFoundError: No module named 'x'\n"},
		{"spark-submit",
			{WARNINGS, "Error: Missing application resource."},
			"Error: Missing application resource.\n"},
		{"more of a warning", {T "WARN A: b", "which goes on"}, ""},
		{"more of a line", {T "INFO A: 7168 MB\nincluding 768 MB"}, ""},
		{"tabs", {"26/01/02 00:00:00 WARN\tA: b", "ERROR\tC: d"},
			"ERROR C: d\n"},
		{"diagnostics that say nothing",
			{HEADS, YARN,
				"[Fri] Application is added to the "
				"scheduler and is not yet activated."},
			""},
		{"diagnostics of many lines",
			{HEADS, REFUSED, FRAME, YARN,
				"Application failed 2 times\nFailing this "
				"attempt.\n\n\tat x.Y(Z)\nExit code: 13\nmore"},
			"Application failed 2 times\nFailing this attempt.\n"
			"Exit code: 13\n"},
		{"diagnostics in a report",
			{T "INFO Client: ",
				"\t diagnostics: User class threw "
				"exception: x.Y",
				"\t final status: FAILED"},
			"User class threw exception: x.Y\n"},
		{"a terminal's",
			{"Error: a\x1b[1m\xc2\x9b"
			 "b"},
			"Error: a?[1m?b\n"},
		{"nothing", {NULL}, ""},
	};

	check(rows, G_N_ELEMENTS(rows));
}

static void a_cause_is_kept_beside_the_record(void)
{
	static const char body[] = "{\"id\":1,\"state\":\"dead\","
				   "\"log\":[\"Error: ours\"]}";
	g_autofree char *with = NULL, *without = NULL;
	g_autoptr(GString) told = g_string_new(NULL);
	g_autoptr(GString) shown = g_string_new(NULL);
	BackendClass class = livy_class;
	const Backend *livy = &(const Backend){&class};
	gsize len;

	class.private = (const char *const[]){"conf", NULL};
	g_assert_false(backend_keeps_cause(body, strlen(body)));
	with = backend_keep_cause(body, strlen(body), "a\nb\n", &len);
	g_assert_true(backend_keeps_cause(with, len));
	g_autoptr(Json) record = json_parse(with, len, NULL);
	livy_cause_told(livy, record, told);
	g_assert_cmpstr(told->str, ==, "a\nb\n");
	backend_mask(livy, with, len, shown);
	g_assert_cmpstr(shown->str, ==, body);
	/* Where nobody could say, the record may. */
	without = backend_keep_cause(body, strlen(body), "", &len);
	g_assert_true(backend_keeps_cause(without, len));
	g_autoptr(Json) other = json_parse(without, len, NULL);
	g_string_truncate(told, 0);
	livy_cause_told(livy, other, told);
	g_assert_cmpstr(told->str, ==, "Error: ours\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/livy_cause/ten",
		ten_failures_have_the_cause_that_stands_somewhere);
	g_test_add_func(
		"/livy_cause/looks", what_looks_like_a_cause_is_told_from_one);
	g_test_add_func("/livy_cause/kept", a_cause_is_kept_beside_the_record);
	return g_test_run();
}
