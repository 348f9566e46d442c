#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/hash.h"
#include "cache/merge/apply.h"
#include "cache/merge/incoming.h"
#include "cache/model/content.h"
#include "cache/requests/requests.h"

#define NS_PER_MS 1000000
#define DAY_MS (G_GINT64_CONSTANT(24) * 3600 * 1000)

/* What an answer says of one session, beside what is shown of it. */
typedef struct {
	const Session *session;
	const Row *old;   /* NULL: it is not shown */
	gboolean partial; /* what it does not tell stays */
	const char *body;
	gsize len;
	char *own;  /* where body lies, if not in session */
	char *held; /* the body of old, where its body tells anything new; ""
	                   when it is damaged */
	gsize held_len;
	gboolean known; /* its body tells nothing that old does not */
	Incoming *
		unsure; /* whose it is, when nobody can tell whether it is newer
	                     than old; NULL: it is */
} Told;

static void told_clear(Told *self)
{
	g_clear_pointer(&self->own, g_free);
	g_clear_pointer(&self->held, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Told, told_clear)

/* ---- partial records: which one was laid over what ---- */

typedef struct {
	guint64 partial; /* hash of the partial record */
	guint64 result;  /* hash of the body since then */
} Over;

static gboolean merge_memo_has(const Dir *dir, const Row *old, guint64 partial)
	REQUIRES(dir->apply)
{
	const Over *over =
		dir->merge_memo != NULL
			? g_hash_table_lookup(dir->merge_memo, old->id)
			: NULL;

	return over != NULL && over->partial == partial &&
	       over->result == old->body_hash &&
	       !__atomic_load_n(&dir->verify_bodies, __ATOMIC_RELAXED);
}

static void merge_memo_note(Dir *dir, const Id *id, guint64 partial,
	guint64 result) REQUIRES(dir->apply)
{
	Over *over;

	if (dir->merge_memo == NULL)
		dir->merge_memo =
			g_hash_table_new_full(NULL, NULL, NULL, g_free);
	over = g_hash_table_lookup(dir->merge_memo, id);
	if (over == NULL) {
		over = g_new(Over, 1);
		g_hash_table_insert(dir->merge_memo, (gpointer)id, over);
	}
	*over = (Over){partial, result};
}

/* ---- comparing ---- */

static gboolean body_is_same(Dir *dir, const Row *old, const Told *told)
	REQUIRES(dir->apply)
{
	g_autofree char *body = NULL;

	if (old->body_len != told->len ||
		old->body_hash != hash_bytes(told->body, told->len))
		return FALSE;
	if (!__atomic_load_n(&dir->verify_bodies, __ATOMIC_RELAXED))
		return TRUE;
	body = dir_body(dir, dir_shown(dir), old, NULL);
	return body != NULL;
}

/* What is damaged tells nothing, and the new record takes its place.  What merely
 * cannot be opened now must not be lost: it may be told by nobody else. */
static gboolean read_held(Dir *dir, Told *told, GError **error)
	REQUIRES(dir->apply)
{
	g_autoptr(GError) local = NULL;

	told->held = dir_body(dir, dir_shown(dir), told->old, &local);
	if (g_error_matches(local, BACKEND_ERROR, BACKEND_ERROR_NO_FILES)) {
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	if (told->held != NULL)
		told->held_len = told->old->body_len;
	else
		told->held = g_strdup("");
	return TRUE;
}

static gboolean told_is_known(Dir *dir, const Told *told) REQUIRES(dir->apply)
{
	if (told->partial && merge_memo_has(dir, told->old,
				     hash_bytes(told->body, told->len)))
		return TRUE;
	return !told->partial && body_is_same(dir, told->old, told);
}

/* The id was given to another session, since the old one is not there any
 * more. */
static gboolean is_other(Dir *dir, Told *told)
{
	const Row *old = told->old;
	Session before = {.id = told->session->id, .name = (char *)""};

	/* Without a word, nothing was ever said of it. */
	if (old->word == 0)
		return FALSE;
	if (!row_created_at(old->born, told->session->created_ms))
		return TRUE;
	if (dir_class(dir)->is_other == NULL || told->known)
		return FALSE;
	before.state = (char *)dir_word(dir, old);
	before.phase = (Phase)old->phase;
	before.created_ms = old->born != 0 ? told->session->created_ms : 0;
	before.body = told->held;
	before.body_len = told->held_len;
	before.partial = old->partial != 0;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	return backend_is_other(backend, &before, told->session);
}

/* The files whose bytes differ between a row and what is now said of it. */
static guint files_changed(
	Dir *dir, const Row *new, Told *told, gboolean same_body)
{
	const Row *old = told->old;
	guint files = 0;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);

	if (!same_body)
		files = content_diff(backend, told->held, told->held_len,
			told->body, told->len);
	/* What nobody can read did not change. */
	if (old->partial && new->partial)
		files &= ~dir_class(dir)->whole_files;
	if (old->word != new->word)
		files |= 1u << SESSION_STATE;
	if (old->phase != new->phase)
		files |= 1u << SESSION_PHASE;
	return files;
}

/* ---- times ---- */

static gint64 since_ms(const Dir *dir, const Session *session)
{
	gint64 now = clock_wall_ms(dir->cache->clock);

	if (session->changed_ms > 0 && session->changed_ms <= now)
		return session->changed_ms;
	if (session->created_ms > 0 && session->created_ms <= now)
		return session->created_ms;
	return now;
}

/* What was there before must not be older now than it was then; all that went
 * away went before the membership last changed.  Nor may anything that comes into
 * a listing be older than an answer without it. */
static gint64 come_ms(const Dir *dir) REQUIRES(dir->apply)
{
	return time_noticed(dir_shown(dir)->mtime_ns) / NS_PER_MS + 1;
}

/* ---- those that have ended ---- */

/* When it ended, which is when that was first seen if nobody says. */
static gint64 ended_ms(const Dir *dir, const Session *session, const Row *old)
{
	if (session->changed_ms > 0)
		return session->changed_ms;
	if (old != NULL && phase_has_ended((Phase)old->phase))
		return row_mtime_ns(old, SESSION_PHASE) / NS_PER_MS;
	return clock_wall_ms(dir->cache->clock);
}

static gboolean is_past_retention(Dir *dir, const Told *told, const Id *id)
	REQUIRES(dir->apply)
{
	if (dir->past_retention != NULL &&
		g_hash_table_contains(dir->past_retention, id))
		return TRUE;
	if (clock_wall_ms(dir->cache->clock) -
			ended_ms(dir, told->session, told->old) <=
		DAY_MS)
		return FALSE;
	/* Else it would be new, and seen for the first time, at the next. */
	if (told->session->changed_ms <= 0) {
		if (dir->past_retention == NULL)
			dir->past_retention = g_hash_table_new(NULL, NULL);
		g_hash_table_add(dir->past_retention, (gpointer)id);
	}
	return TRUE;
}

static gboolean is_hidden(Dir *dir, const Told *told, const Id *id,
	guint32 relist) REQUIRES(dir->apply)
{
	Ended ended = dir->provider->ended;

	if (ended == ENDED_ALL)
		return FALSE;
	if (!phase_has_ended(told->session->phase)) {
		if (dir->past_retention != NULL)
			g_hash_table_remove(dir->past_retention, id);
		return FALSE;
	}
	if (recent_writes_spares(dir->recent_writes, id, relist) ||
		requests_seek(
			dir->cache->requests, dir, told->session->created_ms))
		return FALSE;
	return ended == ENDED_NONE || is_past_retention(dir, told, id);
}

/* ---- into the change ---- */

static gboolean put_new(Change *change, Row *row, const Told *told,
	gboolean returns, GError **error) REQUIRES(change->dir->apply)
{
	const Session *session = told->session;
	Dir *dir = change->dir;
	gboolean late = returns || listing_is_complete(dir->listing);
	Row since = *row;

	row->since_ms = since.since_ms =
		late ? come_ms(dir) : since_ms(dir, session);
	row->partial = session->partial;
	if (dir->provider->ended == ENDED_DAY && session->changed_ms <= 0 &&
		phase_has_ended(session->phase))
		row->mtimes = mtimes_moved(&since, 1u << SESSION_PHASE);
	if (told->partial)
		merge_memo_note(dir, row->id,
			hash_bytes(session->body, session->body_len),
			hash_bytes(told->body, told->len));
	return change_put(change, row, NULL, told->body, told->len, 0, error);
}

/* Whether a merged record says what the held one says; it may be spelt in another
 * way, and its times may have another precision. */
static gboolean is_held(Dir *dir, const Told *told, const char *all, gsize len)
{
	g_autofree char *plain = NULL, *same = NULL;
	gsize plain_len = 0, same_len = 0;

	if (len == told->held_len && memcmp(all, told->held, len) == 0)
		return TRUE;
	plain = backend_merge(told->held, told->held_len, "", 0, &plain_len);
	if (len == plain_len && memcmp(all, plain, len) == 0)
		return TRUE;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	same = backend_respell(backend, plain, plain_len, all, len, &same_len);
	return same != NULL && same_len == plain_len &&
	       memcmp(same, plain, plain_len) == 0;
}

/* Lays a partial record over what is held.  Whether the result is just that. */
static gboolean merge(Dir *dir, Told *told, Row *row) REQUIRES(dir->apply)
{
	guint64 partial = hash_bytes(told->body, told->len);
	g_autofree char *all = NULL;
	gboolean same = FALSE;
	gsize len = 0;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);

	all = backend_renew(backend, told->held, told->held_len, told->body,
		told->len, &len);
	if (told->held_len == 0 || len > SESSION_BODY_MAX) {
		row->partial = told->session->partial;
	} else {
		same = is_held(dir, told, all, len);
		g_free(told->own);
		told->own = g_steal_pointer(&all);
		told->body = told->own;
		told->len = len;
	}
	merge_memo_note(dir, row->id, partial,
		same ? told->old->body_hash
		     : hash_bytes(told->body, told->len));
	return same;
}

/* A record is spelt otherwise in a list than alone, and what grows all the time is
 * no change worth telling of. */
static gboolean tells_the_same(Dir *dir, Told *told)
{
	g_autofree char *same = NULL;
	gsize len = 0;

	if (backend_is_respelt(
		    told->held, told->held_len, told->body, told->len))
		return TRUE;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	same = backend_respell(backend, told->held, told->held_len, told->body,
		told->len, &len);
	if (same != NULL &&
		backend_is_respelt(told->held, told->held_len, same, len))
		return TRUE;
	if (dir_class(dir)->dated == NULL)
		return FALSE;
	return backend_is_steady(
		backend, told->held, told->held_len, told->body, told->len);
}

/* The driver says more, and nothing else is told, while the session goes on. */
static gboolean is_chatter(Dir *dir, Told *told) REQUIRES(dir->apply)
{
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	guint files;

	if (phase_has_ended((Phase)told->old->phase))
		return FALSE;
	if (!backend_is_chatter(
		    backend, told->held, told->held_len, told->body, told->len))
		return FALSE;
	files = content_diff(
		backend, told->held, told->held_len, told->body, told->len);
	if ((files & ~(1u << SESSION_JSON)) != 0)
		return FALSE;
	if (told->partial)
		merge_memo_note(dir, told->old->id,
			hash_bytes(
				told->session->body, told->session->body_len),
			told->old->body_hash);
	return TRUE;
}

/* What is shown stays. */
static gboolean leave(const Told *told, const Id *id)
{
	incoming_leave(told->unsure, id);
	return TRUE;
}

static gboolean put_changed(Change *change, Row *row, Told *told,
	GError **error) REQUIRES(change->dir->apply)
{
	const Row *old = told->old;
	gboolean same = told->known;
	guint files;

	row->partial = told->partial ? old->partial : 0;
	if (told->partial && !same)
		same = merge(change->dir, told, row);
	else if (!same && !old->partial)
		same = tells_the_same(change->dir, told);
	if (!same && old->word == row->word && old->partial == row->partial)
		same = is_chatter(change->dir, told);
	if (same && old->word == row->word && old->phase == row->phase &&
		old->partial == row->partial) {
		if (told->unsure != NULL)
			incoming_confirm(told->unsure, row->id);
		return TRUE;
	}
	if (told->unsure != NULL)
		return leave(told, row->id);
	files = files_changed(change->dir, row, told, same);
	row->since_ms = old->since_ms;
	row->body_at = old->body_at;
	row->body_len = old->body_len;
	row->body_hash = old->body_hash;
	if (row->born == 0)
		row->born = old->born;
	if (files != 0)
		row->mtimes = mtimes_moved(old, files);
	else
		row->mtimes = mtimes_ref(old->mtimes);
	return change_put(change, row, old, same ? NULL : told->body, told->len,
		files, error);
}

/* One that is not shown.  Where ids come again, nobody can tell whether it is the
 * one that went: so it is another one. */
static gboolean put_back(Change *change, Row *row, const Told *told,
	gboolean returns, GError **error) REQUIRES(change->dir->apply)
{
	gboolean other = returns && dir_class(change->dir)->is_other != NULL;

	if (other && !change_renumber(change, row->id, &row->number, error))
		return FALSE;
	return put_new(change, row, told, returns, error);
}

/* Both in one change; the number of the old one is never used again. */
static gboolean put_other(Change *change, Row *row, Told *told, GError **error)
	REQUIRES(change->dir->apply)
{
	if (told->unsure != NULL)
		return leave(told, row->id);
	change_remove(change, told->old);
	if (!change_renumber(change, row->id, &row->number, error))
		return FALSE;
	return put_new(change, row, told, TRUE, error);
}

/* What a session was made from lies under the first that is said of it. */
static void lay_under(Dir *dir, const Id *id, Told *told) REQUIRES(dir->apply)
{
	g_autofree char *spec = recent_writes_take(dir->recent_writes, id);
	g_autofree char *all = NULL;
	gsize len = 0;

	if (spec == NULL)
		return;
	all = backend_merge(spec, strlen(spec), told->body, told->len, &len);
	if (len > SESSION_BODY_MAX)
		return;
	told->own = g_steal_pointer(&all);
	told->body = told->own;
	told->len = len;
}

static gboolean put_session(Change *change, Id *id, Told *told, GError **error)
	REQUIRES(change->dir->apply)
{
	Dir *dir = change->dir;
	const Session *session = told->session;
	gboolean returns = TRUE;
	Row row = {.id = id, .phase = (guint8)session->phase};

	if (!incoming_number(dir, id, &returns, error))
		return FALSE;
	if (told->unsure == NULL)
		lay_under(dir, id, told);
	row.number = id->number;
	row.word = state_names_index(dir->cache->state_names, session->state);
	row.born = row_created(session->created_ms);
	if (told->old == NULL)
		return put_back(change, &row, told, returns, error);
	told->known = told_is_known(dir, told);
	if (!told->known && !read_held(dir, told, error))
		return FALSE;
	if (is_other(dir, told))
		return put_other(change, &row, told, error);
	return put_changed(change, &row, told, error);
}

static gboolean incoming_session(
	Incoming *self, gconstpointer entry, GError **error)
{
	const Session *session = entry;
	Change *change = self->change;
	Dir *dir = change->dir;
	g_auto(Told) told = {.session = session};
	IncomingAge age;
	Id *id;

	mutex_is_held(&self->change->dir->apply);
	id = incoming_id(dir, session->id);
	if (id == NULL)
		return incoming_clashed(self);
	age = incoming_counts(self, id);
	if (age == INCOMING_OLD)
		return TRUE;
	if (id->number != 0)
		told.old = snapshot_find(dir_shown(dir), id->number);
	told.unsure = age == INCOMING_UNSURE ? self : NULL;
	if (told.unsure != NULL && told.old == NULL)
		return leave(&told, id);
	if (is_hidden(dir, &told, id, self->relist)) {
		if (told.unsure != NULL)
			return leave(&told, id);
		if (told.old != NULL)
			change_remove(change, told.old);
		return TRUE;
	}
	if (told.old == NULL && incoming_is_over(self))
		return TRUE;
	told.body = session->body;
	told.len = session->body_len;
	told.partial = session->partial || dir_class(dir)->unique != NULL;
	return put_session(change, id, &told, error);
}

gboolean apply_sessions(Dir *dir, Session *const *sessions, guint n,
	guint32 tick, guint32 relist, GError **error)
{
	Incoming incoming = {.ticks.asked = tick, .relist = relist};

	return incoming_apply(&incoming, dir, (gconstpointer const *)sessions,
		n, incoming_session, error);
}

gboolean apply_page(Dir *dir, const SessionPage *page, const Ticks *ticks,
	guint32 relist, Applied *ret, GError **error)
{
	Incoming incoming = {.ticks = *ticks, .relist = relist, .told = ret};

	return incoming_apply(&incoming, dir,
		(gconstpointer const *)page->sessions->pdata,
		page->sessions->len, incoming_session, error);
}

/* ---- operations ---- */

static void note_operation(
	Dir *dir, const char *raw, guint32 relist, const char *spec)
{
	const Id *id;

	mutex_lock(&dir->apply);
	id = incoming_id(dir, raw);
	if (id != NULL)
		recent_writes_note(dir->recent_writes, id, relist, spec);
	mutex_unlock(&dir->apply);
}

void apply_operation_begins(Dir *dir, const char *raw, const char *spec)
{
	note_operation(dir, raw, RECENT_WRITES_NOW, spec);
}

void apply_operation_ends(Dir *dir, const char *raw)
{
	guint32 relist = listing_get(dir->listing).relist;

	note_operation(dir, raw, relist, NULL);
}
