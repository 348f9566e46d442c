#include "cache/model/provider.h"

#include "cache/base/locked.h"
#include "cache/model/account.h"

/* At least so long a provider that does not answer opens is left alone. */
#define BREAKER_MIN_MS 5000
#define BREAKER_MAX_MS 30000
/* Between two looks whether an old backend is still held. */
#define TIDY_US G_USEC_PER_SEC

/* Its threads are named by what they do and for which section. */
static Pool *new_pool(Work work, const char *section)
{
	static const char *const names[WORK_KINDS] = {
		[WORK_LIST] = "list",
		[WORK_PARTIAL] = "partial",
		[WORK_RESOLVE] = "resolve",
		[WORK_OPEN] = "open",
		[WORK_BACKFILL] = "backfill",
		[WORK_OPERATION] = "request",
	};
	g_autofree char *name = g_strconcat(names[work], " ", section, NULL);

	return pool_new(name);
}

static void call_ended(const CallReport *report, void *data)
{
	const Provider *provider = data;
	const Cache *cache = provider->root->cache;

	cache->called(provider->section->text, report, cache->told);
}

static char **keep_list(Provider *self, char **now, char *const *list)
{
	if (now != NULL && list != NULL &&
		g_strv_equal(
			(const char *const *)now, (const char *const *)list))
		return now;
	char **copy = g_strdupv((char **)list);

	for (guint i = 0; copy != NULL && copy[i] != NULL; i++)
		g_ptr_array_add(self->texts, copy[i]);
	if (copy != NULL)
		g_ptr_array_add(self->texts, copy);
	return copy;
}

static void take_settings(Provider *self, const CacheProvider *settings)
{
	if (g_strcmp0(self->name, settings->name_all) != 0) {
		char *name = g_strdup(settings->name_all);

		if (name != NULL)
			g_ptr_array_add(self->texts, name);
		self->name = name;
	}
	self->workspaces =
		keep_list(self, self->workspaces, settings->workspaces);
	self->names = keep_list(self, self->names, settings->names);
	self->refresh_ms = settings->refresh_ms > 0
				   ? settings->refresh_ms
				   : self->root->cache->refresh_ms;
	self->list_lag_ms = settings->list_lag_ms >= 0
				    ? settings->list_lag_ms
				    : self->class->list_lag_ms;
	self->read_only = settings->read_only;
	self->rmdir_ends = settings->rmdir_ends;
	self->start = settings->start;
	self->views = settings->views;
	self->ended = settings->ended;
}

static void take_backend(Provider *self, Backend *backend)
{
	Cache *cache = self->root->cache;

	mutex_lock(&cache->lock);
	g_ptr_array_add(self->backends, backend);
	mutex_lock(&self->holding);
	self->backend = backend;
	mutex_unlock(&self->holding);
	mutex_unlock(&cache->lock);
	/* cache_abort may have come before. */
	if (cache_is_stopping(cache))
		backend_abort(backend);
	account_identify(self);
	if (self->root->cache->called != NULL)
		backend_observe(backend, call_ended, self);
}

HeldBackend *provider_hold(Provider *provider)
{
	HeldBackend *held;

	mutex_lock(&provider->holding);
	held = provider->backend;
	__atomic_add_fetch(&held->holders, 1, __ATOMIC_ACQUIRE);
	mutex_unlock(&provider->holding);
	return held;
}

void provider_let_go(HeldBackend *backend)
{
	__atomic_sub_fetch(&backend->holders, 1, __ATOMIC_RELEASE);
}

/* Whoever holds one after it was replaced has held it before. */
static GPtrArray *take_unheld(Provider *self)
{
	GPtrArray *unheld =
		g_ptr_array_new_with_free_func((GDestroyNotify)backend_close);
	Cache *cache = self->root->cache;

	mutex_lock(&cache->lock);
	mutex_lock(&self->holding);
	for (guint i = self->backends->len; i-- > 0;) {
		Backend *one = g_ptr_array_index(self->backends, i);

		if (one != self->backend &&
			!__atomic_load_n(&one->holders, __ATOMIC_ACQUIRE))
			g_ptr_array_add(unheld,
				g_ptr_array_steal_index(self->backends, i));
	}
	mutex_unlock(&self->holding);
	mutex_unlock(&cache->lock);
	return unheld;
}

static gboolean has_one(const Provider *self)
{
	return LOCKED(&self->root->cache->lock, self->backends->len == 1);
}

static void rest(Provider *self)
{
	g_autoptr(HeldBackend) backend = provider_hold(self);
	Cache *cache = self->root->cache;
	g_autoptr(GPtrArray) dirs = NULL;

	backend_rest(backend);
	mutex_lock(&cache->lock);
	dirs = g_ptr_array_copy(cache->dirs, NULL, NULL);
	mutex_unlock(&cache->lock);
	for (guint i = 0; i < dirs->len; i++) {
		Dir *dir = g_ptr_array_index(dirs, i);

		if (dir->provider != self || dir->disk == NULL)
			continue;
		mutex_lock(&dir->apply);
		disk_rest(dir->disk);
		mutex_unlock(&dir->apply);
	}
}

static gboolean is_retired(const Provider *self)
{
	const Dir *dir = provider_dir(self);

	return dir != NULL && __atomic_load_n(&dir->retired, __ATOMIC_ACQUIRE);
}

/* FALSE: there will be more to do. */
static gboolean tidy(Provider *provider)
{
	gboolean idle = TRUE;

	g_ptr_array_unref(take_unheld(provider));
	for (guint i = 0; i < WORK_KINDS; i++)
		idle &= pool_rest(provider->work[i]);
	if (is_retired(provider) && idle)
		rest(provider);
	return has_one(provider) && (idle || !is_retired(provider));
}

gint64 providers_tidy_due_us(const Cache *cache)
{
	if (!__atomic_load_n(&cache->untidy, __ATOMIC_ACQUIRE) ||
		__atomic_load_n(&cache->tidying, __ATOMIC_ACQUIRE))
		return G_MAXINT64;
	return __atomic_load_n(&cache->tidied_us, __ATOMIC_RELAXED) + TIDY_US;
}

void providers_tidy_run(void *data)
{
	Cache *cache = data;
	g_autoptr(GPtrArray) all = providers_all(cache);
	gboolean done = TRUE;

	/* Before anything is looked at: what comes meanwhile is seen the next time. */
	__atomic_store_n(&cache->untidy, 0, __ATOMIC_SEQ_CST);
	for (guint i = 0; i < all->len; i++)
		done &= tidy(g_ptr_array_index(all, i));
	if (!done)
		__atomic_store_n(&cache->untidy, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&cache->tidied_us, clock_now_us(cache->clock),
		__ATOMIC_RELAXED);
	__atomic_store_n(&cache->tidying, 0, __ATOMIC_RELEASE);
	scheduler_wake(cache->scheduler);
}

Provider *provider_new(Cache *cache, const CacheProvider *settings)
{
	Provider *provider = g_new0(Provider, 1);

	for (guint i = 0; i < WORK_KINDS; i++)
		provider->work[i] = new_pool(i, settings->name);
	provider->root = cache->root;
	provider->class = settings->backend->class;
	mutex_init(&provider->holding);
	provider->backends =
		g_ptr_array_new_with_free_func((GDestroyNotify)backend_close);
	provider->texts = g_ptr_array_new_with_free_func(g_free);
	take_backend(provider, settings->backend);
	take_settings(provider, settings);
	provider->breaker = breaker_new(cache->clock,
		CLAMP(provider->refresh_ms, BREAKER_MIN_MS, BREAKER_MAX_MS));
	return provider;
}

void provider_join(Provider *provider)
{
	Cache *cache = provider->root->cache;

	mutex_lock(&cache->lock);
	g_ptr_array_add(cache->providers, provider);
	mutex_unlock(&cache->lock);
}

void provider_change(Provider *provider, const CacheProvider *settings)
{
	if (settings->backend != NULL)
		take_backend(provider, settings->backend);
	take_settings(provider, settings);
}

GPtrArray *providers_all(Cache *cache)
{
	GPtrArray *all;

	mutex_lock(&cache->lock);
	all = g_ptr_array_copy(cache->providers, NULL, NULL);
	mutex_unlock(&cache->lock);
	return all;
}

GPtrArray *providers_named(Cache *cache)
{
	GPtrArray *all = providers_all(cache);

	for (guint i = all->len; i-- > 0;) {
		const Dir *dir = provider_dir(g_ptr_array_index(all, i));

		if (dir == NULL ||
			__atomic_load_n(&dir->retired, __ATOMIC_ACQUIRE))
			g_ptr_array_remove_index(all, i);
	}
	return all;
}

static void abort_one(gpointer backend, gpointer data)
{
	backend_abort(backend);
}

void provider_abort(Provider *provider)
{
	Cache *cache = provider->root->cache;

	/* Not the apply lock, which may be held while the disk is slow. */
	mutex_lock(&cache->lock);
	g_ptr_array_foreach(provider->backends, abort_one, NULL);
	mutex_unlock(&cache->lock);
}

void provider_stop(Provider *provider)
{
	for (guint i = 0; i < WORK_KINDS; i++)
		pool_stop(provider->work[i]);
}

void provider_left(const Provider *provider, GString *out)
{
	static const char *const kinds[WORK_KINDS] = {
		[WORK_LIST] = "listings",
		[WORK_PARTIAL] = "partial",
		[WORK_RESOLVE] = "questions",
		[WORK_OPEN] = "reads",
		[WORK_BACKFILL] = "records",
		[WORK_OPERATION] = "orders",
	};

	for (guint i = 0; i < WORK_KINDS; i++) {
		guint n = pool_running(provider->work[i]);

		if (n > 0)
			g_string_append_printf(out, "%s%s of %s: %u",
				out->len > 0 ? ", " : "", kinds[i],
				provider->section->text, n);
	}
}

void provider_free(Provider *provider)
{
	for (guint i = 0; i < WORK_KINDS; i++)
		pool_free(provider->work[i]);
	breaker_free(provider->breaker);
	g_clear_pointer(&provider->accounts, g_ptr_array_unref);
	g_ptr_array_unref(provider->backends);
	g_ptr_array_unref(provider->texts);
	mutex_destroy(&provider->holding);
	g_free(provider->place);
	g_free(provider->source);
	g_free(provider);
}
