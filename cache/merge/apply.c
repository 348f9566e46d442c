#include "cache/merge/apply.h"

#include <string.h>

#include "cache/merge/workspace.h"
#include "cache/views/index.h"

/* The most between two answers that are more than one. */
#define TWO_ANSWERS_MS 1000

/* ---- workspaces ---- */

/* What the provider calls it now; *ret_other: it had another name before. */
static gboolean incoming_title(Dir *dir, const Workspace *workspace,
	gboolean *ret_other, GError **error)
{
	g_autofree char *title = g_strndup(
		workspace->name, MIN(strlen(workspace->name), SESSION_ID_MAX));

	*ret_other = strcmp(title, dir->title != NULL ? dir->title : "") != 0;
	if (!*ret_other)
		return TRUE;
	if (!dirlog_name(dir->cache->tree, dir->number, title, error))
		return FALSE;
	g_free(dir->title);
	dir->title = *title != '\0' ? g_steal_pointer(&title) : NULL;
	return TRUE;
}

/* One that is shown: only its name can be another. */
static gboolean incoming_shown(Incoming *self, const Row *old,
	const Workspace *workspace, GError **error)
	REQUIRES(self->change->dir->apply)
{
	Dir *dir = workspace_open(self->change->dir, old->id);
	gboolean other;
	Row row = *old;

	if (!incoming_title(dir, workspace, &other, error))
		return FALSE;
	if (row.mtimes != NULL)
		mtimes_ref(row.mtimes);
	return !other || change_put(self->change, &row, old, NULL, 0, 0, error);
}

static gboolean incoming_workspace(
	Incoming *self, gconstpointer entry, GError **error)
{
	const Workspace *workspace = entry;
	Dir *dir = self->change->dir;
	Row row = {.phase = PHASE_IDLE};
	gboolean known, other;
	const Row *old;

	mutex_is_held(&self->change->dir->apply);
	row.id = incoming_id(dir, workspace->id);
	if (row.id == NULL)
		return incoming_clashed(self);
	if (!incoming_number(dir, row.id, &known, error))
		return FALSE;
	if (incoming_counts(self, row.id) == INCOMING_OLD)
		return TRUE;
	row.number = row.id->number;
	old = snapshot_find(dir_shown(dir), row.number);
	if (old != NULL)
		return incoming_shown(self, old, workspace, error);
	if (incoming_is_over(self))
		return TRUE;
	row.since_ms = workspace->created_ms;
	if (!dirlog_put(dir->cache->tree, row.number, dir->number,
		    workspace->id, row.since_ms, error))
		return FALSE;
	return incoming_title(
		       workspace_open(dir, row.id), workspace, &other, error) &&
	       change_put(self->change, &row, NULL, NULL, 0, 0, error);
}

gboolean apply_workspaces(Dir *dir, Workspace *const *workspaces, guint n,
	guint32 tick, guint32 relist, Applied *ret, GError **error)
{
	Incoming incoming = {
		.ticks.asked = tick, .relist = relist, .told = ret};

	return incoming_apply(&incoming, dir, (gconstpointer const *)workspaces,
		n, incoming_workspace, error);
}

/* ---- what is there no more ---- */

/* Whoever reads a file may ask twice: both get one answer. */
static gboolean is_second(const Dir *dir, gint64 now_us) REQUIRES(dir->apply)
{
	gint64 apart_ms = MIN(dir->provider->refresh_ms / 2, TWO_ANSWERS_MS);

	return now_us - dir->doubted_us >= apart_ms * G_TIME_SPAN_MILLISECOND;
}

/* Whether an answer about this one alone is enough; notes it otherwise. */
static gboolean is_sure_gone(Dir *dir, Id *id) REQUIRES(dir->apply)
{
	gint64 now_us = clock_now_us(dir->cache->clock);

	if (recent_writes_spares(dir->recent_writes, id, 0))
		return TRUE;
	if (id->missed == 0 && id->relisted != 0) {
		id->missed = MISSED_BY_GET;
		dir->doubted_us = now_us;
		return FALSE;
	}
	return id->missed != MISSED_BY_GET ||
	       (!dir->gets_err && is_second(dir, now_us));
}

gboolean apply_gone(Dir *dir, const char *raw, guint32 tick, GError **error)
{
	guint32 came = dir_tick(dir);
	Change change;
	gboolean ok = TRUE;
	const Row *row = NULL;
	Id *id;

	mutex_lock(&dir->apply);
	change_begin(&change, dir);
	id = ids_get(dir_ids(dir), raw);
	if (id != NULL && id->came <= tick) {
		id->asked = tick;
		id->came = came;
		row = snapshot_find(dir_shown(dir), id->number);
	}
	if (row != NULL && is_sure_gone(dir, id)) {
		change_remove(&change, row);
		ok = change_commit(&change, error);
	}
	change_end(&change);
	mutex_unlock(&dir->apply);
	return ok;
}

gboolean apply_left_open(Dir *dir, const char *raw, guint32 tick)
{
	const Row *row = NULL;
	gboolean open = FALSE;
	const Id *id;

	mutex_lock(&dir->apply);
	id = ids_get(dir_ids(dir), raw);
	if (id != NULL)
		row = snapshot_find(dir_shown(dir), id->number);
	if (id != NULL && id->came > tick)
		open = id->asked < tick ||
		       (id->asked > tick && row != NULL && row->partial);
	mutex_unlock(&dir->apply);
	return open;
}

static gboolean is_missed(const Listed *listed, const Row *row)
{
	return row->id->relisted != listed->relist &&
	       row->id->asked < listed->first_tick;
}

GPtrArray *apply_missed(Dir *dir, Listed *listed, guint most)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

	mutex_lock(&dir->apply);
	snapshot_foreach (row, dir_shown(dir), 0) {
		if (!is_missed(listed, row))
			continue;
		if (ids->len < most && (row->id->missed == 0 || listed->gaps))
			g_ptr_array_add(ids, g_strdup(row->id->text));
		if (row->id->missed != 0)
			continue;
		row->id->missed = listed->relist;
		listed->missed++;
	}
	mutex_unlock(&dir->apply);
	return ids;
}

static gboolean is_gone(const Listed *listed, const Row *row)
{
	return is_missed(listed, row) && !listed->gaps &&
	       row->id->missed != 0 && row->id->missed != listed->relist;
}

static void remove_gone(Change *change, const Listed *listed)
	REQUIRES(change->dir->apply)
{
	snapshot_foreach (row, dir_shown(change->dir), 0) {
		if (!is_gone(listed, row))
			continue;
		if (row->id->missed == MISSED_BY_GET)
			change->dir->gets_err = FALSE;
		change_remove(change, row);
	}
}

gboolean apply_relist_end(Dir *dir, const Listed *listed, GError **error)
{
	Change change;
	gboolean ok;

	mutex_lock(&dir->apply);
	change_begin(&change, dir);
	remove_gone(&change, listed);
	ok = change_commit(&change, error);
	change_end(&change);
	if (ok)
		recent_writes_forget(dir->recent_writes, listed->relist);
	/* What had no descriptor then may have one now. */
	if (ok)
		index_mend(dir);
	/* A quiet full listing writes nothing: the age on disk errs to the old side. */
	if (ok && (dir->unsettled || dir->recorded_ms == 0))
		ok = change_record(dir, listed->begun_ms, error);
	mutex_unlock(&dir->apply);
	return ok;
}

void apply_finish(Dir *dir)
{
	g_autoptr(GError) error = NULL;
	gint64 listed = listing_get(dir->listing).listed_ms;

	mutex_lock(&dir->apply);
	if (dir->recorded_ms != 0 && listed > dir->recorded_ms &&
		!change_record(dir, listed, &error))
		g_debug("%s", error->message);
	mutex_unlock(&dir->apply);
}

gboolean apply_last(Dir *dir, guint32 number, GError **error)
{
	gboolean ok;

	mutex_lock(&dir->apply);
	disk_last(dir->disk, number);
	ok = disk_commit(dir->disk, error);
	dir_set_last(dir, number);
	mutex_unlock(&dir->apply);
	return ok;
}
