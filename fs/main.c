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
 *   service     tells a service manager and a keeper that all is well (pulse.c); only if
 *               there is one
 *   progress    tells a terminal how far a first listing is (progress.c)
 *   overdue     from then on: exits when the end takes too long (overdue.c)
 *   reload      reads the configuration again after a SIGHUP (config_reload.c)
 *   scheduler   cache: decides what is due
 *   workers     cache: call providers, deliver news to observer.c; never libfuse;
 *               each named by what it does and for which section: "list alibaba"
 *
 * Processes: with -o keeper, the keeper (keeper/keeper.h) is the parent of all that,
 * and replaces it; the emitter (emitter_child.c), a child that makes file events by system
 * calls on the mount; with --demo, sessionfs-emulator is a direct child.
 *
 * Lock order, outermost first: libfuse's request lock > Control > cache's own
 * (see cache.c) > Polls, Emitter > Pending, Notify, EventLog, Interest.  The last
 * four hold theirs for a few instructions and call nothing; none is held across a
 * reply, a notification, a call of a provider or a callback.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "backends/auth/paths.h"
#include "backends/base/inherited.h"
#include "fs/base/exit_status.h"
#include "fs/base/log.h"
#include "fs/base/say.h"
#include "fs/command/command.h"
#include "fs/emitter/emitter_child.h"
#include "fs/keeper/keeper.h"
#include "fs/keeper/succession.h"
#include "fs/keeper/wire.h"
#include "fs/service/supervisor.h"
#include "fs/start/background.h"
#include "fs/start/limits.h"
#include "fs/start/mount.h"
#include "fs/start/namespace.h"
#include "fs/start/options.h"
#include "fs/start/remount.h"
#include "fs/start/serve.h"
#include "fs/start/shutdown.h"
#include "fs/start/state.h"

/* Before anything is begun: what is wrong there is a mistake of the command line. */
static gboolean settings_are_right(const Options *options, GError **error)
{
	g_autoptr(Config) scratch = config_new();

	return options_apply(options, scratch, error);
}

static int fail(const GError *error, int status)
{
	say("%s", error->message);
	return status;
}

/* ---- with a keeper ---- */

typedef struct {
	Options *options;
	char *mountpoint;
	Background *background;
} KeeperRun;

static int serve_kept(Handover *handover, void *data)
{
	KeeperRun *run = data;

	return serve_mount(
		run->options, run->mountpoint, run->background, handover);
}

/* The worker has told who waits for it; the next ones have nobody to tell. */
static void kept_is_ready(void *data)
{
	KeeperRun *run = data;

	background_leave(run->background);
}

static void kept_is_lost(void *data)
{
	KeeperRun *run = data;

	if (!mount_device(run->mountpoint))
		return;
	/* A thread of a dead worker may hold the connection, and wait in it. */
	if (umount2(run->mountpoint, MNT_FORCE | UMOUNT_NOFOLLOW))
		mount_detach(run->mountpoint);
}

static void keeper_leaves(gboolean leaves, void *data)
{
	if (leaves)
		supervisor_hand_on();
	else
		supervisor_hide();
}

static int run_keeper(KeeperRun *run, const Succession *as, char *const *args)
{
	const KeeperTask task = {
		.serve = serve_kept,
		.ready = kept_is_ready,
		.abandon = kept_is_lost,
		.leaves = keeper_leaves,
		.data = run,
		.hangup_reloads = shutdown_hangup_reloads(),
		.args = args,
		.as = *as,
	};

	shutdown_prepare();
	return keeper_run(&task);
}

/* The command line for another program, which must not look for the mount point: the
 * last operand.  New, of borrowed strings. */
static char **args_in_full(int argc, char **argv, const KeeperRun *run)
{
	char **args = g_new0(char *, argc + 1);
	int place = argc - 1;

	memcpy(args, argv, argc * sizeof(*args));
	while (place > 1 && strcmp(args[place], run->options->mountpoint))
		place--;
	args[place] = run->mountpoint;
	return args;
}

static int be_keeper(int argc, char **argv, KeeperRun *run)
{
	g_autofree char **args = args_in_full(argc, argv, run);
	g_autofree char *here = g_get_current_dir();
	Succession as = SUCCESSION_NONE;

	as.background = run->background->ready_fd >= 0;
	as.here = here;
	as.mountpoint = run->mountpoint;
	return run_keeper(run, &as, args);
}

/* Whether there is to be one; it is said why not. */
static gboolean wants_keeper(const Options *options)
{
	if (!options->keeper)
		return FALSE;
	if (options->demo)
		g_warning("-o keeper: a demo has none");
	else if (!wire_kernel_resends())
		g_warning("-o keeper: this kernel is older than 6.9, and "
			  "would keep who waits for a dead process waiting: "
			  "there is no keeper");
	else
		return TRUE;
	return FALSE;
}

/* ---- after another program ---- */

/* Nobody looks at the mount here: nobody may be there to answer. */
static int follow(int argc, char **argv)
{
	g_auto(Options) options = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *mountpoint = NULL;
	Background background = {-1};
	Succession as = SUCCESSION_NONE;

	if (!succession_take(&argc, &argv, &as)) {
		say("this program cannot take over from that one, or its place "
		    "is gone: unmount, and mount again");
		return STATUS_USAGE;
	}
	mountpoint = g_strdup(as.mountpoint);
	state_drop_relative_places();
	if (!options_parse(argc, argv, command_names(), &options, &error) ||
		!settings_are_right(&options, &error))
		return fail(error, STATUS_USAGE);
	log_init(options.debug);
	supervisor_find();
	auth_start_here();
	shutdown_hold_reloads();
	if (as.trial)
		return serve_try(&options, mountpoint, &as.given);
	if (as.background)
		background_again();
	return run_keeper(
		&(KeeperRun){&options, mountpoint, &background}, &as, argv);
}

int main(int argc, char **argv)
{
	g_auto(Options) options = {0};
	g_autoptr(GError) error = NULL;
	g_autofree char *mountpoint = NULL;
	Background background = {-1};
	int status;

	inherited_settle(argv, succession_is(argc, argv));
	if (succession_is(argc, argv))
		return follow(argc, argv);
	if (argc > 1 && !strcmp(argv[1], EMITTER_CHILD_OPTION)) {
		inherited_drop();
		return emitter_child_run(STDIN_FILENO);
	}
	state_drop_relative_places();
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
		return serve_failed(error);
	if (options.remount)
		return remount_check(&options, mountpoint, &error)
			       ? EXIT_SUCCESS
			       : fail(error, EXIT_FAILURE);
	if (options.fake)
		return EXIT_SUCCESS;
	/* A service manager takes care of the process that it has started. */
	if (!options.foreground && !supervisor_is_there())
		background = background_start(mountpoint);
	if (wants_keeper(&options))
		return be_keeper(argc, argv,
			&(KeeperRun){&options, mountpoint, &background});
	return serve_mount(
		&options, mountpoint, &background, &(Handover)HANDOVER_NONE);
}
