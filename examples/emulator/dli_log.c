#include "dli.h"

#include <string.h>

#include "seed.h"
#include "text.h"

/* A driver's log: so many lines when it starts, then one every few seconds, as
 * long as the session lives. */

#define LINES_FIRST 12
#define LINES_MAX 2400
#define LINE_EVERY_MS 5000

/* NOLINTBEGIN(bugprone-suspicious-missing-comma): one text on two lines */
static const char *const first_lines[LINES_FIRST] = {
	"stdout: ",
	"stderr: ",
	"WARN\tNativeCodeLoader: Unable to load native-hadoop library",
	"INFO\tRMProxy: Connecting to ResourceManager at node-master/10.0.0.4",
	"INFO\tClient: Requesting a new application from cluster",
	"INFO\tClient: Verifying our application has not requested more than "
	"the maximum memory capability",
	"INFO\tClient: Will allocate AM container, with 7168 MB memory\n"
	"including 768 MB overhead",
	"INFO\tClient: Uploading resource livy-rsc.jar",
	"INFO\tClient: Submitting application to ResourceManager",
	"INFO\tYarnClientImpl: Submitted application",
	"INFO\tClient: Application report (state: ACCEPTED)",
	"INFO\tClient: Application report (state: RUNNING)",
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

static const char *const later_lines[] = {
	"INFO\tSparkContext: Starting job: reduce",
	"INFO\tDAGScheduler: Submitting 200 missing tasks from ResultStage %u",
	"INFO\tTaskSetManager: Finished task %u.0 in stage 4.0",
	"INFO\tBlockManagerInfo: Removed broadcast_%u_piece0 on executor 2",
	"WARN\tTaskSetManager: Lost task %u.0 in stage 4.0: executor lost",
	"INFO\tContextCleaner: Cleaned accumulator %u",
};

guint dli_log_total(const Json *record, gint64 now_ms)
{
	static const char *const over[] = {"dead", "error", "success", NULL};
	gint64 created = json_get_int(record, "create_time", 0, G_MAXINT64, 0);
	gint64 updated = json_get_int(record, "update_time", 0, G_MAXINT64, 0);
	const char *state = json_get_text(record, "state", 64, "");
	gint64 end =
		g_strv_contains(over, state) ? MAX(updated, created) : now_ms;
	gint64 more = MAX(0, end - created) / LINE_EVERY_MS;

	return (guint)MIN(LINES_FIRST + more, LINES_MAX);
}

static char *line_time(gint64 ms)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(ms / 1000);

	return time ? g_date_time_format(time, "%y/%m/%d %H:%M:%S ")
		    : g_strdup("");
}

static void write_line(
	GString *out, const char *id, gint64 created_ms, guint line)
{
	guint64 seed = seed_mix(g_str_hash(id) + line);
	gint64 at = created_ms + (gint64)line * LINE_EVERY_MS;
	g_autofree char *time = line_time(at);
	g_autoptr(GString) text = g_string_new(NULL);

	if (line < LINES_FIRST) {
		g_string_append(text, line < 2 ? "" : time);
		g_string_append(text, first_lines[line]);
	} else {
		const char *pattern =
			later_lines[seed % G_N_ELEMENTS(later_lines)];
		g_auto(GStrv) halves = g_strsplit(pattern, "%u", 2);

		g_string_append_printf(text, "%s%s", time, halves[0]);
		if (halves[1])
			g_string_append_printf(text, "%u%s", line, halves[1]);
	}
	text_quote(out, text->str);
}

void dli_log_write(
	GString *out, const char *id, gint64 created_ms, guint from, guint n)
{
	for (guint i = 0; i < n; i++) {
		if (i > 0)
			g_string_append_c(out, ',');
		write_line(out, id, created_ms, from + i);
	}
}
