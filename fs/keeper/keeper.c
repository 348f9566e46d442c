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

#define N_HANDED 3

enum { GIVEN = 'g', READY = 'r', OVER = 'o' };

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
} Keeper;

static gint64 now_ms(void)
{
	return clock_now_us(&clock_real) / 1000;
}

/* ---- the worker's side ---- */

gboolean handover_takes_over(const Handover *self)
{
	return self->fuse >= 0;
}

static void send_word(const Handover *self, char word, const int *fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(N_HANDED * sizeof(int))];
	} control = {0};
	struct iovec iov = {&word, 1};
	struct msghdr packet = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *head;

	if (self->socket < 0)
		return;
	if (fds) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&packet);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(N_HANDED * sizeof(int));
		memcpy(CMSG_DATA(head), fds, N_HANDED * sizeof(int));
	}
	if (sendmsg(self->socket, &packet, MSG_NOSIGNAL) < 0)
		g_warning("the keeper does not listen: %s", g_strerror(errno));
}

void handover_give(const Handover *self, int fuse, int memory, int lock)
{
	const int fds[N_HANDED] = {fuse, memory, lock};

	send_word(self, GIVEN, fds);
}

void handover_ready(const Handover *self)
{
	send_word(self, READY, NULL);
}

void handover_over(const Handover *self)
{
	send_word(self, OVER, NULL);
}

pid_t handover_owner(const Handover *self)
{
	return self->socket < 0 ? getpid() : getppid();
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

static void take(Keeper *self, const int *fds)
{
	let_go(self);
	self->given.fuse = fds[0];
	self->given.memory = fds[1];
	self->given.lock = fds[2];
	self->kept = kept_watch(fds[1]);
	self->answers = kept_answers(self->kept);
	/* The first beat may be there already. */
	patience_begin(&self->patience, 0, now_ms());
}

/* FALSE: nobody is there to say more. */
static gboolean hear(Keeper *self)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(N_HANDED * sizeof(int))];
	} control;
	char word = 0;
	struct iovec iov = {&word, 1};
	struct msghdr packet = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	int fds[N_HANDED];

	if (recvmsg(self->socket, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <=
		0)
		return FALSE;
	head = CMSG_FIRSTHDR(&packet);
	if (word == GIVEN && head && head->cmsg_type == SCM_RIGHTS &&
		head->cmsg_len == CMSG_LEN(sizeof(fds))) {
		memcpy(fds, CMSG_DATA(head), sizeof(fds));
		take(self, fds);
	} else if (word == READY && !self->ready) {
		self->ready = TRUE;
		self->task->ready(self->task->data);
	} else if (word == OVER) {
		self->ending = TRUE;
		let_go(self);
	}
	return TRUE;
}

/* ---- workers ---- */

/* In the child. */
G_NORETURN static void be_worker(Keeper *self, int socket, pid_t keeper)
{
	Handover handover = self->given;

	handover.socket = socket;
	drop(&self->signals);
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
	if (!self->ending)
		g_warning("the process that serves the mount has ended by "
			  "%s %d: another takes over",
			WIFEXITED(status) ? "status" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status)
					  : WTERMSIG(status));
}

/* All that is dead: among it, what dead workers have left behind. */
static void reap(Keeper *self)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == self->worker)
			note_death(self, status);
}

/* ---- its life ---- */

static void pass_on(Keeper *self)
{
	struct signalfd_siginfo info;

	while (read(self->signals, &info, sizeof(info)) == sizeof(info)) {
		int number = (int)info.ssi_signo;

		if (number == SIGCHLD || inherited_ignored(number))
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
	struct pollfd files[] = {
		{self->signals, POLLIN, 0}, {self->socket, POLLIN, 0}};

	if (poll(files, self->socket >= 0 ? 2 : 1, timeout_ms) > 0 &&
		files[1].revents && !hear(self))
		drop(&self->socket);
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
	while (!self->ending && now_ms() < until)
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
	g_warning("%u processes in a row have ended that answered nothing: the "
		  "mount is given up",
		self->deaths);
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
		if (!start(self))
			note_failure(self);
		look_after(self);
		if (self->ending)
			break;
		if (self->deaths >= DEATHS_MAX)
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

int keeper_run(const KeeperTask *task)
{
	Keeper self = {.task = task, .given = HANDOVER_NONE, .socket = -1};
	int status;

	self.silence_ms =
		failpoint_flaw("impatient") ? SILENCE_IN_TESTS_MS : SILENCE_MS;
	take_signals(&self);
	/* What a dead worker has started is ours to reap. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	status = live(&self);
	sigprocmask(SIG_SETMASK, &self.before, NULL);
	drop(&self.signals);
	return status;
}
