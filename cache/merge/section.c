#include "cache/merge/section.h"

#include "cache/merge/apply.h"
#include "cache/merge/change.h"

/* The section's row for another directory than the one that is shown. */
static gboolean put_section(Change *change, Dir *dir, GError **error)
	REQUIRES(change->dir->apply)
{
	Row row = {.phase = PHASE_IDLE, .id = (Id *)dir->provider->section};

	row.number = dir->number;
	change_renumber_as(change, row.id, dir->number);
	return change_put(change, &row, NULL, NULL, 0, 0, error);
}

gboolean section_show(Dir *old, Dir *dir, GError **error)
{
	Dir *root = (dir != NULL ? dir : old)->parent;
	Change change;
	gboolean ok = TRUE;

	mutex_is_held(&root->apply); /* by the caller, see section.h */
	change_begin(&change, root);
	if (old != NULL)
		change_remove(&change, snapshot_find(root->shown, old->number));
	if (dir != NULL)
		ok = put_section(&change, dir, error);
	if (ok && dir != NULL && old != NULL)
		__atomic_store_n(&dir->looked_us,
			__atomic_load_n(&old->looked_us, __ATOMIC_RELAXED),
			__ATOMIC_RELAXED);
	if (ok && dir != NULL)
		__atomic_store_n(&dir->provider->dir, dir, __ATOMIC_RELEASE);
	ok = ok && change_commit(&change, error);
	change_end(&change);
	return ok;
}

void section_retire(Dir *dir, gboolean retired)
{
	Cache *cache = dir->cache;

	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		Dir *one = g_ptr_array_index(cache->dirs, i);

		if (one == dir || one->parent == dir)
			__atomic_store_n(
				&one->retired, retired, __ATOMIC_RELEASE);
	}
	mutex_unlock(&cache->lock);
}

/* ---- the workspaces that a section names ---- */

static gboolean is_named(char *const *workspaces, const char *id)
{
	for (; *workspaces != NULL; workspaces++)
		if (g_str_equal(*workspaces, id))
			return TRUE;
	return FALSE;
}

/* Each that is shown stays, under the name that it has now, or goes. */
static gboolean keep_or_remove(Change *change, char *const *workspaces,
	const Row *old, GError **error) REQUIRES(change->dir->apply)
{
	NodeIds *node_ids = change->dir->cache->node_ids;
	Row row = *old;

	if (workspaces != NULL && !is_named(workspaces, old->id->text)) {
		section_retire(node_ids_owner(node_ids, old->number), TRUE);
		change_remove(change, old);
		return TRUE;
	}
	if (row.mtimes != NULL)
		mtimes_ref(row.mtimes);
	return change_put(change, &row, old, NULL, 0, 0, error);
}

static gboolean look_through(Dir *dir, char *const *workspaces, GError **error)
{
	g_autoptr(Snapshot) shown = NULL;
	const Row *row;
	Change change;
	gboolean ok = TRUE;

	mutex_lock(&dir->apply);
	shown = dir_snapshot(dir);
	change_begin(&change, dir);
	for (row = snapshot_after(shown, 0); ok && row != NULL;
		row = snapshot_next(shown, row))
		ok = keep_or_remove(&change, workspaces, row, error);
	ok = ok && change_commit(&change, error);
	change_end(&change);
	mutex_unlock(&dir->apply);
	return ok;
}

static gboolean add_named(Dir *dir, char *const *workspaces, GError **error)
{
	gboolean ok = TRUE;

	for (; ok && workspaces != NULL && *workspaces != NULL; workspaces++) {
		Workspace named = {.id = *workspaces, .name = (char *)""};
		Workspace *const one = &named;
		Dir *made;

		ok = apply_workspaces(
			dir, &one, 1, dir_tick(dir), 0, NULL, error);
		made = node_ids_owner(
			dir->cache->node_ids, dir_number(dir, *workspaces));
		if (made != NULL)
			section_retire(made, FALSE);
	}
	return ok;
}

gboolean section_workspaces(Dir *dir, GError **error)
{
	char *const *workspaces = dir->provider->workspaces;

	if (!look_through(dir, workspaces, error) ||
		!add_named(dir, workspaces, error))
		return FALSE;
	listing_fix(dir->listing, workspaces != NULL);
	return TRUE;
}
