#include "livy.h"

#include <string.h>

#include "text.h"

/* The launcher's output: two headings, a line every moment while the driver
 * starts, then one every few seconds, as long as the session lives.  A server
 * keeps the last of them only. */

#define LINES_KEPT 200
#define LINES_FIRST 12
#define FIRST_EVERY_MS 150
#define LATER_EVERY_MS 5000

static const char *const first_lines[LINES_FIRST] = {
	"WARN NativeCodeLoader: Unable to load native-hadoop library",
	"INFO RSCDriver: Connecting to: localhost:20000",
	"INFO RSCDriver: Starting RPC server...",
	"INFO RpcServer: Connected to the port 20001",
	"INFO RSCDriver: Received job request SparkContext",
	"INFO SparkEntries: Starting Spark context...",
	"INFO SparkContext: Running Spark version 3.5.6",
	"INFO ResourceUtils: No custom resources configured for spark.driver.",
	"INFO SparkContext: Submitted application: livy-session",
	"INFO BlockManager: Initialized BlockManager",
	"INFO SparkEntries: Spark context finished initialization in 1782ms",
	"INFO SparkEntries: Created Spark session.",
};

static const char *const later_lines[] = {
	"INFO DAGScheduler: Submitting 200 missing tasks from stage",
	"INFO TaskSetManager: Finished in stage 4.0 task",
	"INFO BlockManagerInfo: Removed on localhost broadcast",
	"WARN TaskSetManager: Executor lost, and with it task",
};

/* Of a driver that could not start. */
static const char *const dead_lines[] = {
	"java.lang.IllegalArgumentException: System memory is too small",
	"\tat org.apache.spark.memory.UnifiedMemoryManager.getMaxMemory",
};

static const char *const headings[] = {"stdout: ", "\nstderr: "};
#define HEADINGS G_N_ELEMENTS(headings)

static gint64 moment(const Json *record, const char *name)
{
	return json_get_int(record, name, 0, G_MAXINT64, 0);
}

/* Lines ever written, without the headings. */
static guint64 written(const Json *record, gint64 now_ms)
{
	gint64 ended = moment(record, "_ended");
	gint64 age = (ended ? ended : now_ms) - moment(record, "_created");
	gint64 first = CLAMP(age / FIRST_EVERY_MS, 0, LINES_FIRST);

	return (guint64)(first + MAX(0, age / LATER_EVERY_MS));
}

static gboolean is_dead(const char *state)
{
	return !strcmp(state, "dead") || !strcmp(state, "error");
}

static gboolean record_is_dead(const Json *record)
{
	return is_dead(json_get_text(record, "state", 64, ""));
}

guint64 livy_log_total(const Json *record, gint64 now_ms)
{
	const Json *planted = json_get(record, "_log");

	if (planted)
		return (guint64)json_size(planted);
	if (record_is_dead(record))
		return HEADINGS + G_N_ELEMENTS(dead_lines);
	return HEADINGS + MIN(LINES_KEPT, written(record, now_ms));
}

static void write_line(GString *out, guint64 line)
{
	g_autoptr(GString) text = g_string_new("26/11/20 17:22:36 ");

	if (line < LINES_FIRST)
		g_string_append(text, first_lines[line]);
	else
		g_string_append_printf(text, "%s %u",
			later_lines[line % G_N_ELEMENTS(later_lines)],
			(guint)line);
	text_quote(out, text->str);
}

/* The i-th element, where so many lines were dropped. */
static void write_element(
	GString *out, guint64 i, gboolean dead, guint64 dropped)
{
	if (i < HEADINGS)
		text_quote(out, headings[i]);
	else if (dead)
		text_quote(out,
			dead_lines[(i - HEADINGS) % G_N_ELEMENTS(dead_lines)]);
	else
		write_line(out, dropped + i - HEADINGS);
}

static void write_elements(
	GString *out, guint64 from, guint64 n, gboolean dead, guint64 dropped)
{
	for (guint64 i = from; i < from + n; i++) {
		if (i > from)
			g_string_append_c(out, ',');
		write_element(out, i, dead, dropped);
	}
}

void livy_log_write(GString *out, const Json *record, gint64 now_ms,
	guint64 from, guint64 n)
{
	guint64 all = written(record, now_ms);
	const Json *planted = json_get(record, "_log");

	if (planted) {
		text_slice(out, planted, from, n);
		return;
	}
	write_elements(out, from, n, record_is_dead(record),
		all > LINES_KEPT ? all - LINES_KEPT : 0);
}

char *livy_log_short(const char *state)
{
	GString *out = g_string_new("[");

	if (is_dead(state))
		write_elements(
			out, HEADINGS, G_N_ELEMENTS(dead_lines), TRUE, 0);
	else if (!strcmp(state, "starting") || !strcmp(state, "not_started"))
		write_elements(out, 0, HEADINGS, FALSE, 0);
	else
		write_elements(out, HEADINGS + 2, LINES_FIRST - 2, FALSE, 0);
	g_string_append_c(out, ']');
	return g_string_free(out, FALSE);
}
