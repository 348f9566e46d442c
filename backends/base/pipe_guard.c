#include "backends/base/pipe_guard.h"

#include <time.h>

static sigset_t sigpipe_only(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return set;
}

PipeGuard pipe_guard_enter(void)
{
	const sigset_t only = sigpipe_only();
	sigset_t pending;
	PipeGuard guard;

	sigpending(&pending);
	guard.pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &only, &guard.before);
	return guard;
}

void pipe_guard_leave(PipeGuard *guard)
{
	const struct timespec now = {0};
	const sigset_t only = sigpipe_only();

	/* What came up while we looked away is ours to drop. */
	if (!guard->pending)
		while (sigtimedwait(&only, NULL, &now) == SIGPIPE)
			continue;
	pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
}
