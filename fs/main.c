/*
 * sessionfs: the interactive Spark sessions of several clouds as files.
 *
 * Threads of this process, by the names that top -H shows, and whom they talk to:
 *
 *   sessionfs   builds everything, then waits in libfuse's loop
 *   fuse        libfuse's workers: answer from memory, or park; never the network
 *   pending     answers what was parked (pending.c); woken by news and signals
 *   notify      the only one that calls fuse_lowlevel_notify_*; ticks interest
 *   emit        commands the emitter process (emitter.c), and waits for it
 *   metrics     answers on the metrics socket, one client at a time
 *   signals     waits for SIGTERM, SIGINT and their kin (shutdown.c)
 *   service     tells a service manager that all is well (pulse.c); only if there is one
 *   progress    tells a terminal how far a first listing is (progress.c)
 *   overdue     from then on: exits when the end takes too long (overdue.c)
 *   reload      reads the configuration again after a SIGHUP (config_reload.c)
 *   scheduler   cache: decides what is due
 *   workers     cache: call providers, deliver news to observer.c; never libfuse;
 *               each named by what it does and for which section: "list alibaba"
 *
 * Processes: the emitter (emitter_child.c), a child that makes file events by system
 * calls on the mount; with --demo, sessionfs-emulator is a direct child.
 *
 * Lock order, outermost first: libfuse's request lock > Control > cache's own
 * (see cache.c) > Polls, Emitter > Pending, Notify, EventLog, Interest.  The last
 * four hold theirs for a few instructions and call nothing; none is held across a
 * reply, a notification, a call of a provider or a callback.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backends/auth/paths.h"
#include "backends/base/clock.h"
#include "backends/base/inherited.h"
#include "fs/base/crash.h"
#include "fs/base/daemon.h"
#include "fs/base/exit_status.h"
#include "fs/base/log.h"
#include "fs/base/metrics.h"
#include "fs/base/pending.h"
#include "fs/base/say.h"
#include "fs/base/trace.h"
#include "fs/command/command.h"
#include "fs/emitter/emitter_child.h"
#include "fs/emitter/emitter.h"
#include "fs/events/events.h"
#include "fs/events/observer.h"
#include "fs/events/polls.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/ops/handle.h"
#include "fs/service/pulse.h"
#include "fs/service/supervisor.h"
#include "fs/start/background.h"
#include "fs/start/config.h"
#include "fs/start/config_reload.h"
#include "fs/start/config_value.h"
#include "fs/start/demo.h"
#include "fs/start/limits.h"
#include "fs/start/shutdown.h"
#include "fs/start/metrics_socket.h"
#include "fs/start/mount.h"
#include "fs/start/options.h"
#include "fs/start/namespace.h"
#include "fs/start/overdue.h"
#include "fs/start/progress.h"
#include "fs/start/remount.h"
#include "fs/start/state.h"
#include "fs/tree/eventlog.h"
#include "fs/tree/path.h"
#include "fs/tree/self.h"
#include "fs/tree/tree.h"

/* What one run builds, in that order, and takes down in the opposite one. */
typedef struct {
	Options *options;
	Config *config;
	char *mountpoint;
	Demo demo;
	State state;
	Daemon daemon;
	Observer *observer;
	MetricsSocket *metrics_socket;
	struct fuse_session *session;
	Reload *reload;
	Progress *progress;
} Run;

/* Before anything is begun: what is wrong there is a mistake of the command line. */
static gboolean settings_are_right(const Options *options, GError **error)
{
	g_autoptr(Config) scratch = config_new();

	return options_apply(options, scratch, error);
}

static gboolean configure(Run *run, GError **error)
{
	if (run->options->demo) {
		if (!demo_claim(&run->demo, run->mountpoint, error) ||
			!demo_start(&run->demo, run->config, error))
			return FALSE;
	} else if (!config_load(run->config, run->options->config_path, FALSE,
			   error)) {
		return FALSE;
	}
	if (!options_apply(run->options, run->config, error))
		return FALSE;
	config_variables_set(run->config->environment);
	return config_has_sections(run->config, error);
}

/* From here on a fault leaves a report; and what the run before left is told. */
static void watch_for_crashes(Run *run)
{
	run->daemon.crash = crash_found(run->state.path);
	if (run->daemon.crash)
		g_warning("the last run was ended by a fault: its report is %s",
			run->daemon.crash);
	crash_install(run->state.path, trace_tell_crash, run->daemon.trace);
}

static gboolean open_metrics_socket(Run *run, GError **error)
{
	const char *path = run->config->metrics_socket;

	if (!path)
		return TRUE;
	if (mount_covers(run->mountpoint, path)) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"[sessionfs] metrics_socket: the mount at %s would "
			"hide %s",
			run->mountpoint, path);
		return FALSE;
	}
	run->metrics_socket = metrics_socket_open(path, &run->daemon, error);
	return run->metrics_socket != NULL;
}

static gboolean open_state(Run *run, GError **error)
{
	if (run->options->demo && !run->config->state_dir)
		return state_open_temporary(
			run->mountpoint, &run->state, error);
	return state_open(
		run->config->state_dir, run->mountpoint, &run->state, error);
}

static gboolean add_provider(Run *run, ConfigProvider *section, GError **error)
{
	CacheProvider provider = config_section(run->config, section);

	return cache_add(run->daemon.cache, &provider, error);
}

static gboolean open_cache(Run *run, GError **error)
{
	run->daemon.clock = &clock_real;
	run->observer = observer_new(&run->daemon);
	run->daemon.cache = cache_new(
		&(CacheSettings){
			.state_dir = run->state.path,
			.reserved = tree_reserved,
			.refresh_ms = run->config->refresh_ms,
			.window_ms = run->config->window_ms,
			.deadline_ms = run->config->deadline_ms,
			.clock = run->daemon.clock,
			.observer = observer_news,
			.called = observer_call,
			.traced =
				trace_has_lines(run->daemon.trace, TRACE_CACHE)
					? observer_trace
					: NULL,
			.data = run->observer,
		},
		error);
	if (!run->daemon.cache)
		return FALSE;
	for (guint i = 0; i < run->config->providers->len; i++) {
		if (!add_provider(run,
			    g_ptr_array_index(run->config->providers, i),
			    error))
			return FALSE;
	}
	return TRUE;
}

static void tick(void *data)
{
	Daemon *daemon = data;

	interest_tick(daemon->interest, daemon->notify);
}

static void fill_daemon(Run *run)
{
	const Config *config = run->config;
	Daemon *daemon = &run->daemon;
	gint64 window_us = config->window_ms * 1000;

	daemon->uid = config->uid < 0 ? geteuid() : (uid_t)config->uid;
	daemon->gid = config->gid < 0 ? getegid() : (gid_t)config->gid;
	daemon->create_timeout_us = config->create_ms * 1000;
	daemon->window = (double)config->window_ms / 1000;
	daemon->started_ns = clock_wall_us(daemon->clock) * 1000;
	daemon->keep_listings = mount_listings_can_be_kept();
	daemon->synth_events = g_ptr_array_new();
	daemon->handles = handles_new();
	daemon->polls = polls_new();
	daemon->readers = readers_new(daemon->clock);
	daemon->eventlog = eventlog_open(run->state.path, EVENTLOG_LIMIT);
	daemon->interest = interest_new(
		daemon->cache, daemon->clock, run->mountpoint, window_us);
	daemon->pending = pending_new(
		daemon->metrics, daemon->clock, config->deadline_ms * 1000);
	if (config->events)
		daemon->emitter = emitter_new(run->mountpoint, daemon->clock,
			daemon->pending, daemon->metrics, events_failed,
			daemon);
	daemon->notify = notify_new(daemon->clock, daemon->pending,
		daemon->metrics, daemon->emitter, daemon->readers,
		CLAMP(window_us / 4, 50000, G_USEC_PER_SEC), tick, daemon);
}

/* What the configuration names it may be read from again. */
static void drop_inherited(const Config *config)
{
	GHashTableIter iter;
	gpointer value;

	for (guint i = 0; i < config->providers->len; i++) {
		const ConfigProvider *provider =
			g_ptr_array_index(config->providers, i);

		g_hash_table_iter_init(&iter, provider->keys);
		while (g_hash_table_iter_next(&iter, NULL, &value))
			inherited_name(value);
	}
	inherited_drop();
}

static void node_path(guint64 node, GString *out, void *data)
{
	path_of_node(data, node, out);
}

static gboolean start(Run *run, GError **error)
{
	run->daemon.metrics = metrics_new();
	run->daemon.trace = trace_new(run->options->trace, run->daemon.metrics,
		node_path, &run->daemon);
	if (!configure(run, error))
		return FALSE;
	drop_inherited(run->config);
	if (!config_files_stay(run->config, run->mountpoint, error) ||
		!config_open(run->config, error))
		return FALSE;
	log_set_level(options_log_level(run->options, run->config->log_level));
	shutdown_block();
	/* Before the cache takes the backends. */
	self_set_config(config_describe(run->config));
	if (!open_state(run, error))
		return FALSE;
	watch_for_crashes(run);
	if (!open_metrics_socket(run, error))
		return FALSE;
	if (!open_cache(run, error))
		return FALSE;
	fill_daemon(run);
	if (!mount_is_fit(run->mountpoint, error))
		return FALSE;
	mount_warn_hidden(run->mountpoint);
	run->session = mount_start(
		&(MountSettings){
			.mountpoint = run->mountpoint,
			.source = run->options->source,
			.allow_other = run->config->allow_other,
			.auto_unmount = run->options->auto_unmount,
		},
		&run->daemon, error);
	return run->session != NULL;
}

static gboolean serve(Run *run, Background *background)
{
	dev_t device = mount_device(run->mountpoint);
	Shutdown *shutdown;
	gboolean fine;

	run->daemon.pulse = pulse_start(&run->daemon, run->mountpoint, device);
	run->reload = reload_new(
		&run->daemon, run->options, run->mountpoint, &run->config);
	shutdown = shutdown_start(&run->daemon, run->session, run->mountpoint,
		device, run->reload);
	notify_attach(run->daemon.notify, run->session);
	cache_start(run->daemon.cache);
	metrics_socket_serve(run->metrics_socket);
	background_ready(background);
	run->progress = progress_start(run->daemon.cache);
	/* Its process inherits what standard output and error are by now. */
	emitter_attach(run->daemon.emitter, device);
	g_message("serving %s", run->mountpoint);
	fine = mount_serve(run->session);
	/* A reload or a manager may hang, and after an unmount no signal comes. */
	overdue_start(&run->daemon, run->mountpoint, device);
	if (shutdown_finish(shutdown))
		fine = TRUE;
	reload_free(run->reload);
	pulse_stop(run->daemon.pulse);
	return fine;
}

/* The mount goes first, so that nobody finds a emitter ops without a house. */
static void finish(Run *run)
{
	Daemon *daemon = &run->daemon;

	metrics_socket_close(run->metrics_socket);
	progress_stop(run->progress);
	if (daemon->cache) {
		overdue_start(daemon, run->mountpoint, 0);
		cache_abort(daemon->cache);
	}
	if (daemon->pending)
		pending_stop(daemon->pending);
	if (daemon->notify)
		notify_stop(daemon->notify);
	emitter_stop(daemon->emitter);
	if (run->session)
		mount_end(run->session, run->mountpoint);
	g_clear_pointer(&daemon->handles, handles_free);
	if (daemon->cache)
		cache_stop(daemon->cache);
	g_clear_pointer(&daemon->notify, notify_free);
	g_clear_pointer(&daemon->emitter, emitter_free);
	g_clear_pointer(&daemon->pulse, pulse_free);
	g_clear_pointer(&daemon->pending, pending_free);
	g_clear_pointer(&daemon->interest, interest_free);
	overdue_stop();
	g_clear_pointer(&daemon->cache, cache_free);
	g_clear_pointer(&daemon->polls, polls_free);
	g_clear_pointer(&daemon->readers, readers_free);
	g_clear_pointer(&daemon->eventlog, eventlog_free);
	crash_remove();
	g_clear_pointer(&daemon->trace, trace_free);
	g_clear_pointer(&daemon->metrics, metrics_free);
	g_clear_pointer(&run->observer, observer_free);
	g_clear_pointer(&daemon->synth_events, g_ptr_array_unref);
	self_set_config(NULL);
	g_free(daemon->crash);
	state_close(&run->state);
	demo_end(&run->demo);
}

/* Calls and the files of workspaces want many; and a core file would hold the
 * environment, where secrets are. */
static void set_limits(void)
{
	struct rlimit files, core = {0};

	/* A core_pattern that is a pipe takes no notice of the limit. */
	if (setrlimit(RLIMIT_CORE, &core) || prctl(PR_SET_DUMPABLE, 0))
		g_debug("core files stay as they are");

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		g_debug("the limit of open files stays as it is");
}

/* What a script may want to tell apart; see exit_status.h. */
static int status_of(const GError *error)
{
	switch (error->code) {
	case BACKEND_ERROR_CONFIG:
		return STATUS_CONFIG;
	case BACKEND_ERROR_EXISTS:
		return STATUS_BUSY;
	default:
		return EXIT_FAILURE;
	}
}

static int fail(const GError *error, int status)
{
	say("%s", error->message);
	return status;
}

static int run_daemon(
	Options *options, char *mountpoint, Background *background)
{
	g_autoptr(GError) error = NULL;
	Run run = {.options = options,
		.config = config_new(),
		.mountpoint = mountpoint};
	int status;

	shutdown_prepare();
	shutdown_hold_reloads();
	set_limits();
	if (!start(&run, &error))
		status = fail(error, status_of(error));
	else
		status = serve(&run, background) ? EXIT_SUCCESS : EXIT_FAILURE;
	finish(&run);
	config_free(run.config);
	return status;
}

/* As XDG has it: a place that is relative is not meant.  GLib would take it to lie in
 * the working directory. */
static void drop_relative_places(void)
{
	static const char *const names[] = {"HOME", "XDG_CONFIG_HOME",
		"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = g_getenv(names[i]);

		if (value && !g_path_is_absolute(value))
			g_unsetenv(names[i]);
	}
}

int main(int argc, char **argv)
{
	g_auto(Options) options = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *mountpoint = NULL;
	Background background = {-1};
	int status;

	inherited_settle(argv);
	if (argc > 1 && !strcmp(argv[1], EMITTER_CHILD_OPTION)) {
		inherited_drop();
		return emitter_child_run(STDIN_FILENO);
	}
	drop_relative_places();
	if (!options_from_mount(argc, argv) && command_run(argc, argv, &status))
		return status;
	if (!options_parse(argc, argv, command_names(), &options, &error))
		return fail(error, STATUS_USAGE);
	if (options.help)
		return command_help();
	if (options.version)
		return command_version();
	if (!settings_are_right(&options, &error))
		return fail(error, STATUS_USAGE);
	if (options.namespace && !namespace_enter(options.namespace, &error))
		return fail(error, EXIT_FAILURE);
	log_init(options.debug);
	supervisor_find();
	auth_start_here();
	shutdown_hold_reloads();
	if (!limits_are_enough(&error))
		return fail(error, EXIT_FAILURE);
	mountpoint = mount_point(options.mountpoint, &error);
	if (!mountpoint)
		return fail(error, status_of(error));
	if (options.remount)
		return remount_check(&options, mountpoint, &error)
			       ? EXIT_SUCCESS
			       : fail(error, EXIT_FAILURE);
	if (options.fake)
		return EXIT_SUCCESS;
	/* A service manager takes care of the process that it has started. */
	if (!options.foreground && !supervisor_is_there())
		background = background_start(mountpoint);
	return run_daemon(&options, mountpoint, &background);
}
