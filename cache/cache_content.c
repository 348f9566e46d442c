/* The bytes of sessions' files, and what is to be known of them. */
#include "cache/base/failpoint.h"
#include "cache/model/content.h"
#include "cache/refresh/open.h"

static gboolean set_gone(GError **error)
{
	return backend_error_false(
		error, BACKEND_ERROR_GONE, "there is no such session any more");
}

static gboolean has_file(const Dir *dir, SessionFile file)
{
	return file < N_SESSION_FILES &&
	       (backend_files(dir_class(dir)) & (1u << file)) != 0;
}

/* Also when the record is whole. */
static gboolean is_always_on_demand(const Dir *dir, SessionFile file)
{
	return (dir_class(dir)->described & (1u << file)) != 0;
}

static gboolean is_on_demand(const Seen *seen, SessionFile file)
{
	return (dir_on_demand(seen->dir, seen->row) & (1u << file)) != 0;
}

/* Whether that file of it is there. */
static gboolean has(const Seen *seen, SessionFile file)
{
	return seen->row != NULL && has_file(seen->dir, file);
}

/* ---- what comes from the record ---- */

static void content_of(
	const Seen *seen, SessionFile file, const char *body, GString *out)
{
	Dir *dir = seen->dir;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);

	content_append(backend, file, dir_word(dir, seen->row),
		(Phase)seen->row->phase, body, seen->row->body_len, out);
}

static char *body_of(const Seen *seen, GError **error)
{
	return dir_body(seen->dir, seen->shown, seen->row, error);
}

/* The sizes of all files that come from the body, at the price of one read. */
static gboolean sizes_of(
	const Seen *seen, guint32 ret_sizes[N_SESSION_FILES], GError **error)
{
	Sizes *sizes = seen->dir->cache->sizes;
	const Row *row = seen->row;
	g_autoptr(GString) out = NULL;
	g_autofree char *body = NULL;

	if (sizes_get(sizes, row->number, row->body_hash, ret_sizes))
		return TRUE;
	body = body_of(seen, error);
	if (body == NULL)
		return FALSE;
	out = g_string_new(NULL);
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		g_string_truncate(out, 0);
		if (has(seen, file) && !is_always_on_demand(seen->dir, file))
			content_of(seen, file, body, out);
		ret_sizes[file] = (guint32)out->len;
	}
	sizes_put(sizes, row->number, row->body_hash, ret_sizes);
	return TRUE;
}

static GBytes *render(const Seen *seen, SessionFile file, GError **error)
{
	gboolean bodiless = file == SESSION_STATE || file == SESSION_PHASE;
	g_autofree char *body = bodiless ? g_strdup("") : body_of(seen, error);
	GString *out;

	if (body == NULL)
		return NULL;
	out = g_string_new(NULL);
	content_of(seen, file, body, out);
	return g_string_free_to_bytes(out);
}

static gboolean size_of(
	const Seen *seen, SessionFile file, gsize *ret_size, GError **error)
{
	guint32 sizes[N_SESSION_FILES];

	if (file == SESSION_STATE || file == SESSION_PHASE) {
		g_autoptr(GBytes) bytes = render(seen, file, NULL);

		*ret_size = g_bytes_get_size(bytes);
	} else if (file == SESSION_JSON &&
		   dir_class(seen->dir)->private == NULL) {
		*ret_size =
			seen->row->body_len > 0 ? seen->row->body_len + 1 : 0;
	} else if (sizes_of(seen, sizes, error)) {
		*ret_size = sizes[file];
	} else {
		return FALSE;
	}
	return TRUE;
}

/* ---- stat and read ---- */

gboolean cache_stat(Cache *cache, guint32 session, SessionFile file,
	ContentStat *ret, GError **error)
{
	g_auto(Seen) seen = dir_session(cache, session);
	ContentStat stat = {.size = CACHE_ON_DEMAND_SIZE};

	if (!has(&seen, file))
		return set_gone(error);
	stat.mtime_ns = row_mtime_ns(seen.row, file);
	cache_stream_look(cache, session, file);
	if (is_always_on_demand(seen.dir, file)) {
		if (on_demand_stat(cache->on_demand, session, file, &stat))
			stat.mtime_ns = MAX(
				stat.mtime_ns, row_mtime_ns(seen.row, file));
	} else if (!is_on_demand(&seen, file)) {
		if (!size_of(&seen, file, &stat.size, error))
			return FALSE;
		stat.keep_ms = -1;
	}
	*ret = stat;
	return TRUE;
}

GBytes *cache_read(
	Cache *cache, guint32 session, SessionFile file, GError **error)
{
	g_auto(Seen) seen = dir_session(cache, session);
	GBytes *bytes = NULL;

	failpoint_hang("content");
	if (!has(&seen, file)) {
		set_gone(error);
		return NULL;
	}
	if (!is_on_demand(&seen, file))
		return render(&seen, file, error);
	if (is_always_on_demand(seen.dir, file))
		bytes = on_demand_read(cache->on_demand, session, file);
	return bytes != NULL ? bytes : g_bytes_new_static("", 0);
}

/* ---- open ---- */

Known cache_open(Cache *cache, guint32 session, SessionFile file, GBytes **ret,
	GError **error)
{
	g_auto(Seen) seen = dir_session(cache, session);
	g_auto(Seen) now = {NULL};
	Known known = KNOWN_YES;
	GBytes *bytes = NULL;

	if (!has(&seen, file))
		return KNOWN_NO;
	if (is_always_on_demand(seen.dir, file))
		known = open_ask(seen.dir, session, file, &bytes, error);
	else if (is_on_demand(&seen, file))
		known = open_ask(
			seen.dir, session, ON_DEMAND_WHOLE, &bytes, error);
	if (known != KNOWN_YES)
		return known;
	/* Its bytes are those of its stream. */
	if (bytes == NULL && content_grows(dir_class(seen.dir), file))
		bytes = g_bytes_new_static("", 0);
	/* From what is shown now: it may have become whole a moment ago. */
	if (bytes == NULL)
		now = dir_session(cache, session);
	if (bytes == NULL && now.row == NULL)
		return KNOWN_NO;
	if (bytes == NULL)
		bytes = render(&now, file, error);
	*ret = bytes;
	return bytes != NULL ? KNOWN_YES : KNOWN_FAILED;
}

/* ---- files that grow ---- */

Stream *cache_stream(Cache *cache, guint32 session, SessionFile file)
{
	const Dir *dir = dir_around(cache, session);
	StreamPace pace = {.idle_us = cache->window_ms * 1000};
	Stream *stream;

	if (dir == NULL || dir->provider == NULL)
		return NULL;
	pace.every_us = dir->provider->refresh_ms * 1000;
	stream = on_demand_stream(cache->on_demand, session, file, &pace);
	if (stream != NULL)
		scheduler_wake(cache->scheduler);
	return stream;
}

void cache_stream_look(Cache *cache, guint32 session, SessionFile file)
{
	if (on_demand_look(cache->on_demand, session, file))
		scheduler_wake(cache->scheduler);
}
