#include "fs/command/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/base/exit_status.h"
#include "fs/command/places.h"
#include "fs/command/screen.h"
#include "fs/command/status_text.h"
#include "fs/command/status_view.h"
#include "fs/start/config.h"
#include "fs/start/probe.h"

#include "backends/base/clock.h"

enum { FLAG_JSON = 256, FLAG_WATCH, FLAG_INTERVAL };

const Flag status_flags[] = {
	{"json", FLAG_JSON, NULL, "print JSON"},
	{"watch", 'w', NULL,
		"redraw on a terminal until q or ^C; elsewhere print again"},
	{"interval", FLAG_INTERVAL, "DURATION", "how often, 2s by default"},
	FLAG_HELP,
	{NULL},
};

/* ---- asking them ---- */

typedef struct {
	GPtrArray *places; /* char * */
	GArray *mounts;    /* MountStatus */
} Answers;

static void answers_clear(Answers *self)
{
	for (guint i = 0; self->mounts && i < self->mounts->len; i++)
		g_clear_pointer(
			&g_array_index(self->mounts, MountStatus, i).blocks,
			g_ptr_array_unref);
	g_clear_pointer(&self->mounts, g_array_unref);
	g_clear_pointer(&self->places, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answers, answers_clear)

/* All at once, so that one that hangs costs its time once. */
static gboolean ask(const CommandLine *line, Answers *ret)
{
	g_autoptr(GPtrArray) probes =
		g_ptr_array_new_with_free_func((GDestroyNotify)probe_free);

	ret->places = places_named(line);
	if (!ret->places)
		return FALSE;
	ret->mounts = g_array_new(FALSE, TRUE, sizeof(MountStatus));
	for (guint i = 0; i < ret->places->len; i++)
		g_ptr_array_add(
			probes, probe_start(g_ptr_array_index(ret->places, i),
					".sessionfs/status"));
	probe_wait(probes, PROBE_LIMIT_MS);
	for (guint i = 0; i < probes->len; i++) {
		const Probe *probe = g_ptr_array_index(probes, i);
		MountStatus mount = {g_ptr_array_index(ret->places, i),
			probe_error(probe), NULL};

		if (!mount.error)
			mount.blocks = status_text_parse(probe_text(probe));
		g_array_append_val(ret->mounts, mount);
	}
	return TRUE;
}

static int status_of(const Answers *answers)
{
	if (!answers->mounts->len)
		return STATUS_NO_MOUNT;
	for (guint i = 0; i < answers->mounts->len; i++) {
		int error =
			g_array_index(answers->mounts, MountStatus, i).error;

		if (error && error != ENOENT) /* of an older one: it answers */
			return STATUS_NO_MOUNT;
	}
	return EXIT_SUCCESS;
}

/* ---- printing ---- */

static void append_text(const Answers *answers, GString *out)
{
	for (guint i = 0; i < answers->mounts->len; i++) {
		if (i)
			g_string_append_c(out, '\n');
		status_view_text(
			&g_array_index(answers->mounts, MountStatus, i), out);
	}
	if (!answers->mounts->len)
		g_string_append(out, "no sessionfs is mounted\n");
}

static void append_json(const Answers *answers, GString *out)
{
	g_string_append(out, "{\"mounts\":[");
	for (guint i = 0; i < answers->mounts->len; i++) {
		if (i)
			g_string_append_c(out, ',');
		status_view_json(
			&g_array_index(answers->mounts, MountStatus, i), out);
	}
	g_string_append(out, "]}\n");
}

/* The line above the rest: when, how many mounts, and all sessions by phase. */
static void append_head(const Answers *answers, GString *out)
{
	g_autoptr(GDateTime) now = g_date_time_new_from_unix_local(
		clock_wall_ms(&clock_real) / 1000);
	g_autofree char *time = g_date_time_format(now, "%H:%M:%S");
	g_autofree char *phases = status_view_phases(
		(const MountStatus *)(void *)answers->mounts->data,
		answers->mounts->len);

	g_string_append_printf(out, "%s  mounts: %u  sessions: %s\n\n", time,
		answers->mounts->len, *phases ? phases : "none");
}

static int once(const CommandLine *line, gboolean watched)
{
	g_auto(Answers) answers = {0};
	g_autoptr(GString) out = g_string_new(NULL);

	if (!ask(line, &answers))
		return STATUS_NO_MOUNT;
	if (command_line_has(line, "json")) {
		append_json(&answers, out);
	} else {
		if (watched)
			append_head(&answers, out);
		append_text(&answers, out);
	}
	if (watched && !command_line_has(line, "json"))
		screen_show(out->str);
	else
		fputs(out->str, stdout);
	return status_of(&answers);
}

static int watch(const CommandLine *line, gint64 interval_ms)
{
	int status;

	screen_start();
	do {
		status = once(line, TRUE);
	} while (!fflush(stdout) && screen_wait(interval_ms));
	screen_end();
	return status;
}

int status_run(const CommandLine *line)
{
	const char *interval = command_line_value(line, "interval");
	gint64 ms = 2000;

	if (interval && (!config_parse_duration(interval, &ms) || ms < 100))
		return command_line_misused(line,
			"--interval must be " CONFIG_DURATION
			", and 100ms or more, not \"%s\"",
			interval);
	return command_line_has(line, "watch") ? watch(line, ms)
					       : once(line, FALSE);
}
