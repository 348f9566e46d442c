#include "cache/merge/provider_open.h"

#include "cache/merge/workspace.h"

/* An entry of dir that is known from an earlier run keeps its number. */
static gboolean take_number(
	Dir *dir, const DirLogEntry *known, guint32 *ret_number, GError **error)
{
	NodeIds *node_ids = dir->cache->node_ids;

	if (known == NULL || !node_ids_claim(node_ids, known->number, dir))
		return node_ids_take(node_ids, dir, ret_number, error);
	*ret_number = known->number;
	return TRUE;
}

static Id *entry_id(Dir *dir, const DirLogEntry *known, const char *raw,
	GError **error) REQUIRES(dir->apply)
{
	guint32 number;
	Id *id;

	if (!take_number(dir, known, &number, error))
		return NULL;
	id = ids_add(dir_ids(dir), raw, number);
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

static void add_workspace(EntryLoad *self, const DirLogEntry *known,
	const char *raw) REQUIRES(self->dir->apply)
{
	Row row = {.phase = PHASE_IDLE};
	Dir *dir;

	row.id = ids_get(dir_ids(self->dir), raw);
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

	mutex_is_held(&self->dir->apply);
	if (entry->there)
		add_workspace(self, entry, entry->id);
	else if (node_ids_claim(
			 self->dir->cache->node_ids, entry->number, self->dir))
		ids_add(dir_ids(self->dir), entry->id, entry->number);
}

static void show_rows(Dir *dir, GArray *rows, gint64 mtime_ns)
	REQUIRES(dir->apply)
{
	rows_sort(rows);
	dir_show(dir,
		snapshot_apply(dir_shown(dir), (const Row *)(void *)rows->data,
			rows->len, NULL, 0, mtime_ns, NULL));
}

static gboolean load_workspaces(
	Dir *dir, const DirLogEntry *known, GError **error) REQUIRES(dir->apply)
{
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));
	EntryLoad load = {.dir = dir, .rows = rows};
	char **fixed = dir->provider->workspaces;
	DirLog *tree = dir->cache->tree;
	gint64 mtime_ns = dir->cache->created_ns;

	if (fixed == NULL)
		dirlog_foreach(tree, dir->number, visit_known, &load);
	mutex_is_held(&load.dir->apply);
	for (; fixed != NULL && *fixed != NULL; fixed++)
		add_workspace(
			&load, dirlog_find(tree, dir->number, *fixed), *fixed);
	if (load.error != NULL) {
		g_propagate_error(error, load.error);
		return FALSE;
	}
	known = dir->provider->workspaces == NULL ? known : NULL;
	if (known != NULL && known->mtime_ns != 0)
		mtime_ns = known->mtime_ns;
	show_rows(dir, rows, mtime_ns);
	if (dir->provider->workspaces != NULL)
		listing_fix(dir->listing, TRUE);
	if (known == NULL)
		return TRUE;
	dir->recorded_ms = known->complete_ms;
	listing_restore(dir->listing, known->complete_ms);
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
	if (!take_number(root, known, &account->number, error) ||
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
	mutex_is_held(&account->dir->apply); /* nobody else knows it yet */
	if (load_workspaces(account->dir, known, error))
		return account->dir;
	/* Half of it must not be shown by the next try. */
	account->dir = NULL;
	return NULL;
}
