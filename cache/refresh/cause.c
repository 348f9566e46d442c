#include "cache/refresh/cause.h"

#include "cache/merge/call.h"
#include "cache/merge/change.h"
#include "cache/model/content.h"
#include "cache/refresh/sweep.h"

static gboolean lacks_cause(Dir *dir, const Row *row)
{
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	return phase_has_ended((Phase)row->phase) &&
	       backend_has_cause(backend, dir_word(dir, row));
}

static gint64 ended_ns(const Row *row)
{
	return row_mtime_ns(row, SESSION_PHASE);
}

/* ---- keeping ---- */

static gboolean put(Change *change, const Row *old, const char *cause,
	GError **error) REQUIRES(change->dir->apply)
{
	Dir *dir = change->dir;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	g_autofree char *held = dir_body(dir, dir_shown(dir), old, error);
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
		files != 0 ? mtimes_moved(old, files) : mtimes_ref(old->mtimes);
	return change_put(change, &row, old, all, len, files, error);
}

static gboolean keep(
	Dir *dir, guint32 number, const char *cause, GError **error)
{
	Change change;
	const Row *old;
	gboolean ok = TRUE;

	mutex_lock(&dir->apply);
	change_begin(&change, dir);
	old = snapshot_find(dir_shown(dir), number);
	if (old != NULL && phase_has_ended((Phase)old->phase))
		ok = put(&change, old, cause, error) &&
		     change_commit(&change, error);
	change_end(&change);
	mutex_unlock(&dir->apply);
	return ok;
}

/* ---- asking ---- */

static gboolean ask(
	Dir *dir, const Snapshot *shown, const Row *row, gboolean *ret_done)
{
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	Call call = call_for(dir, FALSE);
	g_autofree char *body = dir_body(dir, shown, row, NULL);
	g_autofree char *cause = NULL;
	g_autoptr(GError) error = NULL;

	*ret_done = body != NULL && backend_keeps_cause(body, row->body_len);
	if (body == NULL || *ret_done)
		return TRUE;
	cause = backend_cause(backend, dir->id, row->id->text, &call, &error);
	if (cause != NULL) {
		dir_heard(dir);
		*ret_done = keep(dir, row->number, cause, &error);
	} else if (breaker_counts(error)) {
		breaker_missed(dir->provider->breaker);
	}
	if (error != NULL)
		g_debug("%s: %s", row->id->text, error->message);
	return *ret_done ||
	       (cause == NULL && (g_error_matches(error, BACKEND_ERROR,
					  BACKEND_ERROR_GONE) ||
					 g_error_matches(error, BACKEND_ERROR,
						 BACKEND_ERROR_BAD_ANSWER)));
}

void cause_start(Dir *dir)
{
	static const SweepKind kind = {lacks_cause, ended_ns, ask};

	if (dir->kind == DIR_WORKSPACE && dir_class(dir)->cause != NULL)
		sweep_start(dir, dir->cause, &kind);
}
