#include "fs/start/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/inherited.h"
#include "cache/base/failpoint.h"
#include "fs/base/crash.h"
#include "fs/base/daemon.h"
#include "fs/base/exit_status.h"
#include "fs/base/log.h"
#include "fs/base/log_file.h"
#include "fs/base/metrics.h"
#include "fs/base/pending.h"
#include "fs/base/say.h"
#include "fs/base/trace.h"
#include "fs/emitter/emitter.h"
#include "fs/events/events.h"
#include "fs/events/observer.h"
#include "fs/events/polls.h"
#include "fs/keeper/keeper.h"
#include "fs/keeper/kept.h"
#include "fs/keeper/wire.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/ops/control.h"
#include "fs/ops/handle.h"
#include "fs/ops/rmdir.h"
#include "fs/service/pulse.h"
#include "fs/start/background.h"
#include "fs/start/config.h"
#include "fs/start/config_reload.h"
#include "fs/start/config_value.h"
#include "fs/start/demo.h"
#include "fs/start/limits.h"
#include "fs/start/metrics_socket.h"
#include "fs/start/mount.h"
#include "fs/start/options.h"
#include "fs/start/overdue.h"
#include "fs/start/progress.h"
#include "fs/start/shutdown.h"
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
	Handover *handover;
} Run;

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
	run->metrics_socket = metrics_socket_open(path, &run->daemon, error);
	return run->metrics_socket != NULL;
}

static gboolean open_state(Run *run, GError **error)
{
	run->state.lock_fd = run->handover->lock;
	run->state.owner = handover_owner(run->handover);
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

static void sends(const char *rid, OperationDone done, void *data)
{
	control_sends(rid, done, data);
	rmdir_sends(rid, done, data);
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
			.owes = observer_owes,
			.owes_not = observer_owes_not,
			.sends = sends,
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

	daemon->owner = handover_owner(run->handover);
	daemon->uid = config->uid < 0 ? geteuid() : (uid_t)config->uid;
	daemon->gid = config->gid < 0 ? getegid() : (gid_t)config->gid;
	daemon->create_timeout_us = config->create_ms * 1000;
	daemon->window = (double)config->window_ms / 1000;
	daemon->started_ns = clock_wall_us(daemon->clock) * 1000;
	daemon->keep_listings = mount_listings_can_be_kept();
	daemon->synth_events = g_ptr_array_new();
	daemon->handles = handles_new(daemon->kept);
	daemon->polls = polls_new();
	daemon->readers = readers_new(daemon->clock);
	daemon->eventlog = eventlog_open(run->state.path, EVENTLOG_LIMIT);
	daemon->interest = interest_new(daemon->cache, daemon->clock,
		run->mountpoint, window_us, daemon->kept);
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

/* What a keeper keeps; where there is none, NULL. */
static gboolean open_kept(Run *run, GError **error)
{
	Handover *handover = run->handover;

	if (handover->socket < 0)
		return TRUE;
	run->daemon.kept = handover_takes_over(handover)
				   ? kept_attach(handover->memory)
				   : kept_new();
	return run->daemon.kept ||
	       backend_error_false(error, BACKEND_ERROR_LOCAL,
		       "-o keeper: there is no memory for what outlives a "
		       "process: %s",
		       g_strerror(errno));
}

static gboolean get_mount(Run *run, GError **error)
{
	const Handover *handover = run->handover;

	if (handover_takes_over(handover)) {
		run->session =
			mount_take_over(handover->fuse, &run->daemon, error);
		return run->session != NULL;
	}
	if (!mount_is_fit(run->mountpoint, error))
		return FALSE;
	mount_warn_hidden(run->mountpoint);
	run->session = mount_start(
		&(MountSettings){
			.mountpoint = run->mountpoint,
			.source = run->options->source,
			.allow_other = run->config->allow_other,
			/* libfuse's would end with this process. */
			.auto_unmount =
				run->options->auto_unmount && !run->daemon.kept,
		},
		&run->daemon, error);
	if (!run->session)
		return FALSE;
	if (run->daemon.kept)
		handover_give(handover, fuse_session_fd(run->session),
			kept_fd(run->daemon.kept), run->state.lock_fd);
	return TRUE;
}

/* A mount that goes on does not end for its log. */
static gboolean open_log(const Run *run, GError **error)
{
	g_autoptr(GError) why = NULL;

	log_set_level(options_log_level(run->options, run->config->log_level));
	log_set_json(run->config->log_json);
	if (log_file_open(run->config->log_file, &why))
		return TRUE;
	if (!handover_takes_over(run->handover)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	g_warning("%s", why->message);
	return TRUE;
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
	if (!open_log(run, error))
		return FALSE;
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
	if (!open_kept(run, error))
		return FALSE;
	fill_daemon(run);
	return get_mount(run, error);
}

static void unsent(guint64 node, void *data)
{
	const Daemon *daemon = data;

	interest_forget(daemon->interest, node, 1);
}

/* What the kernel has from the process before may be old, and who watches may not have
 * been told. */
static void take_over(Run *run, dev_t device)
{
	Daemon *daemon = &run->daemon;

	if (!handover_takes_over(run->handover))
		return;
	g_message("taking over %s", run->mountpoint);
	emitter_attach(daemon->emitter, device);
	interest_doubt_all(daemon->interest, daemon->notify);
	observer_take_over(run->observer);
	wire_resume(run->session, unsent, daemon);
}

static gboolean serve(Run *run, Background *background)
{
	dev_t device = mount_device(run->mountpoint);
	Shutdown *shutdown;
	gboolean fine;

	notify_attach(run->daemon.notify, run->session);
	take_over(run, device);
	cache_start(run->daemon.cache);
	metrics_socket_serve(run->metrics_socket);
	background_ready(background);
	/* Their processes inherit what standard output and error are by now. */
	run->daemon.pulse = pulse_start(&run->daemon, run->mountpoint, device);
	run->reload = reload_new(
		&run->daemon, run->options, run->mountpoint, &run->config);
	shutdown = shutdown_start(&run->daemon, run->session, run->mountpoint,
		device, run->reload);
	run->progress = progress_start(run->daemon.cache);
	if (!handover_takes_over(run->handover))
		emitter_attach(run->daemon.emitter, device);
	handover_ready(run->handover);
	g_message("serving %s", run->mountpoint);
	fine = mount_serve(run->session);
	handover_over(run->handover);
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
	g_clear_pointer(&daemon->kept, kept_free);
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

int serve_failed(const GError *error)
{
	say("%s", error->message);
	return status_of(error);
}

/* ---- a trial ---- */

static gboolean knows_what_is_kept(
	Run *run, const Handover *handover, GError **error)
{
	run->daemon.kept = failpoint_flaw("other_layout")
				   ? NULL
				   : kept_watch(handover->memory);
	return run->daemon.kept ||
	       backend_error_false(error, BACKEND_ERROR_LOCAL,
		       "this program cannot take the mount over: it keeps what "
		       "outlives a process in another way; unmount, and mount "
		       "again");
}

static gboolean could_take_over(
	Run *run, const Handover *handover, GError **error)
{
	if (!configure(run, error) ||
		!config_files_stay(run->config, run->mountpoint, error) ||
		!config_open(run->config, error) ||
		!knows_what_is_kept(run, handover, error))
		return FALSE;
	run->daemon.keep_listings = mount_listings_can_be_kept();
	run->session = mount_take_over(handover->fuse, &run->daemon, error);
	return run->session != NULL;
}

int serve_try(Options *options, char *mountpoint, const Handover *handover)
{
	g_autoptr(GError) error = NULL;
	Run run = {.options = options,
		.config = config_new(),
		.mountpoint = mountpoint};
	gboolean could = could_take_over(&run, handover, &error);

	failpoint_step("trial", "done");
	if (run.session)
		fuse_session_destroy(run.session);
	g_clear_pointer(&run.daemon.kept, kept_free);
	config_free(run.config);
	return could ? EXIT_SUCCESS : serve_failed(error);
}

/* ---- the whole ---- */

int serve_mount(Options *options, char *mountpoint, Background *background,
	Handover *handover)
{
	g_autoptr(GError) error = NULL;
	Run run = {.options = options,
		.config = config_new(),
		.mountpoint = mountpoint,
		.handover = handover};
	int status;

	shutdown_prepare();
	shutdown_hold_reloads();
	limits_set();
	if (!start(&run, &error))
		status = serve_failed(error);
	else
		status = serve(&run, background) ? EXIT_SUCCESS : EXIT_FAILURE;
	finish(&run);
	config_free(run.config);
	return status;
}
