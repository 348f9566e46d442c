#include "fs/command/wait_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/nearest.h"
#include "fs/base/exit_status.h"
#include "fs/command/places.h"
#include "fs/start/config.h"
#include "fs/start/probe.h"

/* What a mount that answers needs for it. */
#define ANSWER_MS 500
#define FOR_EVER_MS (G_MAXINT64 / 2000)

const Flag wait_flags[] = {
	{"timeout", 't', "DURATION", "wait no longer than that"},
	FLAG_HELP,
	{NULL},
};

gboolean wait_phase(const CommandLine *line, const char *word, Phase *ret)
{
	Nearest nearest = {.name = word};
	g_autoptr(GString) names = g_string_new(NULL);
	g_autofree char *hint = NULL;

	for (Phase phase = 0; phase < N_PHASES; phase++) {
		const char *name = phase_name(phase);

		if (!strcmp(name, word)) {
			*ret = phase;
			return TRUE;
		}
		nearest_try(&nearest, name);
		g_string_append_printf(
			names, "%s%s", names->len ? ", " : "", name);
	}
	hint = nearest_hint(&nearest);
	command_line_misused(line, "there is no phase \"%s\"; there are: %s%s",
		word, names->str, hint);
	return FALSE;
}

gboolean wait_limit(const CommandLine *line, gint64 *ret_ms)
{
	const char *value = command_line_value(line, "timeout");

	*ret_ms = FOR_EVER_MS;
	if (!value || config_parse_duration(value, ret_ms))
		return TRUE;
	command_line_misused(line,
		"--timeout must be " CONFIG_DURATION ", not \"%s\"", value);
	return FALSE;
}

static char *state_of(const char *session)
{
	int error;
	char *state = probe_read(session, "state", &error);

	return state ? g_strchomp(state) : NULL;
}

static int explain_missing(const char *session)
{
	/* The kernel may show for a moment longer what a reload took away. */
	g_autofree char *gone = places_gone(session);
	g_autofree char *missing = places_missing(session);

	if (gone)
		return command_line_fail(EXIT_FAILURE,
			"there is no session at %s any more: %s", session,
			gone);
	if (!missing)
		return command_line_fail(EXIT_FAILURE,
			"%s is no session: give the directory of one, "
			"MOUNTPOINT/SECTION/WORKSPACE/SESSION",
			session);
	if (g_str_has_suffix(missing, session))
		return command_line_fail(
			EXIT_FAILURE, "there is no session at %s", session);
	return command_line_fail(EXIT_FAILURE,
		"there is no session at %s: there is no directory %s", session,
		missing);
}

/* Why the wait has ended. */
static int explain(const char *session, Phase phase, int error, gboolean over)
{
	g_autofree char *state = NULL;

	switch (error) {
	case ETIMEDOUT:
		if (over)
			return command_line_fail(STATUS_TIME_OVER,
				"%s is not %s yet", session, phase_name(phase));
		break;
	case ECANCELED:
		state = state_of(session);
		return command_line_fail(STATUS_IN_VAIN,
			"%s will not be %s any more: %s", session,
			phase_name(phase), state ? state : "it is gone");
	case ENOENT:
	case ENOTDIR:
		return explain_missing(session);
	case ENOTCONN:
	case ECONNABORTED:
		return command_line_fail(STATUS_NO_MOUNT,
			"the mount of %s is dead, or was unmounted", session);
	}
	return command_line_fail(
		EXIT_FAILURE, "%s: %s", session, g_strerror(error));
}

int wait_session(
	const char *session, Phase phase, gint64 limit_ms, char **ret_state)
{
	g_autofree char *file = g_strdup_printf(".wait/%s", phase_name(phase));
	g_autoptr(GPtrArray) one =
		g_ptr_array_new_with_free_func((GDestroyNotify)probe_free);
	gint64 until = clock_now_us(&clock_real) + limit_ms * 1000;
	int unreached = places_reach(
		session, CLAMP(limit_ms, ANSWER_MS, PROBE_LIMIT_MS));
	Probe *probe;

	if (unreached && (unreached != ETIMEDOUT || limit_ms > PROBE_LIMIT_MS))
		return places_unreached(session, unreached);
	probe = probe_start(session, file);
	g_ptr_array_add(one, probe);
	/* However short the time is, the mount is asked once; when the session is
	 * in the phase, it answers at once. */
	probe_wait(one, MAX(limit_ms, ANSWER_MS));
	if (probe_error(probe))
		return explain(session, phase, probe_error(probe),
			clock_now_us(&clock_real) >= until);
	if (ret_state)
		*ret_state = g_strdup(probe_text(probe));
	return EXIT_SUCCESS;
}

int wait_run(const CommandLine *line)
{
	g_autofree char *state = NULL;
	Phase phase = PHASE_IDLE;
	gint64 limit_ms;
	int status;

	if (!command_line_operands(line))
		return command_line_misused(
			line, "the directory of a session is missing");
	if (command_line_operands(line) > 2)
		return command_line_misused(line,
			"there are too many arguments: \"%s\"",
			command_line_operand(line, 2));
	if ((command_line_operands(line) == 2 &&
		    !wait_phase(line, command_line_operand(line, 1), &phase)) ||
		!wait_limit(line, &limit_ms))
		return STATUS_USAGE;
	status = wait_session(
		command_line_operand(line, 0), phase, limit_ms, &state);
	if (!status)
		fputs(state, stdout);
	return status;
}
