#include "apply.h"

#include <errno.h>
#include <unistd.h>

#include "change.h"
#include "content.h"
#include "disk_compact.h"
#include "hash.h"
#include "name.h"

#define NS_PER_MS 1000000

/* ---- sessions ---- */

typedef struct {
	Change *change;
	guint32 tick, sweep;
	guint fresh; /* entries that the sweep has not named before */
} Sight;

/* What is left out must not be left out silently, nor at each refresh anew. */
static void tell_clash(Dir *dir, const char *raw)
{
	g_autofree char *name =
		name_escape(raw, (const char *const *)dir->cache->reserved);

	if (!dir->clashed)
		g_warning("%s: more than one entry would be called %s: only "
			  "one is shown",
			dir->name, name);
	dir->clashed = TRUE;
}

/* The entry of an id, made when it is new.  NULL without an error: it cannot be
 * shown. */
static Id *id_of(Dir *dir, const char *raw, gboolean *ret_known, GError **error)
{
	Id *id = ids_get(dir->ids, raw);
	guint32 number;

	*ret_known = id != NULL && id->number != 0;
	if (id == NULL) {
		/* Number 0 stands for nothing, until there is one. */
		pthread_mutex_lock(&dir->lock);
		id = ids_add(dir->ids, raw, 0);
		pthread_mutex_unlock(&dir->lock);
	}
	if (id == NULL)
		tell_clash(dir, raw);
	if (id == NULL || id->number != 0)
		return id;
	if (!numbers_take(dir->cache->numbers, dir, &number, error))
		return NULL;
	pthread_mutex_lock(&dir->lock);
	id->number = number;
	pthread_mutex_unlock(&dir->lock);
	return id;
}

/* Whether this answer is to be taken; notes that the id was listed. */
static gboolean sight_counts(Sight *self, Id *id)
{
	gboolean again = self->sweep != 0 && id->swept == self->sweep;

	if (self->sweep != 0) {
		id->swept = self->sweep;
		id->missed = 0;
	}
	self->fresh += !again;
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
	/* Not later than now: so it can be counted in nanoseconds. */
	if (changed_ms > 0 && changed_ms <= now_ms() &&
		changed_ms * NS_PER_MS > before_ns)
		return changed_ms * NS_PER_MS;
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

/* What was there before must not be older now than it was then; all that went
 * away went before the membership last changed. */
static gint64 return_ms(const Dir *dir)
{
	return time_after(dir->shown->mtime_ns) / NS_PER_MS + 1;
}

static gboolean put_new(Change *change, Row *row, const Session *session,
	gboolean returns, GError **error)
{
	row->since_ms = returns ? return_ms(change->dir) : since_ms(session);
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
	gboolean returns;
	const Row *old;
	Row row = {0};

	row.id = id_of(dir, session->id, &returns, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (row.id == NULL) {
		self->fresh++;
		return TRUE;
	}
	if (!sight_counts(self, row.id))
		return TRUE;
	row.number = row.id->number;
	row.phase = (guint8)session->phase;
	row.word = words_index(dir->cache->words, session->state);
	old = snapshot_find(dir->shown, row.number);
	if (old == NULL)
		return put_new(self->change, &row, session, returns, error);
	return put_changed(self->change, &row, old, session, error);
}

static gboolean sight_all(Dir *dir, Session *const *sessions, guint n,
	Sight *sight, GError **error)
{
	Change change;
	gboolean ok = TRUE;

	sight->change = &change;
	pthread_mutex_lock(&dir->apply);
	change_begin(&change, dir);
	for (guint i = 0; ok && i < n; i++)
		ok = sight_session(sight, sessions[i], error);
	ok = ok && change_commit(&change, error);
	change_end(&change);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

gboolean apply_sessions(Dir *dir, Session *const *sessions, guint n,
	guint32 tick, guint32 sweep, GError **error)
{
	Sight sight = {.tick = tick, .sweep = sweep};

	return sight_all(dir, sessions, n, &sight, error);
}

gboolean apply_page(Dir *dir, const SessionPage *page, guint32 tick,
	guint32 sweep, guint *ret_fresh, GError **error)
{
	Sight sight = {.tick = tick, .sweep = sweep};
	GPtrArray *sessions = page->sessions;

	if (!sight_all(dir, (Session *const *)sessions->pdata, sessions->len,
		    &sight, error))
		return FALSE;
	*ret_fresh = sight.fresh;
	return TRUE;
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
	dir_load(dir);
	numbers_assign(cache->numbers, id->number, dir);
	return dir;
}

static gboolean sight_workspace(
	Sight *self, const Workspace *workspace, GError **error)
{
	Dir *dir = self->change->dir;
	g_autoptr(GError) local = NULL;
	Row row = {.phase = PHASE_IDLE};
	gboolean known;

	row.id = id_of(dir, workspace->id, &known, &local);
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
	Sight sight = {.change = &change, .tick = tick, .sweep = sweep};
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
	if (row != NULL) {
		change_cut(&change, row);
		ok = change_commit(&change, error);
	}
	change_end(&change);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

static gboolean is_missed(const Listed *listed, const Row *row)
{
	return row->id->swept != listed->sweep &&
	       row->id->asked < listed->first_tick;
}

GPtrArray *apply_missed(Dir *dir, const Listed *listed, guint most)
{
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
	SnapshotAt at;
	const Row *row;

	pthread_mutex_lock(&dir->apply);
	at = snapshot_seek(dir->shown, 0);
	while ((row = snapshot_step(dir->shown, &at)) != NULL) {
		if (!is_missed(listed, row))
			continue;
		if (ids->len < most && (row->id->missed == 0 || listed->gaps))
			g_ptr_array_add(ids, g_strdup(row->id->text));
		if (row->id->missed == 0)
			row->id->missed = listed->sweep;
	}
	pthread_mutex_unlock(&dir->apply);
	return ids;
}

static gboolean is_gone(const Dir *dir, const Listed *listed, const Row *row)
{
	if (!is_missed(listed, row))
		return FALSE;
	if (dir->kind != DIR_WORKSPACE)
		return TRUE;
	return !listed->gaps && row->id->missed != 0 &&
	       row->id->missed != listed->sweep;
}

static void cut_gone(Change *change, const Listed *listed)
{
	SnapshotAt at = snapshot_seek(change->dir->shown, 0);
	const Row *row;

	while ((row = snapshot_step(change->dir->shown, &at)) != NULL)
		if (is_gone(change->dir, listed, row))
			change_cut(change, row);
}

gboolean apply_sweep_end(Dir *dir, const Listed *listed, GError **error)
{
	Change change;
	gboolean ok;

	pthread_mutex_lock(&dir->apply);
	change_begin(&change, dir);
	cut_gone(&change, listed);
	ok = change_commit(&change, error);
	change_end(&change);
	/* A quiet sweep writes nothing: the age on disk errs to the old side. */
	if (ok && (dir->unsettled || dir->recorded_ms == 0))
		ok = change_record(dir, listed->begun_ms, error);
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
	if (dir->last == 0)
		dir_presence_changed(dir);
	dir->last = number;
	dir->text_ns = time_after(dir->text_ns);
	dir_news(dir, NEWS_TEXT);
	pthread_mutex_unlock(&dir->lock);
	pthread_mutex_unlock(&dir->apply);
	return ok;
}

static gboolean sync_file(const Dir *dir, int file)
{
	gboolean ok = file >= 0 && fdatasync(file) == 0;

	if (!ok)
		g_warning("%s: %s", dir->name, g_strerror(errno));
	if (file >= 0)
		close(file);
	return ok;
}

/* Waits for the medium outside of the lock: an order must not wait too. */
static void sync_files(Dir *dir)
{
	int files[2] = {-1, -1};
	gboolean ok = TRUE;
	guint64 commits;

	pthread_mutex_lock(&dir->apply);
	commits = disk_share(dir->disk, files);
	pthread_mutex_unlock(&dir->apply);
	if (files[0] < 0 && files[1] < 0)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		ok = sync_file(dir, files[i]) && ok;
	if (!ok)
		return;
	pthread_mutex_lock(&dir->apply);
	disk_shared_synced(dir->disk, commits);
	pthread_mutex_unlock(&dir->apply);
}

static DiskCompact *compact_begin(Dir *dir)
{
	DiskCompact *compact = NULL;

	pthread_mutex_lock(&dir->apply);
	if (!dir->compacting && disk_wants_compact(dir->disk)) {
		compact = disk_compact_begin(dir->disk, dir->shown,
			dir->cache->words, &dir->cache->stopping);
		dir->compacting = TRUE;
	}
	pthread_mutex_unlock(&dir->apply);
	return compact;
}

static gboolean compact_end(Dir *dir, DiskCompact *compact, GError **error)
{
	g_autoptr(GArray) rows = NULL;
	Snapshot *old = dir->shown, *empty;
	DiskState state = {.shown = old,
		.ids = dir->ids,
		.complete_ms = dir->recorded_ms,
		.last = dir->last};

	if (!disk_compact_end(compact, dir->disk, &state, &rows, error))
		return FALSE;
	empty = snapshot_new(old->mtime_ns, NULL);
	pthread_mutex_lock(&dir->lock);
	dir->shown = snapshot_apply(empty, (const Row *)(void *)rows->data,
		rows->len, NULL, 0, old->mtime_ns, dir->disk->heap);
	pthread_mutex_unlock(&dir->lock);
	snapshot_unref(empty);
	snapshot_unref(old);
	return TRUE;
}

static void compact(Dir *dir)
{
	g_autoptr(DiskCompact) compact = compact_begin(dir);
	g_autoptr(GError) error = NULL;
	gboolean ok;

	if (compact == NULL)
		return;
	ok = disk_compact_rows(compact, &error);
	pthread_mutex_lock(&dir->apply);
	if (!ok || !compact_end(dir, compact, &error)) {
		g_debug("%s: %s", dir->disk->path, error->message);
		disk_compact_failed(dir->disk);
	}
	dir->compacting = FALSE;
	pthread_mutex_unlock(&dir->apply);
}

void apply_tidy(Dir *dir)
{
	if (dir->disk == NULL || cache_is_stopping(dir->cache))
		return;
	sync_files(dir);
	compact(dir);
}
