#include "apply.h"
#include "ask.h"
#include "content.h"
#include "name.h"
#include "refresh.h"

/* A listing that failed is asked for again on a look, but not at once; later
 * from time to time, unless nobody has asked for long. */
#define FAILED_US G_USEC_PER_SEC
#define FAILED_MAX_US (60 * G_USEC_PER_SEC)
#define FAILED_SHIFT_MAX 6

/* ---- entries ---- */

static void entry_of_session(const Dir *dir, const Row *row, Entry *ret)
{
	const Provider *provider = dir->provider;

	*ret = (Entry){.number = row->number, .kind = ENTRY_SESSION};
	ret->parent = ret->workspace = dir->number;
	ret->provider = dir->parent->number;
	ret->files = provider->backend->class->files;
	ret->read_only = provider->read_only;
	ret->rmdir_ends = provider->rmdir_ends;
	ret->mtime_ns = row->since_ms * 1000000;
}

static void entry_of_dir(Dir *dir, Entry *ret)
{
	*ret = (Entry){.number = dir->number, .kind = ENTRY_PROVIDER};
	if (dir->kind != DIR_ROOT) {
		ret->parent = dir->parent->number;
		ret->provider = dir->provider->dir->number;
		ret->read_only = dir->provider->read_only;
		ret->rmdir_ends = dir->provider->rmdir_ends;
	}
	if (dir->kind == DIR_WORKSPACE) {
		ret->kind = ENTRY_WORKSPACE;
		ret->workspace = dir->number;
	}
	pthread_mutex_lock(&dir->lock);
	ret->mtime_ns = MAX(dir->shown->mtime_ns, dir->presence_ns);
	pthread_mutex_unlock(&dir->lock);
}

/* The entry of a row that stands in dir. */
static void entry_of_row(Dir *dir, const Row *row, Entry *ret)
{
	if (dir->kind == DIR_WORKSPACE)
		entry_of_session(dir, row, ret);
	else
		entry_of_dir(
			numbers_owner(dir->cache->numbers, row->number), ret);
}

/* The snapshot and row of a session; both NULL when it is not there. */
static Snapshot *session_row(
	Cache *cache, guint32 number, Dir **ret_dir, const Row **ret_row)
{
	Dir *dir = dir_around(cache, number);
	g_autoptr(Snapshot) shown = NULL;
	const Row *row;

	if (dir == NULL || dir->kind != DIR_WORKSPACE ||
		dir->number == number || !dir_is_there(dir))
		return NULL;
	shown = dir_snapshot(dir);
	row = snapshot_find(shown, number);
	if (row == NULL)
		return NULL;
	*ret_dir = dir;
	*ret_row = row;
	return g_steal_pointer(&shown);
}

gboolean cache_entry(Cache *cache, guint32 number, Entry *ret)
{
	Dir *dir = dir_find(cache, number);
	g_autoptr(Snapshot) shown = NULL;
	const Row *row = NULL;

	if (dir != NULL) {
		entry_of_dir(dir, ret);
		return TRUE;
	}
	shown = session_row(cache, number, &dir, &row);
	if (shown != NULL)
		entry_of_session(dir, row, ret);
	return shown != NULL;
}

/* ---- what is not known ---- */

/* With Dir.lock: when somebody may ask again for a listing that failed; he who
 * comes after a long silence may at once. */
static gint64 again_us(Listing *listing, gint64 now)
{
	guint shift = MIN(listing->failures, FAILED_SHIFT_MAX);
	gint64 pause_us = MIN(FAILED_US << shift, FAILED_MAX_US);
	gboolean silence = now - listing->begged_us > FAILED_MAX_US;

	listing->begged_us = now;
	return MAX(
		silence ? 0 : listing->failed_us + pause_us, listing->retry_us);
}

/* With Dir.lock, for a listing that was never complete: asks for it, unless
 * that failed just now. */
static Known want_listing(Dir *dir, gboolean *ret_poke, GError **error)
{
	Listing *listing = &dir->listing;
	gint64 now = g_get_monotonic_time();
	gint64 again;

	if (listing->complete)
		return KNOWN_YES;
	again = again_us(listing, now);
	if (listing->sweeping)
		return KNOWN_NOT_YET;
	if (listing->error != NULL && now < again) {
		if (error != NULL)
			*error = g_error_copy(listing->error);
		return KNOWN_FAILED;
	}
	if (!listing->wanted)
		listing->wanted = *ret_poke = TRUE;
	return KNOWN_NOT_YET;
}

/* With Dir.lock: a name that is not shown. */
static Known want_name(Dir *dir, const char *name, gboolean *ret_poke,
	gboolean *ret_push, GError **error)
{
	if (dir->listing.complete)
		return KNOWN_NO;
	if (dir->kind == DIR_WORKSPACE && !name_is_cut(name))
		return ask_about(dir, name, ret_push, error);
	if (*name == '.')
		return KNOWN_NO;
	return want_listing(dir, ret_poke, error);
}

Known cache_find(Cache *cache, guint32 parent, const char *name, Entry *ret,
	GError **error)
{
	Dir *dir = dir_find(cache, parent);
	g_autoptr(Snapshot) shown = NULL;
	gboolean poke = FALSE, push = FALSE;
	const Row *row = NULL;
	Known known = KNOWN_YES;
	const Id *id;

	if (dir == NULL)
		return KNOWN_NO;
	pthread_mutex_lock(&dir->lock);
	id = ids_find(dir->ids, name);
	if (id != NULL)
		row = snapshot_find(dir->shown, id->number);
	if (row == NULL)
		known = want_name(dir, name, &poke, &push, error);
	else
		shown = snapshot_ref(dir->shown);
	pthread_mutex_unlock(&dir->lock);
	if (row != NULL)
		entry_of_row(dir, row, ret);
	if (poke)
		refresh_poke(cache->refresh);
	if (push && !pool_push(cache->asks, ask_run, dir))
		g_debug("%s: asked after the end", dir->id);
	return known;
}

/* ---- listing ---- */

Known cache_list(Cache *cache, guint32 parent, guint32 after, CacheVisit visit,
	void *data, GError **error)
{
	Dir *dir = dir_find(cache, parent);
	g_autoptr(Snapshot) shown = NULL;
	g_autoptr(GError) local = NULL;
	gboolean poke = FALSE;
	const Row *row;
	SnapshotAt at;
	Known known;

	if (dir == NULL) {
		backend_error_set(error, BACKEND_ERROR_GONE,
			"there is no such directory any more");
		return KNOWN_FAILED;
	}
	pthread_mutex_lock(&dir->lock);
	shown = snapshot_ref(dir->shown);
	known = want_listing(dir, &poke, &local);
	pthread_mutex_unlock(&dir->lock);
	if (poke)
		refresh_poke(cache->refresh);
	at = snapshot_seek(shown, after);
	while ((row = snapshot_step(shown, &at)) != NULL) {
		Entry entry;

		entry_of_row(dir, row, &entry);
		if (!visit(&entry, id_name(row->id), data))
			return KNOWN_YES;
	}
	if (local != NULL)
		g_propagate_error(error, g_steal_pointer(&local));
	return known;
}

/* ---- content ---- */

static gboolean set_gone(GError **error)
{
	backend_error_set(
		error, BACKEND_ERROR_GONE, "there is no such session any more");
	return FALSE;
}

static void content_of(Dir *dir, const Row *row, SessionFile file,
	const char *body, GString *out)
{
	content_append(dir->provider->backend, file,
		words_get(dir->cache->words, row->word), (Phase)row->phase,
		body, row->body_len, out);
}

/* The sizes of all files that come from the body, at the price of one read. */
static gboolean sizes_of(Dir *dir, const Snapshot *shown, const Row *row,
	guint32 ret_sizes[N_SESSION_FILES], GError **error)
{
	g_autoptr(GString) out = NULL;
	g_autofree char *body = NULL;

	if (sizes_get(
		    dir->cache->sizes, row->number, row->body_hash, ret_sizes))
		return TRUE;
	body = dir_body(dir, shown, row, error);
	if (body == NULL)
		return FALSE;
	out = g_string_new(NULL);
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		g_string_truncate(out, 0);
		content_of(dir, row, file, body, out);
		ret_sizes[file] = (guint32)out->len;
	}
	sizes_put(dir->cache->sizes, row->number, row->body_hash, ret_sizes);
	return TRUE;
}

static gboolean has_file(const Dir *dir, SessionFile file)
{
	return file < N_SESSION_FILES &&
	       (dir->provider->backend->class->files & (1u << file)) != 0;
}

gboolean cache_stat(Cache *cache, guint32 session, SessionFile file,
	ContentStat *ret, GError **error)
{
	guint32 sizes[N_SESSION_FILES];
	const Row *row = NULL;
	Dir *dir = NULL;
	g_autoptr(Snapshot) shown = session_row(cache, session, &dir, &row);

	if (shown == NULL || !has_file(dir, file))
		return set_gone(error);
	if (file == SESSION_STATE || file == SESSION_PHASE) {
		g_autoptr(GString) out = g_string_new(NULL);

		content_of(dir, row, file, "", out);
		ret->size = out->len;
	} else if (file == SESSION_JSON) {
		ret->size = row->body_len > 0 ? row->body_len + 1 : 0;
	} else if (sizes_of(dir, shown, row, sizes, error)) {
		ret->size = sizes[file];
	} else {
		return FALSE;
	}
	ret->mtime_ns = row_mtime_ns(row, file);
	ret->keep_ms = -1;
	return TRUE;
}

Known cache_open(Cache *cache, guint32 session, SessionFile file, GBytes **ret,
	GError **error)
{
	*ret = cache_read(cache, session, file, error);
	return *ret != NULL ? KNOWN_YES : KNOWN_FAILED;
}

GBytes *cache_read(
	Cache *cache, guint32 session, SessionFile file, GError **error)
{
	const Row *row = NULL;
	Dir *dir = NULL;
	g_autoptr(Snapshot) shown = session_row(cache, session, &dir, &row);
	g_autofree char *body = NULL;
	g_autoptr(GString) out = NULL;

	if (shown == NULL || !has_file(dir, file)) {
		set_gone(error);
		return NULL;
	}
	body = file == SESSION_STATE || file == SESSION_PHASE
		       ? g_strdup("")
		       : dir_body(dir, shown, row, error);
	if (body == NULL)
		return NULL;
	out = g_string_new(NULL);
	content_of(dir, row, file, body, out);
	return g_string_free_to_bytes(g_steal_pointer(&out));
}

guint64 cache_count(Cache *cache, guint32 number)
{
	Dir *dir = dir_find(cache, number);
	g_autoptr(Snapshot) shown = NULL;
	guint64 count = 0;
	SnapshotAt at;
	const Row *row = NULL;

	if (dir == NULL) {
		shown = session_row(cache, number, &dir, &row);
		return shown != NULL;
	}
	shown = dir_snapshot(dir);
	if (dir->kind == DIR_WORKSPACE)
		return shown->count;
	at = snapshot_seek(shown, 0);
	while ((row = snapshot_step(shown, &at)) != NULL)
		count += cache_count(cache, row->number);
	return count;
}

/* ---- interest ---- */

static void look(Dir *dir, gint64 now_us)
{
	gboolean had = dir_has_interest(dir, now_us);

	__atomic_store_n(&dir->looked_us, now_us, __ATOMIC_RELAXED);
	if (!had)
		refresh_poke(dir->cache->refresh);
}

void cache_look(Cache *cache, guint32 number)
{
	Dir *dir = dir_around(cache, number);
	gint64 now_us = g_get_monotonic_time();

	if (dir == NULL)
		return;
	look(dir, now_us);
	if (dir->kind == DIR_WORKSPACE && dir->number == number)
		look(dir->parent, now_us);
}

void cache_hold(Cache *cache, guint32 number, gboolean held)
{
	Dir *dir = dir_around(cache, number);

	if (dir == NULL || dir->number != number)
		return;
	__atomic_store_n(&dir->held, held ? 1 : 0, __ATOMIC_RELAXED);
	if (held)
		refresh_poke(cache->refresh);
}
