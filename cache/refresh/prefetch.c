#include "cache/refresh/prefetch.h"

#include "backends/base/thread.h"
#include "cache/merge/call.h"

/*
 * A page is fetched by whoever comes first: a worker of the pool, or the thread
 * that takes it.  So a pool whose threads are all busy taking cannot lock up:
 * what they wait for has begun, and ends by its own deadline.
 *
 * Ahead.lock is taken with no other held, and only the pool's inside it.
 */
typedef struct {
	Prefetch *prefetch;
	char *token;
	char *announced; /* the page after it, named before its turn */
	gboolean done;
	Ticks ticks;
	SessionPage *page;
	GError *error;
} Fetch;

struct Prefetch {
	int refs; /* atomic: the listing's, and one of each job in the pool */
	Dir *dir;

	Mutex lock;
	pthread_cond_t ended; /* a fetch is done */
	Fetch *taken GUARDED_BY(lock);
	Fetch *next GUARDED_BY(lock);     /* asked for, and not taken yet */
	gboolean queued GUARDED_BY(lock); /* next has not begun */
};

static Fetch *fetch_new(Prefetch *prefetch, const char *token)
{
	Fetch *self = g_new0(Fetch, 1);

	self->prefetch = prefetch;
	self->token = g_strdup(token);
	return self;
}

static void fetch_free(Fetch *self)
{
	if (self == NULL)
		return;
	session_page_free(self->page);
	g_clear_error(&self->error);
	g_free(self->announced);
	g_free(self->token);
	g_free(self);
}

Prefetch *prefetch_new(Dir *dir)
{
	Prefetch *self = g_new0(Prefetch, 1);

	mutex_init(&self->lock);
	self->refs = 1;
	self->dir = dir;
	pthread_cond_init(&self->ended, NULL);
	return self;
}

static void prefetch_unref(Prefetch *self)
{
	if (__atomic_sub_fetch(&self->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	mutex_destroy(&self->lock);
	fetch_free(self->taken);
	pthread_cond_destroy(&self->ended);
	g_free(self);
}

/* ---- with the lock ---- */

static void announced(const char *token, void *data);

/* Gives the lock back meanwhile. */
static void fetch_run(Prefetch *prefetch, Fetch *self) REQUIRES(prefetch->lock)
{
	Dir *dir = prefetch->dir;
	Call call = call_for(dir, FALSE);

	call.next = announced;
	call.next_data = self;
	mutex_unlock(&prefetch->lock);
	self->ticks.asked = dir_tick(dir);
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	self->page = backend_list_page(
		backend, dir->id, self->token, &call, &self->error);
	self->ticks.came = dir_tick(dir);
	mutex_lock(&prefetch->lock);
	self->done = TRUE;
	pthread_cond_broadcast(&prefetch->ended);
}

static void fetch_wait(Prefetch *prefetch, const Fetch *self)
	REQUIRES(prefetch->lock)
{
	while (!self->done)
		thread_wait(&prefetch->ended, &prefetch->lock, G_MAXINT64);
}

/* A job begins whatever is waiting, which may be nothing any more. */
static void run_job(void *data)
{
	Prefetch *self = data;

	mutex_lock(&self->lock);
	if (self->queued) {
		self->queued = FALSE;
		fetch_run(self, self->next);
	}
	mutex_unlock(&self->lock);
	prefetch_unref(self);
}

static void ask_next(Prefetch *self, const char *token) REQUIRES(self->lock)
{
	Cache *cache = self->dir->cache;

	if (self->next != NULL || cache_is_stopping(cache))
		return;
	self->next = fetch_new(self, token);
	self->queued = TRUE;
	__atomic_add_fetch(&self->refs, 1, __ATOMIC_RELAXED);
	if (!pool_push(self->dir->provider->work[WORK_LIST], run_job, self))
		__atomic_sub_fetch(&self->refs, 1, __ATOMIC_RELAXED);
}

static void drop_next(Prefetch *self) REQUIRES(self->lock)
{
	if (self->next != NULL && !self->queued)
		fetch_wait(self, self->next);
	self->queued = FALSE;
	g_clear_pointer(&self->next, fetch_free);
}

/* Makes the page of that token the one that is taken; TRUE: it has not begun. */
static gboolean turn(Prefetch *self, const char *token) REQUIRES(self->lock)
{
	gboolean begin;

	if (self->next != NULL && g_strcmp0(self->next->token, token) != 0)
		drop_next(self);
	fetch_free(self->taken);
	begin = self->next == NULL || self->queued;
	self->taken = self->next != NULL ? self->next : fetch_new(self, token);
	self->next = NULL;
	self->queued = FALSE;
	if (self->taken->announced != NULL)
		ask_next(self, self->taken->announced);
	return begin;
}

/* ---- without ---- */

static void announced(const char *token, void *data)
{
	Fetch *fetch = data;
	Prefetch *self = fetch->prefetch;

	mutex_lock(&self->lock);
	if (self->taken == fetch)
		ask_next(self, token);
	else if (fetch->announced == NULL)
		fetch->announced = g_strdup(token);
	mutex_unlock(&self->lock);
}

SessionPage *prefetch_take(
	Prefetch *self, const char *token, Ticks *ret_ticks, GError **error)
{
	SessionPage *page;

	mutex_lock(&self->lock);
	if (turn(self, token))
		fetch_run(self, self->taken);
	else
		fetch_wait(self, self->taken);
	page = g_steal_pointer(&self->taken->page);
	if (page != NULL)
		*ret_ticks = self->taken->ticks;
	else
		g_propagate_error(error, g_steal_pointer(&self->taken->error));
	mutex_unlock(&self->lock);
	return page;
}

void prefetch_free(Prefetch *self)
{
	mutex_lock(&self->lock);
	drop_next(self);
	mutex_unlock(&self->lock);
	prefetch_unref(self);
}
