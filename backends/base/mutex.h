#pragma once

#include <pthread.h>

/*
 * A mutex whose use clang can check when it compiles (-Wthread-safety).  A function
 * says REQUIRES(lock) when its caller must hold it, EXCLUDES(lock) when the caller
 * must not; a member says by GUARDED_BY(lock) with which mutex it may be touched.
 * With several mutexes, a writer needs all of them and a reader any of them.  A
 * lock is named as an expression of the parameters, such as dir->lock.
 *
 * For gcc all of this is empty.  GUARDED_BY names a sibling member, which clang
 * before 23 cannot find in C: tests/analysis, which brings its own, checks it.
 */

#ifdef __clang__
#define THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define THREAD_SAFETY(attribute)
#endif

#if defined(CHECK_GUARDED_BY)
#define GUARDED_BY(...) __attribute__((guarded_by(__VA_ARGS__)))
#else
#define GUARDED_BY(...)
#endif

#define CAPABILITY(kind) THREAD_SAFETY(capability(kind))
/* The function returns with the lock, or without it. */
#define ACQUIRE(...) THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define RELEASE(...) THREAD_SAFETY(release_capability(__VA_ARGS__))
/* It took the lock if it returns `value`, 0 or 1. */
#define TRY_ACQUIRE(value, ...)                                                \
	THREAD_SAFETY(try_acquire_capability(value, __VA_ARGS__))
/* The caller has the lock, and has it again when the function returns. */
#define REQUIRES(...) THREAD_SAFETY(requires_capability(__VA_ARGS__))
/* After the call the lock counts as held, to the end of the caller. */
#define ASSERT_HELD(...) THREAD_SAFETY(assert_capability(__VA_ARGS__))
/* The caller must not have it. */
#define EXCLUDES(...) THREAD_SAFETY(locks_excluded(__VA_ARGS__))
/* Locks that the analysis cannot follow; a comment says why it is right. */
#define NO_THREAD_SAFETY_ANALYSIS THREAD_SAFETY(no_thread_safety_analysis)

typedef struct CAPABILITY("mutex") {
	pthread_mutex_t handle;
} Mutex;

#define MUTEX_INIT                                                             \
	{                                                                      \
		PTHREAD_MUTEX_INITIALIZER                                      \
	}

/* The function that makes an object, and the one that ends it, have it to
 * themselves: from here to its end the analysis takes the mutex for held. */
static inline void mutex_init(Mutex *mutex) ASSERT_HELD(*mutex)
{
	pthread_mutex_init(&mutex->handle, NULL);
}

static inline void mutex_destroy(Mutex *mutex) ASSERT_HELD(*mutex)
{
	pthread_mutex_destroy(&mutex->handle);
}

/* The caller has it, in a way that the analysis cannot see: under another name, or
 * since nobody else knows the object. */
static inline void mutex_is_held(const Mutex *mutex) ASSERT_HELD(*mutex)
{
	(void)mutex;
}

static inline void mutex_lock(Mutex *mutex)
	ACQUIRE(*mutex) NO_THREAD_SAFETY_ANALYSIS
{
	pthread_mutex_lock(&mutex->handle);
}

static inline void mutex_unlock(Mutex *mutex)
	RELEASE(*mutex) NO_THREAD_SAFETY_ANALYSIS
{
	pthread_mutex_unlock(&mutex->handle);
}
