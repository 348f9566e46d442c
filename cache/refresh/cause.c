#include "cache/refresh/cause.h"

#include "cache/merge/call.h"
#include "cache/merge/change.h"
#include "cache/model/content.h"

#define ASKED_MAX 50u
/* What was asked for in vain is not asked for again before. */
#define AGAIN_US (60 * G_USEC_PER_SEC)

typedef struct {
	gint64 ended_ns;
	guint32 number;
} Failed;

static const BackendClass *class_of(const Dir *dir)
{
	return dir->provider->backend->class;
}

static gboolean goes_on(const Dir *dir)
{
	return !cache_is_stopping(dir->cache) && dir_is_there(dir) &&
	       dir_has_interest(dir, g_get_monotonic_time());
}

static gint last_first(gconstpointer a, gconstpointer b)
{
	const Failed *one = a, *two = b;

	if (one->ended_ns != two->ended_ns)
		return one->ended_ns > two->ended_ns ? -1 : 1;
	return one->number > two->number ? -1 : one->number < two->number;
}

/* ---- which; by the job alone ---- */

static gboolean is_wanted(Dir *dir, const Row *row, gint64 now_us)
{
	const char *word = state_names_get(dir->cache->state_names, row->word);
	const gint64 *again;

	if (!phase_has_ended((Phase)row->phase) ||
		!backend_has_cause(dir->provider->backend, word))
		return FALSE;
	again = g_hash_table_lookup(dir->caused, GUINT_TO_POINTER(row->number));
	return again == NULL || *again <= now_us;
}

static GArray *wanted(Dir *dir, const Snapshot *shown)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(Failed));
	SnapshotAt at = snapshot_seek(shown, 0);
	gint64 now_us = g_get_monotonic_time();
	const Row *row;

	while ((row = snapshot_step(shown, &at)) != NULL) {
		Failed ended = {row_mtime_ns(row, SESSION_PHASE), row->number};

		if (is_wanted(dir, row, now_us))
			g_array_append_val(found, ended);
	}
	g_array_sort(found, last_first);
	return found;
}

static void note(Dir *dir, guint32 number, gint64 again_us)
{
	g_hash_table_insert(dir->caused, GUINT_TO_POINTER(number),
		g_memdup2(&again_us, sizeof(again_us)));
}

/* ---- keeping ---- */

static Mtimes *times_of(const Row *old, guint files)
{
	Mtimes *times = g_new0(Mtimes, 1);

	times->refs = 1;
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		gint64 ns = row_mtime_ns(old, file);

		times->ns[file] = files & (1u << file) ? time_after(ns) : ns;
	}
	return times;
}

/* With Dir.apply. */
static gboolean put(
	Change *change, const Row *old, const char *cause, GError **error)
{
	Dir *dir = change->dir;
	Backend *backend = dir->provider->backend;
	g_autofree char *held = dir_body(dir, dir->shown, old, error);
	g_autofree char *all = NULL;
	Row row = *old;
	gsize len = 0;
	guint files;

	if (held == NULL)
		return FALSE;
	all = backend_keep_cause(held, old->body_len, cause, &len);
	if (len > SESSION_BODY_MAX)
		return TRUE;
	files = content_diff(backend, held, old->body_len, all, len);
	row.mtimes =
		files != 0 ? times_of(old, files) : mtimes_ref(old->mtimes);
	return change_put(change, &row, old, all, len, files, error);
}

static gboolean keep(
	Dir *dir, guint32 number, const char *cause, GError **error)
{
	Change change;
	const Row *old;
	gboolean ok = TRUE;

	pthread_mutex_lock(&dir->apply);
	change_begin(&change, dir);
	old = snapshot_find(dir->shown, number);
	if (old != NULL && phase_has_ended((Phase)old->phase))
		ok = put(&change, old, cause, error) &&
		     change_commit(&change, error);
	change_end(&change);
	pthread_mutex_unlock(&dir->apply);
	news_deliver(dir->cache->news);
	return ok;
}

/* ---- asking ---- */

/* FALSE: it is not the session that cannot be told of. */
static gboolean ask_one(Dir *dir, guint32 number)
{
	Backend *backend = dir->provider->backend;
	Call call = call_for(dir, FALSE);
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	const Row *row = snapshot_find(shown, number);
	g_autofree char *body =
		row != NULL ? dir_body(dir, shown, row, NULL) : NULL;
	g_autofree char *cause = NULL;
	g_autoptr(GError) error = NULL;

	note(dir, number, g_get_monotonic_time() + AGAIN_US);
	if (body == NULL)
		return TRUE;
	if (backend_keeps_cause(body, row->body_len)) {
		note(dir, number, G_MAXINT64);
		return TRUE;
	}
	cause = backend_cause(backend, dir->id, row->id->text, &call, &error);
	if (cause == NULL) {
		g_debug("%s: %s", row->id->text, error->message);
		if (breaker_counts(error))
			breaker_missed(dir->provider->breaker);
		return g_error_matches(
			       error, BACKEND_ERROR, BACKEND_ERROR_GONE) ||
		       g_error_matches(
			       error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
	dir_heard(dir);
	if (!keep(dir, number, cause, &error))
		g_debug("%s: %s", row->id->text, error->message);
	else
		note(dir, number, G_MAXINT64);
	return error == NULL;
}

static void cause_run(void *data)
{
	Dir *dir = data;
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	g_autoptr(GArray) ended = NULL;

	if (dir->caused == NULL)
		dir->caused = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	ended = wanted(dir, shown);
	g_clear_pointer(&shown, snapshot_unref);
	for (guint i = 0; i < ended->len && i < ASKED_MAX && goes_on(dir); i++)
		if (!ask_one(dir, g_array_index(ended, Failed, i).number))
			break;
	pthread_mutex_lock(&dir->lock);
	dir->causing = FALSE;
	pthread_mutex_unlock(&dir->lock);
}

void cause_start(Dir *dir)
{
	gboolean begin;

	if (dir->kind != DIR_WORKSPACE || class_of(dir)->cause == NULL ||
		!goes_on(dir))
		return;
	pthread_mutex_lock(&dir->lock);
	begin = !dir->causing;
	dir->causing = TRUE;
	pthread_mutex_unlock(&dir->lock);
	if (begin &&
		!pool_push(dir->provider->work[WORK_BACKFILL], cause_run, dir))
		g_debug("%s: asked why after the end", dir->name);
}
