/*
 * Preloaded into the daemon: what its machine tells it, which a test cannot change
 * for one process alone.
 *
 *   MACHINE=FILE   three numbers of 64 bits, read at each call: by how many
 *                  milliseconds the wall clock is off; how long a name is looked
 *                  up, in milliseconds; what comes of that (enum answer)
 *
 * Only the name "cloud.test" is looked up so.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum answer {
	ANSWER_TRUE,
	ANSWER_NO_SUCH_NAME,
	ANSWER_TRY_AGAIN,
	ANSWER_WRONG, /* an address where nobody listens */
	ANSWER_TWO,   /* of IPv6, and then the true one */
};

static const volatile int64_t *numbers;

static __attribute__((constructor)) void begin(void)
{
	const char *path = getenv("MACHINE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, 3 * sizeof(*numbers), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		numbers = map;
}

static int64_t number(int which)
{
	return numbers ? numbers[which] : 0;
}

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* ---- the wall clock ---- */

static int64_t now_ns(void)
{
	static int (*real)(clockid_t, struct timespec *);
	struct timespec now;

	if (!real)
		real = next("clock_gettime");
	real(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec +
	       number(0) * 1000000;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	static int (*real)(clockid_t, struct timespec *);
	int64_t ns;

	if (!real)
		real = next("clock_gettime");
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
		return real(clock, ret);
	ns = now_ns();
	ret->tv_sec = ns / 1000000000;
	ret->tv_nsec = ns % 1000000000;
	return 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	int64_t ns = now_ns();

	ret->tv_sec = ns / 1000000000;
	ret->tv_usec = ns % 1000000000 / 1000;
	return 0;
}

time_t time(time_t *ret)
{
	time_t now = now_ns() / 1000000000;

	if (ret)
		*ret = now;
	return now;
}

/* ---- names ---- */

typedef int Resolve(const char *name, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret);

static int resolve(const char *address, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret)
{
	Resolve *real = (Resolve *)next("getaddrinfo");
	struct addrinfo numeric = {.ai_socktype = SOCK_STREAM};

	if (hints)
		numeric = *hints;
	numeric.ai_family = AF_UNSPEC;
	numeric.ai_flags |= AI_NUMERICHOST;
	return real(address, service, &numeric, ret);
}

int getaddrinfo(const char *restrict name, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	Resolve *real = (Resolve *)next("getaddrinfo");
	int failed;

	if (!name || strcmp(name, "cloud.test") != 0)
		return real(name, service, hints, ret);
	/* sleeps: a resolver that takes long is what is played here. */
	usleep((useconds_t)(number(1) * 1000));
	switch (number(2)) {
	case ANSWER_NO_SUCH_NAME:
		return EAI_NONAME;
	case ANSWER_TRY_AGAIN:
		return EAI_AGAIN;
	case ANSWER_WRONG:
		return resolve("127.0.0.2", service, hints, ret);
	case ANSWER_TWO:
		failed = resolve("::1", service, hints, ret);
		if (failed)
			return failed;
		return resolve("127.0.0.1", service, hints, &(*ret)->ai_next);
	default:
		return resolve("127.0.0.1", service, hints, ret);
	}
}
