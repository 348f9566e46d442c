#include "cache/model/provider.h"

#include "cache/merge/workspace.h"

/* At least so long a provider that does not answer opens is left alone. */
#define BREAKER_MIN_MS 5000
#define BREAKER_MAX_MS 30000

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
	backend_close(provider->backend);
	breaker_free(provider->breaker);
	g_strfreev(provider->workspaces);
	g_strfreev(provider->names);
	g_free(provider->name);
	g_ptr_array_unref(provider->accounts);
	g_free(provider->place);
	g_free(provider->source);
	g_free(provider);
}

/* An entry known from an earlier run keeps its number. */
static Id *entry_id(
	Dir *dir, const DirLogEntry *known, const char *raw, GError **error)
{
	NodeIds *node_ids = dir->cache->node_ids;
	guint32 number;
	Id *id;

	if (known != NULL && node_ids_claim(node_ids, known->number, dir))
		number = known->number;
	else if (!node_ids_take(node_ids, dir, &number, error))
		return NULL;
	id = ids_add(dir->ids, raw, number);
	if (id == NULL)
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the name %s is empty, too long, or given twice", raw);
	return id;
}

static gboolean keep_entry(Dir *dir, const DirLogEntry *known, const Id *id,
	gint64 created_ms, GError **error)
{
	if (known != NULL && known->number == id->number && known->there)
		return TRUE;
	return dirlog_put(dir->cache->tree, id->number, dir->number, id->text,
		created_ms, error);
}

typedef struct {
	Dir *dir;
	GArray *rows;
	GError *error;
} EntryLoad;

static void add_workspace(
	EntryLoad *self, const DirLogEntry *known, const char *raw)
{
	Row row = {.phase = PHASE_IDLE};
	Dir *dir;

	row.id = ids_get(self->dir->ids, raw);
	if (self->error != NULL || row.id != NULL)
		return;
	row.id = entry_id(self->dir, known, raw, &self->error);
	if (row.id == NULL ||
		!keep_entry(self->dir, known, row.id, 0, &self->error))
		return;
	row.number = row.id->number;
	row.since_ms = known != NULL ? known->created_ms : 0;
	dir = workspace_open(self->dir, row.id);
	/* Where nobody lists workspaces, nobody tells of another name. */
	if (known != NULL && self->dir->provider->workspaces == NULL &&
		dir->title == NULL)
		dir->title = g_strdup(known->name);
	__atomic_store_n(&dir->there, 1, __ATOMIC_RELEASE);
	g_array_append_val(self->rows, row);
}

static void visit_known(const DirLogEntry *entry, void *data)
{
	EntryLoad *self = data;

	if (entry->there)
		add_workspace(self, entry, entry->id);
	else if (node_ids_claim(
			 self->dir->cache->node_ids, entry->number, self->dir))
		ids_add(self->dir->ids, entry->id, entry->number);
}

static void show_rows(Dir *dir, GArray *rows, gint64 mtime_ns)
{
	Snapshot *old = dir->shown;

	rows_sort(rows);
	pthread_mutex_lock(&dir->lock);
	dir->shown = snapshot_apply(old, (const Row *)(void *)rows->data,
		rows->len, NULL, 0, mtime_ns, NULL);
	pthread_mutex_unlock(&dir->lock);
	snapshot_unref(old);
}

static gboolean load_workspaces(
	Dir *dir, const DirLogEntry *known, GError **error)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
	EntryLoad load = {.dir = dir, .rows = rows};
	char **fixed = dir->provider->workspaces;
	DirLog *tree = dir->cache->tree;
	gint64 mtime_ns = dir->cache->created_ns;

	if (fixed == NULL)
		dirlog_foreach(tree, dir->number, visit_known, &load);
	for (; fixed != NULL && *fixed != NULL; fixed++)
		add_workspace(
			&load, dirlog_find(tree, dir->number, *fixed), *fixed);
	if (load.error != NULL) {
		g_propagate_error(error, load.error);
		return FALSE;
	}
	pthread_mutex_lock(&dir->lock);
	dir->listing.complete = dir->provider->workspaces != NULL;
	if (known != NULL && !dir->listing.complete) {
		dir->recorded_ms = dir->listing.listed_ms = known->complete_ms;
		dir->listing.complete = known->complete_ms != 0;
		mtime_ns = known->mtime_ns != 0 ? known->mtime_ns : mtime_ns;
	}
	pthread_mutex_unlock(&dir->lock);
	show_rows(dir, rows, mtime_ns);
	return TRUE;
}

/* The number that it was known under, or a new one. */
static gboolean take_number(
	Provider *provider, Account *account, GError **error)
{
	Dir *root = provider->root;
	NodeIds *node_ids = root->cache->node_ids;
	const DirLogEntry *known = account->known;

	if (known != NULL && node_ids_claim(node_ids, known->number, root))
		account->number = known->number;
	else if (!node_ids_take(node_ids, root, &account->number, error))
		return FALSE;
	return TRUE;
}

Dir *provider_open(Provider *provider, Account *account, GError **error)
{
	Dir *root = provider->root;
	Cache *cache = root->cache;
	const Id *id = provider->section;
	const DirLogEntry *known = account->known;

	if (account->dir != NULL)
		return account->dir;
	if (!take_number(provider, account, error) ||
		((known == NULL || known->number != account->number) &&
			!dirlog_put(cache->tree, account->number, 0, id->text,
				0, error)) ||
		!account_keep(provider, account, error))
		return NULL;
	account->dir = dir_new(cache, DIR_PROVIDER, root, provider,
		account->number, id->text, id_name(id), NULL);
	account->dir->account = account;
	dir_join(account->dir);
	node_ids_assign(cache->node_ids, account->number, account->dir);
	if (load_workspaces(account->dir, known, error))
		return account->dir;
	/* Half of it must not be shown by the next try. */
	account->dir = NULL;
	return NULL;
}

/* Its number is that of the account which is shown. */
static Id *section_id(Dir *root, const char *name, GError **error)
{
	Id *id = ids_add(root->ids, name, 0);

	if (id == NULL)
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the name %s is empty, too long, or given twice", name);
	return id;
}

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

static Provider *provider_new(Cache *cache, const CacheProvider *settings)
{
	Provider *provider = g_new0(Provider, 1);

	for (guint i = 0; i < WORK_KINDS; i++)
		provider->work[i] = new_pool(i, settings->name);
	provider->backend = settings->backend;
	provider->workspaces = g_strdupv(settings->workspaces);
	provider->names = g_strdupv(settings->names);
	provider->name = g_strdup(settings->name_all);
	provider->refresh_ms = settings->refresh_ms > 0 ? settings->refresh_ms
							: cache->refresh_ms;
	provider->breaker = breaker_new(
		CLAMP(provider->refresh_ms, BREAKER_MIN_MS, BREAKER_MAX_MS));
	provider->list_lag_ms = settings->list_lag_ms >= 0
					? settings->list_lag_ms
					: settings->backend->class->list_lag_ms;
	provider->read_only = settings->read_only;
	provider->rmdir_ends = settings->rmdir_ends;
	provider->start = settings->start;
	provider->views = settings->views;
	provider->ended = settings->ended;
	account_identify(provider);
	provider->root = cache->root;
	if (cache->called != NULL)
		backend_observe(provider->backend, call_ended, provider);
	g_ptr_array_add(cache->providers, provider);
	return provider;
}

gboolean cache_add(Cache *cache, const CacheProvider *settings, GError **error)
{
	Provider *provider = provider_new(cache, settings);
	Id *id = section_id(cache->root, settings->name, error);
	Row row = {.phase = PHASE_IDLE, .id = id};
	Snapshot *old;
	Dir *dir;

	if (id == NULL)
		return FALSE;
	provider->section = id;
	accounts_load(provider);
	dir = provider_open(provider, account_choose(provider), error);
	if (dir == NULL)
		return FALSE;
	provider->dir = dir;
	row.number = id->number = dir->number;
	old = cache->root->shown;
	cache->root->shown =
		snapshot_apply(old, &row, 1, NULL, 0, cache->created_ns, NULL);
	snapshot_unref(old);
	__atomic_store_n(&dir->there, 1, __ATOMIC_RELEASE);
	return TRUE;
}
