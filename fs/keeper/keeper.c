#include "fs/keeper/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/inherited.h"
#include "cache/base/failpoint.h"
#include "fs/base/say.h"
#include "fs/keeper/kept.h"
#include "fs/keeper/patience.h"

/* So many workers in a row that answer nothing and do not live for that long, and the
 * pause after the first. */
#define DEATHS_MAX 5
#define LIFE_MS 10000
#define PAUSE_MS 100

/* A request that kills whoever acts on it comes again to each.  After so many workers in
 * a row that lived less than a second, there is a pause. */
#define SHORT_LIVES_MAX 100
#define SHORT_LIFE_MS 1000

/* How often a worker is looked after that seems to live. */
#define LOOK_MS 100

/* One that is silent for so long hangs.  It asks its loop by a process, which may need to
 * be given up and started again, after half of that. */
#define SILENCE_MS 20000
#define SILENCE_IN_TESTS_MS 3000

/* So long may another program take to say whether it could take over. */
#define TRIAL_MS 30000

typedef struct {
	const KeeperTask *task;
	Handover given; /* its own copies */
	Kept *kept;     /* of given.memory */
	sigset_t before;
	int signals; /* a signalfd */
	int socket;
	pid_t worker; /* 0: none */
	gboolean ready, ending;
	guint deaths;      /* in a row */
	guint short_lives; /* likewise */
	gint64 began_ms;   /* of the worker */
	guint64 answers;   /* when the worker began */
	Patience patience;
	gint64 silence_ms; /* after which it hangs */
	int status;        /* of the last */
	/* Another program: see succession.h. */
	ProgramFile *file;
	int listener, asker;
	int program;           /* to take over */
	int former;            /* to go back to, until a worker serves */
	pid_t trial;           /* of `program`; 0: none */
	gint64 trial_until_ms; /* then it is given up */
	gboolean reloads;      /* a SIGHUP was the reason for it */
	gboolean succeeded;    /* the trial went well */
} Keeper;

static char *address; /* NULL: nobody can ask */

const char *keeper_address(void)
{
	return address;
}

static gint64 now_ms(void)
{
	return clock_now_us(&clock_real) / 1000;
}

/* ---- what the keeper has ---- */

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Whoever waits for an answer has an error from now on. */
static void let_go(Keeper *self)
{
	drop(&self->given.fuse);
	g_clear_pointer(&self->kept, kept_free);
	self->given.memory = -1;
	drop(&self->given.lock);
}

/* Nobody serves the mount any more.  Until it is gone, nobody else may mount there. */
static void abandon(Keeper *self)
{
	drop(&self->given.fuse);
	self->task->abandon(self->task->data);
	let_go(self);
}

static void take(Keeper *self, const Handover *given)
{
	let_go(self);
	self->given = *given;
	self->kept = kept_watch(given->memory);
	self->answers = kept_answers(self->kept);
	/* The first beat may be there already. */
	patience_begin(&self->patience, 0, now_ms());
}

/* Who asked for another program is told how that ended. */
static void answer(int *asker, char letter)
{
	if (*asker >= 0 &&
		send(*asker, &letter, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		g_debug("who asked for another program is gone");
	drop(asker);
}

static void note_ready(Keeper *self)
{
	if (!self->ready)
		self->task->ready(self->task->data);
	self->ready = TRUE;
	drop(&self->former);
	answer(&self->asker, SUCCESSION_DONE);
}

/* FALSE: nobody is there to say more. */
static gboolean hear(Keeper *self)
{
	Handover given;

	switch (handover_hear(self->socket, &given)) {
	case HANDOVER_GIVEN:
		take(self, &given);
		return TRUE;
	case HANDOVER_READY:
		note_ready(self);
		return TRUE;
	case HANDOVER_OVER:
		self->ending = TRUE;
		let_go(self);
		return TRUE;
	default:
		return FALSE;
	}
}

/* ---- workers ---- */

/* In the child. */
G_NORETURN static void be_worker(Keeper *self, int socket, pid_t keeper)
{
	Handover handover = self->given;

	handover.socket = socket;
	drop(&self->signals);
	drop(&self->listener);
	drop(&self->asker);
	if (self->former >= 0)
		failpoint_step("successor", "start");
	drop(&self->former);
	drop(&self->program);
	/* It ends in order with us: nobody would start another. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != keeper)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, &self->before, NULL);
	exit(self->task->serve(&handover, self->task->data));
}

static gboolean start(Keeper *self)
{
	pid_t keeper = getpid();
	int ends[2], failed;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return FALSE;
	self->answers = kept_answers(self->kept);
	self->began_ms = now_ms();
	patience_begin(&self->patience, kept_beats(self->kept), self->began_ms);
	fflush(NULL);
	self->worker = fork();
	failed = errno;
	if (!self->worker) {
		close(ends[0]);
		be_worker(self, ends[1], keeper);
	}
	close(ends[1]);
	if (self->worker < 0) {
		self->worker = 0;
		close(ends[0]);
		errno = failed;
		return FALSE;
	}
	self->socket = ends[0];
	return TRUE;
}

/* As proc(5) has it; 0: nobody knows. */
static char state_of_worker(const Keeper *self)
{
	char path[64], text[512];
	const char *state;
	gsize n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)self->worker);
	file = fopen(path, "re");
	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	state = strrchr(text, ')');
	return state && state[1] == ' ' ? state[2] : '\0';
}

/* Said in order, and all of it, before anything is made of its end. */
static void hear_all(Keeper *self)
{
	while (self->socket >= 0 && hear(self))
		continue;
	drop(&self->socket);
}

static void note_death(Keeper *self, int status)
{
	gint64 lived = now_ms() - self->began_ms;

	hear_all(self);
	self->worker = 0;
	self->status = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
	if (kept_answers(self->kept) != self->answers || lived > LIFE_MS)
		self->deaths = 0;
	self->deaths++;
	self->short_lives = lived < SHORT_LIFE_MS ? self->short_lives + 1 : 0;
	/* A worker that serves says so before it ends.  One that could not take over
	 * may be followed by one that can. */
	if (!self->ready || self->given.fuse < 0)
		self->ending = TRUE;
	if (!self->ending && !self->succeeded)
		g_warning("the process that serves the mount has ended by "
			  "%s %d: another takes over",
			WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status)
					  : WTERMSIG(status));
}

/* ---- another program ---- */

/* In the child, whose parent that process is. */
G_NORETURN static void be_trial(Keeper *self, int words, pid_t keeper)
{
	Succession as = self->task->as;

	as.given = self->given;
	as.before = as.asker = -1;
	as.trial = TRUE;
	if (words >= 0)
		dup2(words, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, &self->before, NULL);
	succession_exec(&as, self->program, self->task->args);
	say("that program cannot be executed: %s", g_strerror(errno));
	_exit(EXIT_FAILURE);
}

static void refuse(Keeper *self)
{
	g_warning("another program was to take over and cannot: this one goes "
		  "on");
	drop(&self->program);
	answer(&self->asker, SUCCESSION_REFUSED);
	if (self->reloads && self->worker)
		kill(self->worker, SIGHUP);
}

/* words: its standard error; -1: ours.  Takes program. */
static void try_program(Keeper *self, int program, int words, int asker)
{
	pid_t keeper = getpid();

	self->program = program;
	self->asker = asker;
	self->reloads = asker < 0;
	self->trial_until_ms = now_ms() + TRIAL_MS;
	fflush(NULL);
	self->trial = fork();
	if (!self->trial)
		be_trial(self, words, keeper);
	if (self->trial < 0) {
		self->trial = 0;
		refuse(self);
	}
}

static void end_trial(Keeper *self, int status)
{
	self->trial = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) || self->ending) {
		refuse(self);
		return;
	}
	g_message("another program takes over");
	self->succeeded = TRUE;
	if (self->worker)
		kill(self->worker, SIGKILL);
}

static gboolean may_try(const Keeper *self)
{
	return self->ready && !self->ending && !self->trial &&
	       !self->succeeded && self->former < 0;
}

static void hear_asker(Keeper *self)
{
	SuccessionRequest request;

	if (!succession_hear(self->listener, &request))
		return;
	if (may_try(self)) {
		try_program(
			self, request.program, request.words, request.answer);
	} else {
		answer(&request.answer, SUCCESSION_BUSY);
		close(request.program);
	}
	close(request.words);
}

/* FALSE: the file of the program is what it was. */
static gboolean try_replaced(Keeper *self)
{
	int program = may_try(self) ? program_file_replaced(self->file) : -1;

	if (program >= 0)
		try_program(self, program, -1, -1);
	return program >= 0;
}

/* Returns only if it fails. */
static void execute(Keeper *self, int program, int former)
{
	Succession as = self->task->as;

	as.given = self->given;
	as.before = former;
	as.returned = former < 0;
	as.asker = self->asker;
	fflush(NULL);
	self->task->leaves(TRUE, self->task->data);
	succession_exec(&as, program, self->task->args);
	g_warning("another program cannot be executed: %s", g_strerror(errno));
	self->task->leaves(FALSE, self->task->data);
}

static void succeed(Keeper *self)
{
	int own = program_own();

	execute(self, self->program, own);
	drop(&own);
	self->succeeded = FALSE;
	refuse(self);
}

/* All that is dead: among it, what dead workers have left behind. */
static void reap(Keeper *self)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == self->worker)
			note_death(self, status);
		else if (pid == self->trial)
			end_trial(self, status);
	}
	if (self->trial && now_ms() > self->trial_until_ms)
		kill(self->trial, SIGKILL);
}

/* ---- its life ---- */

static void pass_on(Keeper *self)
{
	struct signalfd_siginfo info;

	while (read(self->signals, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD || inherited_ignored(number) ||
			(number == SIGHUP && self->task->hangup_reloads &&
				try_replaced(self)))
			continue;
		/* Whether a hangup is an end the worker knows. */
		if (number != SIGHUP)
			self->ending = TRUE;
		if (self->worker)
			kill(self->worker, number);
		/* Stopped, it would not know of its end. */
		if (self->worker && self->ending)
			kill(self->worker, SIGCONT);
	}
}

static void wait_for_something(Keeper *self, int timeout_ms)
{
	struct pollfd files[] = {{self->signals, POLLIN, 0},
		{self->socket, POLLIN, 0}, {self->listener, POLLIN, 0}};

	if (poll(files, G_N_ELEMENTS(files), timeout_ms) > 0) {
		if (files[1].revents && !hear(self))
			drop(&self->socket);
		if (files[2].revents)
			hear_asker(self);
	}
	pass_on(self);
	reap(self);
}

/* The first death of one that served costs no time. */
static void pause_before(Keeper *self)
{
	gint64 until = now_ms();

	if (self->deaths > 1)
		until += PAUSE_MS << (self->deaths - 2);
	else if (self->short_lives > SHORT_LIVES_MAX)
		until += SHORT_LIFE_MS;
	while (!self->ending && !self->succeeded && now_ms() < until)
		wait_for_something(self, (int)(until - now_ms()));
}

/* Of one that is to end: the same beat for ever, so that it has that long.  Its end has
 * a shorter limit of its own (fs/start/overdue.h), if it runs at all. */
#define LAST_BEAT G_MAXUINT64

/* A debugger may hold it for as long as it likes. */
static void judge(Keeper *self, char state)
{
	guint64 beats = self->ending ? LAST_BEAT : kept_beats(self->kept);
	gint64 now = now_ms();

	if (state == 'Z' || state == 't')
		patience_renew(&self->patience, now);
	if (!patience_ends(&self->patience, beats, now, self->silence_ms))
		return;
	g_warning("the process that serves the mount has answered nothing for "
		  "%" G_GINT64_FORMAT " s, and is killed",
		(now - self->patience.since_ms) / 1000);
	kill(self->worker, SIGKILL);
	patience_renew(&self->patience, now);
}

static void look_after(Keeper *self)
{
	guint stuck = 0;

	while (self->worker) {
		char state;

		wait_for_something(self, LOOK_MS);
		state = self->worker ? state_of_worker(self) : '\0';
		if (self->worker)
			judge(self, state);
		/* Its leader is dead, and nobody can reap it: a thread of it is
		 * in the kernel. */
		stuck = state == 'Z' ? stuck + 1 : 0;
		/* Twice: it is a zombie for a moment anyhow. */
		if (stuck > 1 && !self->ending)
			note_death(self, SIGKILL);
	}
}

static int give_up(Keeper *self)
{
	if (self->former >= 0)
		execute(self, self->former, -1);
	g_warning("%u processes in a row have ended that answered nothing: the "
		  "mount is given up",
		self->deaths);
	answer(&self->asker, SUCCESSION_REFUSED);
	abandon(self);
	return EXIT_FAILURE;
}

/* As if one had ended at once.  There is nothing to keep before the first. */
static void note_failure(Keeper *self)
{
	g_warning("no process could be started: %s", g_strerror(errno));
	self->deaths++;
	self->status = EXIT_FAILURE;
	self->ending = self->ending || self->given.fuse < 0;
}

static int live(Keeper *self)
{
	while (TRUE) {
		if (self->succeeded)
			succeed(self);
		if (!start(self))
			note_failure(self);
		look_after(self);
		if (self->ending)
			break;
		if (self->deaths >= DEATHS_MAX && !self->succeeded)
			return give_up(self);
		pause_before(self);
	}
	/* It has not said that the mount is over: it was killed on the way. */
	if (self->given.fuse >= 0)
		abandon(self);
	return self->status;
}

/* Blocked in the child too, until it is itself. */
static void take_signals(Keeper *self)
{
	static const int passed[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM,
		SIGVTALRM, SIGPROF, SIGXCPU, SIGCHLD};
	sigset_t set;

	sigemptyset(&set);
	for (gsize i = 0; i < G_N_ELEMENTS(passed); i++)
		sigaddset(&set, passed[i]);
	sigprocmask(SIG_BLOCK, &set, &self->before);
	self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What the program before has left, if there was one. */
static void follow(Keeper *self)
{
	const Succession *as = &self->task->as;

	if (!handover_takes_over(&as->given))
		return;
	take(self, &as->given);
	/* It went on, with all of these blocked, to the execution. */
	sigemptyset(&self->before);
	self->ready = TRUE;
	self->former = as->before;
	self->asker = as->asker;
	if (as->returned) {
		g_warning("the program that was to take over could not serve: "
			  "the one before it is back");
		answer(&self->asker, SUCCESSION_REFUSED);
	}
}

int keeper_run(const KeeperTask *task)
{
	Keeper self = {.task = task,
		.given = HANDOVER_NONE,
		.socket = -1,
		.asker = -1,
		.program = -1,
		.former = -1};
	int status;

	self.silence_ms =
		failpoint_flaw("impatient") ? SILENCE_IN_TESTS_MS : SILENCE_MS;
	take_signals(&self);
	/* What a dead worker has started is ours to reap. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	self.file = program_file_own();
	self.listener = succession_listen(&address);
	follow(&self);
	status = live(&self);
	sigprocmask(SIG_SETMASK, &self.before, NULL);
	drop(&self.signals);
	drop(&self.listener);
	program_file_free(self.file);
	g_clear_pointer(&address, g_free);
	return status;
}
