#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib.h>

#include "backends/base/inherited.h"
#include "backends/error.h"
#include "server.h"

#define PORT_MAX 65535
#define FILL_MAX 5000000

typedef struct {
	int port;
	char **fills, **workspaces;
	gboolean demo, die_with_parent, version;
	char *access_key, *create_state, *token;
	int page_max, start_ms, stop_ms;
	Settings settings;
} Options;

static void options_clear(Options *options)
{
	g_strfreev(options->fills);
	g_strfreev(options->workspaces);
	g_free(options->access_key);
	g_free(options->create_state);
	g_free(options->token);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean bad(GError **error, const char *message)
{
	backend_error_set(error, BACKEND_ERROR_CONFIG, "%s", message);
	return FALSE;
}

static gboolean options_settle(Options *options, GError **error)
{
	char *colon;

	if (!options->access_key)
		options->access_key = g_strdup("emulator-key:emulator-secret");
	if (!options->create_state)
		options->create_state = g_strdup("Stopped");
	colon = strchr(options->access_key, ':');
	if (!colon || colon == options->access_key || !colon[1])
		return bad(error, "--access-key must be ID:SECRET");
	if (options->port < 0 || options->port > PORT_MAX)
		return bad(error, "--port must be 0 to 65535");
	if (options->page_max < 1)
		return bad(error, "--page-max must be at least 1");
	if (options->start_ms < 0 || options->stop_ms < 0)
		return bad(
			error, "--start-ms and --stop-ms cannot be negative");
	if (strcmp(options->create_state, "Stopped") &&
		strcmp(options->create_state, "Starting"))
		return bad(error, "--create-state must be Stopped or Starting");
	*colon = '\0';
	options->settings.access_key_id = options->access_key;
	options->settings.access_key_secret = colon + 1;
	options->settings.security_token = options->token;
	options->settings.page_max = options->page_max;
	options->settings.create_starts =
		!strcmp(options->create_state, "Starting");
	options->settings.pace =
		(StorePace){options->start_ms, options->stop_ms};
	return TRUE;
}

static gboolean options_parse(
	Options *options, int *argc, char ***argv, GError **error)
{
	const GOptionEntry entries[] = {
		{"port", 0, 0, G_OPTION_ARG_INT, &options->port,
			"Listen on this port of 127.0.0.1 (any free one)", "N"},
		{"fill", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->fills,
			"Make N sessions in a workspace; may be repeated",
			"[PROVIDER:]WORKSPACE=N"},
		{"workspace", 0, 0, G_OPTION_ARG_STRING_ARRAY,
			&options->workspaces,
			"Make an empty workspace; may be repeated",
			"[PROVIDER:]ID"},
		{"demo", 0, 0, G_OPTION_ARG_NONE, &options->demo,
			"Make workspaces worth looking at, of each provider",
			NULL},
		{"manual-clock", 0, 0, G_OPTION_ARG_NONE,
			&options->settings.manual_clock,
			"States move only by POST /_control/clock", NULL},
		{"access-key", 0, 0, G_OPTION_ARG_STRING, &options->access_key,
			"The key pair accepted (emulator-key:emulator-secret)",
			"ID:SECRET"},
		{"security-token", 0, 0, G_OPTION_ARG_STRING, &options->token,
			"Demand this security token (none)", "T"},
		{"page-max", 0, 0, G_OPTION_ARG_INT, &options->page_max,
			"The longest page given (100)", "N"},
		{"start-ms", 0, 0, G_OPTION_ARG_INT, &options->start_ms,
			"How long a session takes to start (2000)", "N"},
		{"stop-ms", 0, 0, G_OPTION_ARG_INT, &options->stop_ms,
			"How long a session takes to stop (1000)", "N"},
		{"create-state", 0, 0, G_OPTION_ARG_STRING,
			&options->create_state,
			"What a created session of alibaba is: Stopped or "
			"Starting (Stopped)",
			"STATE"},
		{"die-with-parent", 0, 0, G_OPTION_ARG_NONE,
			&options->die_with_parent,
			"End when the thread that started this ends", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &options->version,
			"Print the version and exit", NULL},
		{NULL},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);

	g_option_context_set_summary(context,
		"Speaks the wire formats of Spark session providers, for tests "
		"and "
		"demonstrations.\nPrints \"ready http://127.0.0.1:PORT\" when "
		"it "
		"serves; ends on SIGTERM or SIGINT.");
	g_option_context_add_main_entries(context, entries, NULL);
	for (guint i = 0; emulator_providers[i]; i++)
		if (emulator_providers[i]->options)
			g_option_context_add_main_entries(
				context, emulator_providers[i]->options, NULL);
	if (!g_option_context_parse(context, argc, argv, error))
		return FALSE;
	if (*argc > 1)
		return bad(error, "there are no arguments beyond the options");
	return options_settle(options, error);
}

/* "livy:room" is the room of livy, "room" alibaba's.  *text moves on to it. */
static Store *store_named(Emulator *emulator, const char **text)
{
	const char *colon = strchr(*text, ':');
	g_autofree char *name = colon ? g_strndup(*text, colon - *text) : NULL;
	Store *store = name ? emulator_store(emulator, name) : NULL;

	if (!store)
		return emulator_store(emulator, "alibaba");
	*text = colon + 1;
	return store;
}

static gboolean fill_one(Emulator *emulator, char *text, GError **error)
{
	char *equals = strrchr(text, '=');
	const char *workspace = text;
	Store *store;
	guint64 n;

	if (!equals || equals == text ||
		!g_ascii_string_to_unsigned(
			equals + 1, 10, 0, FILL_MAX, &n, NULL))
		return bad(error, "--fill must be [PROVIDER:]WORKSPACE=N");
	*equals = '\0';
	store = store_named(emulator, &workspace);
	store_fill(store, workspace, n);
	return TRUE;
}

static gboolean fill(Emulator *emulator, const Options *options, GError **error)
{
	for (char **each = options->workspaces; each && *each; each++) {
		const char *workspace = *each;
		Store *store = store_named(emulator, &workspace);

		store_add_workspace(store, workspace, NULL, NULL);
	}
	for (char **each = options->fills; each && *each; each++)
		if (!fill_one(emulator, *each, error))
			return FALSE;
	if (options->demo)
		emulator_demo(emulator);
	return TRUE;
}

/* Closes the gap in which the parent ended before the kernel was asked. */
static gboolean follow_parent(pid_t parent, GError **error)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	return getppid() == parent || bad(error, "the parent has ended");
}

/* Blocked in all threads, taken by main alone; one that a shell's & had us ignore
 * is not waited for. */
static void signals_block(sigset_t *set)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(set);
	if (!inherited_ignored(SIGTERM))
		sigaddset(set, SIGTERM);
	if (!inherited_ignored(SIGINT))
		sigaddset(set, SIGINT);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static gboolean serve(
	const Options *options, const sigset_t *signals, GError **error)
{
	g_autoptr(Emulator) emulator = emulator_new(&options->settings);
	g_autoptr(Server) server = NULL;
	int number;

	if (!fill(emulator, options, error))
		return FALSE;
	server = server_start(emulator, options->port, error);
	if (!server)
		return FALSE;
	printf("ready http://127.0.0.1:%u\n", server_port(server));
	/* Nobody to read it: the parent has gone. */
	if (fflush(stdout))
		return bad(error, "cannot write to standard output");
	sigwait(signals, &number);
	return TRUE;
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();
	g_autoptr(GError) error = NULL;
	g_auto(Options) options = {
		.page_max = 100,
		.start_ms = 2000,
		.stop_ms = 1000,
	};
	sigset_t signals;

	inherited_settle(argv, FALSE);
	inherited_drop();
	signals_block(&signals);
	if (!options_parse(&options, &argc, &argv, &error)) {
		fprintf(stderr, "sessionfs-emulator: %s\n", error->message);
		return 2;
	}
	if (options.version) {
		puts("sessionfs-emulator " VERSION);
		return 0;
	}
	if ((options.die_with_parent && !follow_parent(parent, &error)) ||
		!serve(&options, &signals, &error)) {
		fprintf(stderr, "sessionfs-emulator: %s\n", error->message);
		return 1;
	}
	return 0;
}
