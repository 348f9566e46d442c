#include "backends/base/thread.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* With its NUL. */
#define NAME_SIZE 16

/* How often a thread that has to be is tried again: for a second. */
#define TRIES 20
#define TRY_US (G_USEC_PER_SEC / TRIES)

/* ---- the stack for faults ---- */

/* What a handler of faults needs, and the kernel's frame, which grows with the
 * vectors that the processor has. */
#define FAULT_STACK (64 * 1024)

static pthread_key_t fault_stack;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static gsize fault_stack_size(void)
{
	return FAULT_STACK + (gsize)MAX(sysconf(_SC_MINSIGSTKSZ), 0);
}

static void drop_fault_stack(void *stack)
{
	stack_t none = {.ss_flags = SS_DISABLE};

	sigaltstack(&none, NULL);
	munmap(stack, fault_stack_size());
}

static void make_key(void)
{
	if (pthread_key_create(&fault_stack, drop_fault_stack))
		g_error("there are no keys for threads");
}

void thread_take_faults(void)
{
	stack_t stack = {.ss_size = fault_stack_size()};

#ifdef THREAD_HAS_SANITIZER
	return;
#endif
	pthread_once(&once, make_key);
	if (pthread_getspecific(fault_stack))
		return;
	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Without one a fault is still reported, unless the stack is full. */
	if (stack.ss_sp == MAP_FAILED)
		return;
	if (sigaltstack(&stack, NULL) ||
		pthread_setspecific(fault_stack, stack.ss_sp))
		drop_fault_stack(stack.ss_sp);
}

/* The kernel kills at once whoever has a fault and blocks its signal. */
static void keep_faults(sigset_t *set)
{
	static const int faults[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

	for (gsize i = 0; i < G_N_ELEMENTS(faults); i++)
		sigdelset(set, faults[i]);
}

/* ---- threads ---- */

typedef struct {
	void *(*run)(void *);
	void *data;
} Start;

static void *thread_run(void *data)
{
	Start start = *(Start *)data;

	g_free(data);
	thread_take_faults();
	return start.run(start.data);
}

static void give_name(pthread_t thread, const char *name)
{
	char kept[NAME_SIZE];

	/* A name that is too long would be refused. */
	g_strlcpy(kept, name, sizeof(kept));
	pthread_setname_np(thread, kept);
}

gboolean thread_try(
	pthread_t *ret, const char *name, void *(*run)(void *), void *data)
{
	Start *start = g_new(Start, 1);
	sigset_t all, before;
	int failed;

	*start = (Start){run, data};
	sigfillset(&all);
	keep_faults(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(ret, NULL, thread_run, start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		give_name(*ret, name);
	else
		g_free(start);
	return !failed;
}

pthread_t thread_start(const char *name, void *(*run)(void *), void *data)
{
	pthread_t thread;

	/* Others end, and make room. */
	for (guint i = 0; !thread_try(&thread, name, run, data); i++) {
		if (i == TRIES)
			g_error("no thread could be started for %s", name);
		g_usleep(TRY_US);
	}
	return thread;
}

void thread_name(const char *name)
{
	give_name(pthread_self(), name);
	thread_take_faults();
}

void thread_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

gboolean thread_wait(pthread_cond_t *cond, Mutex *lock, gint64 until_us)
{
	struct timespec until = {
		.tv_sec = until_us / G_USEC_PER_SEC,
		.tv_nsec = until_us % G_USEC_PER_SEC * 1000,
	};

	if (until_us == G_MAXINT64)
		return pthread_cond_wait(cond, &lock->handle) == 0;
	return pthread_cond_timedwait(cond, &lock->handle, &until) == 0;
}
