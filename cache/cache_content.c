/* The bytes of sessions' files, and what is to be known of them. */
#include "cache/base/failpoint.h"
#include "cache/model/content.h"
#include "cache/refresh/open.h"

static gboolean set_gone(GError **error)
{
	backend_error_set(
		error, BACKEND_ERROR_GONE, "there is no such session any more");
	return FALSE;
}

static gboolean has_file(const Dir *dir, SessionFile file)
{
	return file < N_SESSION_FILES &&
	       (backend_files(dir->provider->backend) & (1u << file)) != 0;
}

/* Also when the record is whole. */
static gboolean is_always_on_demand(const Dir *dir, SessionFile file)
{
	return (dir->provider->backend->class->described & (1u << file)) != 0;
}

static gboolean is_on_demand(const Dir *dir, const Row *row, SessionFile file)
{
	return (dir_on_demand(dir, row) & (1u << file)) != 0;
}

/* ---- what comes from the record ---- */

static void content_of(Dir *dir, const Row *row, SessionFile file,
	const char *body, GString *out)
{
	content_append(dir->provider->backend, file,
		state_names_get(dir->cache->state_names, row->word),
		(Phase)row->phase, body, row->body_len, out);
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
		if (has_file(dir, file) && !is_always_on_demand(dir, file))
			content_of(dir, row, file, body, out);
		ret_sizes[file] = (guint32)out->len;
	}
	sizes_put(dir->cache->sizes, row->number, row->body_hash, ret_sizes);
	return TRUE;
}

static gboolean size_of(Dir *dir, const Snapshot *shown, const Row *row,
	SessionFile file, gsize *ret_size, GError **error)
{
	guint32 sizes[N_SESSION_FILES];

	if (file == SESSION_STATE || file == SESSION_PHASE) {
		g_autoptr(GString) out = g_string_new(NULL);

		content_of(dir, row, file, "", out);
		*ret_size = out->len;
	} else if (file == SESSION_JSON &&
		   dir->provider->backend->class->private == NULL) {
		*ret_size = row->body_len > 0 ? row->body_len + 1 : 0;
	} else if (sizes_of(dir, shown, row, sizes, error)) {
		*ret_size = sizes[file];
	} else {
		return FALSE;
	}
	return TRUE;
}

static GBytes *render(Dir *dir, const Snapshot *shown, const Row *row,
	SessionFile file, GError **error)
{
	g_autofree char *body = NULL;
	g_autoptr(GString) out = NULL;

	body = file == SESSION_STATE || file == SESSION_PHASE
		       ? g_strdup("")
		       : dir_body(dir, shown, row, error);
	if (body == NULL)
		return NULL;
	out = g_string_new(NULL);
	content_of(dir, row, file, body, out);
	return g_string_free_to_bytes(g_steal_pointer(&out));
}

/* ---- stat and read ---- */

gboolean cache_stat(Cache *cache, guint32 session, SessionFile file,
	ContentStat *ret, GError **error)
{
	const Row *row = NULL;
	Dir *dir = NULL;
	g_autoptr(Snapshot) shown = dir_session(cache, session, &dir, &row);
	ContentStat stat = {.size = CACHE_ON_DEMAND_SIZE};

	if (shown == NULL || !has_file(dir, file))
		return set_gone(error);
	stat.mtime_ns = row_mtime_ns(row, file);
	if (on_demand_look(cache->on_demand, session, file))
		scheduler_wake(cache->scheduler);
	if (is_always_on_demand(dir, file)) {
		if (on_demand_stat(cache->on_demand, session, file, &stat))
			stat.mtime_ns =
				MAX(stat.mtime_ns, row_mtime_ns(row, file));
	} else if (!is_on_demand(dir, row, file)) {
		if (!size_of(dir, shown, row, file, &stat.size, error))
			return FALSE;
		stat.keep_ms = -1;
	}
	*ret = stat;
	return TRUE;
}

GBytes *cache_read(
	Cache *cache, guint32 session, SessionFile file, GError **error)
{
	const Row *row = NULL;
	Dir *dir = NULL;
	g_autoptr(Snapshot) shown = dir_session(cache, session, &dir, &row);
	GBytes *bytes = NULL;

	failpoint_hang("content");
	if (shown == NULL || !has_file(dir, file)) {
		set_gone(error);
		return NULL;
	}
	if (!is_on_demand(dir, row, file))
		return render(dir, shown, row, file, error);
	if (is_always_on_demand(dir, file))
		bytes = on_demand_read(cache->on_demand, session, file);
	return bytes != NULL ? bytes : g_bytes_new_static("", 0);
}

/* ---- open ---- */

/* From what is shown now: it may have become whole a moment ago. */
static Known open_record(Cache *cache, guint32 session, SessionFile file,
	GBytes **ret, GError **error)
{
	const Row *row = NULL;
	Dir *dir = NULL;
	g_autoptr(Snapshot) shown = dir_session(cache, session, &dir, &row);
	GBytes *bytes;

	if (shown == NULL)
		return KNOWN_NO;
	bytes = render(dir, shown, row, file, error);
	if (bytes == NULL)
		return KNOWN_FAILED;
	*ret = bytes;
	return KNOWN_YES;
}

Known cache_open(Cache *cache, guint32 session, SessionFile file, GBytes **ret,
	GError **error)
{
	const Row *row = NULL;
	Dir *dir = NULL;
	g_autoptr(Snapshot) shown = dir_session(cache, session, &dir, &row);
	GBytes *bytes = NULL;
	Known known = KNOWN_YES;

	if (shown == NULL || !has_file(dir, file))
		return KNOWN_NO;
	if (is_always_on_demand(dir, file))
		known = open_ask(dir, session, file, &bytes, error);
	else if (is_on_demand(dir, row, file))
		known = open_ask(dir, session, ON_DEMAND_WHOLE, &bytes, error);
	if (known != KNOWN_YES)
		return known;
	/* Its bytes are those of its stream. */
	if (bytes == NULL && content_grows(dir->provider->backend, file))
		bytes = g_bytes_new_static("", 0);
	if (bytes == NULL)
		return open_record(cache, session, file, ret, error);
	*ret = bytes;
	return KNOWN_YES;
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
