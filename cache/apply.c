#include "apply.h"

#include "change.h"
#include "content.h"
#include "hash.h"

/* ---- sessions ---- */

typedef struct {
	Change *change;
	guint32 tick, sweep;
} Sight;

/* The entry of an id; *ret_known FALSE when it is new.  NULL without an error:
 * it cannot be shown. */
static Id *id_of(Dir *dir, const char *raw, GError **error)
{
	Id *id = ids_get(dir->ids, raw);
	guint32 number;

	if (id != NULL)
		return id;
	if (!numbers_take(dir->cache->numbers, dir, &number, error))
		return NULL;
	pthread_mutex_lock(&dir->lock);
	id = ids_add(dir->ids, raw, number);
	pthread_mutex_unlock(&dir->lock);
	if (id == NULL)
		g_warning("%s: an entry has the name of another: left out",
			dir->id);
	return id;
}

/* Whether this answer is to be taken; notes that the id was listed. */
static gboolean sight_counts(const Sight *self, Id *id)
{
	gboolean again = self->sweep != 0 && id->swept == self->sweep;

	if (self->sweep != 0)
		id->swept = self->sweep;
	if (again || id->asked > self->tick)
		return FALSE;
	id->asked = self->tick;
	return TRUE;
}

static gboolean body_is_same(Dir *dir, const Row *old, const Session *session)
{
	g_autofree char *body = NULL;

	if (old->body_len != session->body_len ||
		old->body_hash != hash_bytes(session->body, session->body_len))
		return FALSE;
	if (!__atomic_load_n(&dir->distrust, __ATOMIC_RELAXED))
		return TRUE;
	body = dir_body(dir, dir->shown, old, NULL);
	return body != NULL;
}

/* The files whose bytes differ between a row and what is now said of it. */
static guint files_changed(Dir *dir, const Row *old, const Row *new,
	const Session *session, gboolean same_body)
{
	g_autofree char *body = NULL;
	guint files = 0;

	if (old->word != new->word)
		files |= 1u << SESSION_STATE;
	if (old->phase != new->phase)
		files |= 1u << SESSION_PHASE;
	if (same_body)
		return files;
	body = dir_body(dir, dir->shown, old, NULL);
	return files |
	       content_diff(dir->provider->backend, body != NULL ? body : "",
		       body != NULL ? old->body_len : 0, session->body,
		       session->body_len);
}

static gint64 moved_ns(gint64 before_ns, gint64 changed_ms)
{
	gint64 changed_ns = changed_ms * 1000000;

	if (changed_ms > 0 && changed_ms <= now_ms() && changed_ns > before_ns)
		return changed_ns;
	return time_after(before_ns);
}

static Mtimes *moved_times(const Row *old, guint files, gint64 changed_ms)
{
	Mtimes *times = g_new0(Mtimes, 1);

	times->refs = 1;
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		gint64 ns = row_mtime_ns(old, file);

		if (files & (1u << file))
			ns = moved_ns(ns, changed_ms);
		times->ns[file] = ns;
	}
	return times;
}

static gint64 since_ms(const Session *session)
{
	gint64 now = now_ms();

	if (session->changed_ms > 0 && session->changed_ms <= now)
		return session->changed_ms;
	if (session->created_ms > 0 && session->created_ms <= now)
		return session->created_ms;
	return now;
}

static gboolean put_new(
	Change *change, Row *row, const Session *session, GError **error)
{
	row->since_ms = since_ms(session);
	return change_put(
		change, row, NULL, session->body, session->body_len, 0, error);
}

static gboolean put_changed(Change *change, Row *row, const Row *old,
	const Session *session, GError **error)
{
	gboolean same = body_is_same(change->dir, old, session);
	guint files;

	if (same && old->word == row->word && old->phase == row->phase)
		return TRUE;
	files = files_changed(change->dir, old, row, session, same);
	row->since_ms = old->since_ms;
	row->body_at = old->body_at;
	row->body_len = old->body_len;
	row->body_hash = old->body_hash;
	if (files != 0)
		row->mtimes = moved_times(old, files, session->changed_ms);
	else
		row->mtimes = mtimes_ref(old->mtimes);
	return change_put(change, row, old, same ? NULL : session->body,
		session->body_len, files, error);
}

static gboolean sight_session(
	Sight *self, const Session *session, GError **error)
{
	Dir *dir = self->change->dir;
	g_autoptr(GError) local = NULL;
	const Row *old;
	Row row = {0};

	row.id = id_of(dir, session->id, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (row.id == NULL || !sight_counts(self, row.id))
		return TRUE;
	row.number = row.id->number;
	row.phase = (guint8)session->phase;
	if (!words_index(dir->cache->words, session->state, &row.word, error))
		return FALSE;
	old = snapshot_find(dir->shown, row.number);
	if (old == NULL)
		return put_new(self->change, &row, session, error);
	return put_changed(self->change, &row, old, session, error);
}

gboolean apply_sessions(Dir *dir, Session *const *sessions, guint n,
	guint32 tick, guint32 sweep, GError **error)
{
	Change change;
	Sight sight = {&change, tick, sweep};
	gboolean ok = TRUE;

	pthread_mutex_lock(&dir->apply);
	change_begin(&change, dir);
	for (guint i = 0; ok && i < n; i++)
		ok = sight_session(&sight, sessions[i], error);
	ok = ok && change_commit(&change, error);
	change_end(&change);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

/* ---- workspaces ---- */

Dir *apply_workspace_dir(Dir *provider, Id *id)
{
	Cache *cache = provider->cache;
	Dir *dir = numbers_owner(cache->numbers, id->number);
	char *path;

	if (dir != NULL && dir->number == id->number)
		return dir;
	path = g_build_filename(
		cache->state_dir, provider->name, id_name(id), NULL);
	dir = dir_new(cache, DIR_WORKSPACE, provider, provider->provider,
		id->number, id->text, id_name(id), disk_new(path));
	numbers_assign(cache->numbers, id->number, dir);
	return dir;
}

static gboolean sight_workspace(
	Sight *self, const Workspace *workspace, GError **error)
{
	Dir *dir = self->change->dir;
	g_autoptr(GError) local = NULL;
	Row row = {.phase = PHASE_IDLE};

	row.id = id_of(dir, workspace->id, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (row.id == NULL || !sight_counts(self, row.id))
		return TRUE;
	row.number = row.id->number;
	if (snapshot_find(dir->shown, row.number) != NULL)
		return TRUE;
	row.since_ms = workspace->created_ms;
	if (!tree_put(dir->cache->tree, row.number, dir->number, workspace->id,
		    row.since_ms, error))
		return FALSE;
	apply_workspace_dir(dir, row.id);
	return change_put(self->change, &row, NULL, NULL, 0, 0, error);
}

gboolean apply_workspaces(Dir *dir, Workspace *const *workspaces, guint n,
	guint32 tick, guint32 sweep, GError **error)
{
	Change change;
	Sight sight = {&change, tick, sweep};
	gboolean ok = TRUE;

	pthread_mutex_lock(&dir->apply);
	change_begin(&change, dir);
	for (guint i = 0; ok && i < n; i++)
		ok = sight_workspace(&sight, workspaces[i], error);
	ok = ok && change_commit(&change, error);
	change_end(&change);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

/* ---- what is there no more ---- */

gboolean apply_gone(Dir *dir, const char *raw, guint32 tick, GError **error)
{
	Change change;
	gboolean ok = TRUE;
	const Row *row = NULL;
	Id *id;

	pthread_mutex_lock(&dir->apply);
	change_begin(&change, dir);
	id = ids_get(dir->ids, raw);
	if (id != NULL && id->asked <= tick) {
		id->asked = tick;
		row = snapshot_find(dir->shown, id->number);
	}
	if (row != NULL)
		ok = change_cut(&change, row, error) &&
		     change_commit(&change, error);
	change_end(&change);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

static gboolean cut_unswept(
	Change *change, guint32 sweep, guint32 first_tick, GError **error)
{
	SnapshotAt at = snapshot_seek(change->dir->shown, 0);
	const Row *row;

	while ((row = snapshot_step(change->dir->shown, &at)) != NULL)
		if (row->id->swept != sweep && row->id->asked < first_tick &&
			!change_cut(change, row, error))
			return FALSE;
	return TRUE;
}

gboolean apply_sweep_end(Dir *dir, guint32 sweep, guint32 first_tick,
	gint64 complete_ms, GError **error)
{
	Change change;
	gboolean ok;

	pthread_mutex_lock(&dir->apply);
	change_begin(&change, dir);
	ok = cut_unswept(&change, sweep, first_tick, error) &&
	     change_commit(&change, error);
	change_end(&change);
	/* A quiet sweep writes nothing: the age on disk errs to the old side. */
	if (ok && (dir->unsettled || dir->recorded_ms == 0))
		ok = change_record(dir, complete_ms, error);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

void apply_settle(Dir *dir)
{
	g_autoptr(GError) error = NULL;
	gint64 listed;

	pthread_mutex_lock(&dir->lock);
	listed = dir->listing.listed_ms;
	pthread_mutex_unlock(&dir->lock);
	pthread_mutex_lock(&dir->apply);
	if (dir->recorded_ms != 0 && listed > dir->recorded_ms &&
		!change_record(dir, listed, &error))
		g_debug("%s", error->message);
	pthread_mutex_unlock(&dir->apply);
}

gboolean apply_last(Dir *dir, guint32 number, GError **error)
{
	gboolean ok;

	pthread_mutex_lock(&dir->apply);
	disk_last(dir->disk, number);
	ok = disk_commit(dir->disk, error);
	pthread_mutex_lock(&dir->lock);
	dir->last = number;
	dir->text_ns = time_after(dir->text_ns);
	dir_news(dir, NEWS_TEXT);
	pthread_mutex_unlock(&dir->lock);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

void apply_compact(Dir *dir)
{
	g_autoptr(GArray) rows = NULL;
	g_autoptr(Snapshot) old = NULL;
	g_autoptr(GError) error = NULL;
	Snapshot *next;

	pthread_mutex_lock(&dir->apply);
	if (dir->disk == NULL || !disk_wants_compact(dir->disk)) {
		pthread_mutex_unlock(&dir->apply);
		return;
	}
	if (!disk_compact(dir->disk, dir->shown, dir->ids, dir->cache->words,
		    dir->recorded_ms, dir->last, &rows, &error)) {
		g_warning("%s", error->message);
		pthread_mutex_unlock(&dir->apply);
		return;
	}
	old = snapshot_ref(dir->shown);
	next = snapshot_new(old->mtime_ns, NULL);
	next = change_rebuild(next, rows, old->mtime_ns, dir->disk->heap);
	pthread_mutex_lock(&dir->lock);
	snapshot_unref(dir->shown);
	dir->shown = next;
	pthread_mutex_unlock(&dir->lock);
	pthread_mutex_unlock(&dir->apply);
}
