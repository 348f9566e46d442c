#include "cache/refresh/ahead.h"

/*
 * A page is fetched by whoever comes first: a worker of the pool, or the thread
 * that takes it.  So a pool whose threads are all busy taking cannot lock up:
 * what they wait for has begun, and ends by its own deadline.
 *
 * Ahead.lock is taken with no other held, and only the pool's inside it.
 */
typedef struct {
	Ahead *ahead;
	char *token;
	char *announced; /* the page after it, named before its turn */
	gboolean done;
	guint32 tick;
	SessionPage *page;
	GError *error;
} Fetch;

struct Ahead {
	int refs; /* atomic: the listing's, and one of each job in the pool */
	Dir *dir;

	pthread_mutex_t lock;
	pthread_cond_t ended; /* a fetch is done */
	Fetch *taken;
	Fetch *next;     /* asked for, and not taken yet */
	gboolean queued; /* next has not begun */
};

static Fetch *fetch_new(Ahead *ahead, const char *token)
{
	Fetch *self = g_new0(Fetch, 1);

	self->ahead = ahead;
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

Ahead *ahead_new(Dir *dir)
{
	Ahead *self = g_new0(Ahead, 1);

	self->refs = 1;
	self->dir = dir;
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->ended, NULL);
	return self;
}

static void ahead_unref(Ahead *self)
{
	if (__atomic_sub_fetch(&self->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	fetch_free(self->taken);
	pthread_cond_destroy(&self->ended);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}

/* ---- with the lock ---- */

static void announced(const char *token, void *data);

/* Gives the lock back meanwhile. */
static void fetch_run(Fetch *self)
{
	Ahead *ahead = self->ahead;
	Dir *dir = ahead->dir;
	Call call = dir_call(dir, FALSE);

	call.next = announced;
	call.next_data = self;
	pthread_mutex_unlock(&ahead->lock);
	self->tick = dir_tick(dir);
	self->page = backend_list_page(dir->provider->backend, dir->id,
		self->token, &call, &self->error);
	pthread_mutex_lock(&ahead->lock);
	self->done = TRUE;
	pthread_cond_broadcast(&ahead->ended);
}

static void fetch_wait(const Fetch *self)
{
	while (!self->done)
		pthread_cond_wait(&self->ahead->ended, &self->ahead->lock);
}

/* A job begins whatever is waiting, which may be nothing any more. */
static void run_job(void *data)
{
	Ahead *self = data;

	pthread_mutex_lock(&self->lock);
	if (self->queued) {
		self->queued = FALSE;
		fetch_run(self->next);
	}
	pthread_mutex_unlock(&self->lock);
	ahead_unref(self);
}

static void ask_next(Ahead *self, const char *token)
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

static void drop_next(Ahead *self)
{
	if (self->next != NULL && !self->queued)
		fetch_wait(self->next);
	self->queued = FALSE;
	g_clear_pointer(&self->next, fetch_free);
}

/* Makes the page of that token the one that is taken; TRUE: it has not begun. */
static gboolean turn(Ahead *self, const char *token)
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
	Ahead *self = fetch->ahead;

	pthread_mutex_lock(&self->lock);
	if (self->taken == fetch)
		ask_next(self, token);
	else if (fetch->announced == NULL)
		fetch->announced = g_strdup(token);
	pthread_mutex_unlock(&self->lock);
}

SessionPage *ahead_take(
	Ahead *self, const char *token, guint32 *ret_tick, GError **error)
{
	SessionPage *page;

	pthread_mutex_lock(&self->lock);
	if (turn(self, token))
		fetch_run(self->taken);
	else
		fetch_wait(self->taken);
	page = g_steal_pointer(&self->taken->page);
	if (page != NULL)
		*ret_tick = self->taken->tick;
	else
		g_propagate_error(error, g_steal_pointer(&self->taken->error));
	pthread_mutex_unlock(&self->lock);
	return page;
}

void ahead_free(Ahead *self)
{
	if (self == NULL)
		return;
	pthread_mutex_lock(&self->lock);
	drop_next(self);
	pthread_mutex_unlock(&self->lock);
	ahead_unref(self);
}
