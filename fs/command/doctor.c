#include "fs/command/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/base/nearest.h"
#include "backends/base/secret.h"
#include "fs/base/exit_status.h"
#include "fs/command/doctor_check.h"
#include "fs/start/config_text.h"

const Flag doctor_flags[] = {
	{"config", 'c', "FILE", "look at this configuration"},
	{"offline", 256, NULL, "ask nothing of the network"},
	{"json", 257, NULL, "print an object a line, for scripts"}, FLAG_HELP,
	{NULL}};

static const DoctorCheck *const tables[] = {
	doctor_machine, doctor_config, doctor_state, doctor_section};

/* ---- what is printed ---- */

/* Without secrets, and what a terminal might take for a command. */
static G_GNUC_PRINTF(1, 0) char *shown(const char *format, va_list args)
{
	g_autofree char *raw = g_strdup_vprintf(format, args);
	g_autofree char *text = secret_mask(raw);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *out = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		g_string_append_unichar(out, backend_is_control(c) ? '?' : c);
	}
	return g_string_free(out, FALSE);
}

static void print_text(const Doctor *doctor, const char *verdict,
	const char *found, const char *mend)
{
	printf("%-4s  %s", verdict, doctor->check->id);
	if (doctor->section)
		printf(" [%s]", doctor->section->name);
	printf(": %s", found);
	if (mend)
		printf("; to mend it: %s", mend);
	putchar('\n');
}

static void print_json(const Doctor *doctor, const char *verdict,
	const char *found, const char *mend)
{
	g_autoptr(Json) line = json_object();
	g_autofree char *text = NULL;

	json_set_text(line, "verdict", verdict);
	json_set_text(line, "check", doctor->check->id);
	if (doctor->section)
		json_set_text(line, "section", doctor->section->name);
	json_set_text(line, "found", found);
	if (mend)
		json_set_text(line, "mend", mend);
	text = json_print(line, FALSE);
	puts(text);
}

static G_GNUC_PRINTF(4, 0) void say(const Doctor *doctor, const char *verdict,
	const char *mend, const char *format, va_list args)
{
	g_autofree char *found = shown(format, args);

	(doctor->json ? print_json : print_text)(doctor, verdict, found, mend);
	/* The next one may take long. */
	fflush(stdout);
}

void doctor_ok(Doctor *doctor, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(doctor, "ok", NULL, format, args);
	va_end(args);
}

void doctor_warn(Doctor *doctor, const char *mend, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(doctor, "warn", mend, format, args);
	va_end(args);
}

/* Of a check that has failed for the section at hand, or for all: new string. */
static char *failed_key(const Doctor *doctor, const char *id)
{
	return doctor->section
		       ? g_strconcat(id, " ", doctor->section->name, NULL)
		       : g_strdup(id);
}

static G_GNUC_PRINTF(2, 3) void say_skipped(
	const Doctor *doctor, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(doctor, "skip", NULL, format, args);
	va_end(args);
}

void doctor_skip(Doctor *doctor, const char *other)
{
	say_skipped(doctor, "skipped: see %s", other);
}

void doctor_fail(Doctor *doctor, const char *mend, const char *format, ...)
{
	va_list args;

	doctor->failures++;
	g_hash_table_add(doctor->failed, failed_key(doctor, doctor->check->id));
	va_start(args, format);
	say(doctor, "fail", mend, format, args);
	va_end(args);
}

/* ---- the configuration ---- */

/* Where the file is; FALSE with an error for a name that is no path. */
static gboolean find_config(Doctor *doctor, const char *named, GError **error)
{
	const char *wanted = NULL;

	if (named)
		doctor->config_path = config_text_path(named, &wanted);
	else
		doctor->config_path = config_place();
	return !wanted || backend_error_false(error, BACKEND_ERROR_CONFIG,
				  "the configuration must be %s, not \"%s\"",
				  wanted, named);
}

static void read_config(Doctor *doctor, const char *named)
{
	g_autofree char *text = NULL;
	GError *error = NULL;

	if (!find_config(doctor, named, &error)) {
		g_ptr_array_add(doctor->problems, error);
		return;
	}
	if (doctor->config_path) {
		text = config_text_read(doctor->config_path, FALSE, &error);
		if (text)
			config_parse_all(doctor->config, text,
				doctor->config_path, doctor->problems);
	} else if (!config_load(doctor->config, NULL, FALSE, &error)) {
		doctor->config->discovered = TRUE;
	}
	if (error)
		g_ptr_array_add(doctor->problems, error);
}

static gboolean is_wanted(const CommandLine *line, const char *name)
{
	guint count = command_line_operands(line);

	for (guint i = 0; i < count; i++)
		if (!strcmp(command_line_operand(line, i), name))
			return TRUE;
	return !count;
}

/* The first word that names no section: a new string with what is near; NULL. */
static char *unknown_section(const CommandLine *line, const Doctor *doctor)
{
	const GPtrArray *all = doctor->config->providers;

	for (guint i = 0; i < command_line_operands(line); i++) {
		Nearest nearest = {.name = command_line_operand(line, i)};
		g_autofree char *hint = NULL;
		gboolean known = FALSE;

		for (guint j = 0; j < all->len; j++) {
			const ConfigProvider *section = all->pdata[j];

			known |= !strcmp(section->name, nearest.name);
			nearest_try(&nearest, section->name);
		}
		hint = nearest_hint(&nearest);
		if (!known)
			return g_strdup_printf("there is no section \"%s\"%s",
				nearest.name, hint);
	}
	return NULL;
}

/* ---- the checks ---- */

/* Runs it, unless one that it needs has failed: then it says so. */
static void run_once(Doctor *doctor)
{
	const char *needs = doctor->check->needs;
	g_auto(GStrv) ids = g_strsplit(needs ? needs : "", " ", -1);

	for (char **id = ids; *id; id++) {
		g_autofree char *key = failed_key(doctor, *id);

		if (!g_hash_table_contains(doctor->failed, key))
			continue;
		doctor_skip(doctor, *id);
		return;
	}
	doctor->check->run(doctor);
}

static void run_check(Doctor *doctor, const CommandLine *line)
{
	const GPtrArray *all = doctor->config->providers;

	if (!doctor->check->each) {
		run_once(doctor);
		return;
	}
	for (guint i = 0; i < all->len; i++) {
		doctor->section = all->pdata[i];
		if (is_wanted(line, doctor->section->name))
			run_once(doctor);
	}
	doctor->section = NULL;
}

static void run_all(Doctor *doctor, const CommandLine *line)
{
	gboolean offline = command_line_has(line, "offline");

	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		for (const DoctorCheck *check = tables[i]; check->id; check++) {
			doctor->check = check;
			if (!check->network || !offline)
				run_check(doctor, line);
		}
	}
}

int doctor_run(const CommandLine *line)
{
	g_autoptr(Config) config = config_new();
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_error_free);
	Doctor doctor = {
		.config = config,
		.problems = problems,
		.json = command_line_has(line, "json"),
	};
	g_autoptr(GHashTable) failed =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *unknown = NULL;

	doctor.failed = failed;
	read_config(&doctor, command_line_value(line, "config"));
	/* With errors in the file, its section may be one of them. */
	if (!problems->len)
		unknown = unknown_section(line, &doctor);
	if (!unknown)
		run_all(&doctor, line);
	g_free(doctor.config_path);
	g_free(doctor.asked);
	if (unknown)
		return command_line_misused(line, "%s", unknown);
	return doctor.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
