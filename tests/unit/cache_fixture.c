#include "cache_fixture.h"

#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/mutex.h"
#include "cache/model/core.h"
#include "cache/model/listings_inside.h"
#include "cache/model/news.h"
#include "cache/refresh/refresh.h"

/* ---- news ---- */

typedef struct {
	News news;
	char *name, *text;
} Heard;

static Mutex heard_lock = MUTEX_INIT;
static GArray *heard;
static int observing;

/* "+s-1(Running)", "s-1(Running>Busy:3)", "-s-1(Busy)"; a '?' before it: first. */
static char *text_of(const News *news)
{
	const char *first = news->first ? "?" : "";

	switch (news->kind) {
	case NEWS_APPEARED:
		return g_strdup_printf("%s+%s(%s)", first, news->id, news->to);
	case NEWS_VANISHED:
		return g_strdup_printf(
			"%s-%s(%s)", first, news->id, news->from);
	case NEWS_CHANGED:
		return g_strdup_printf("%s%s(%s>%s:%x)", first, news->id,
			news->from, news->to, news->files);
	default:
		return NULL;
	}
}

static void observe(const News *news, gsize n, void *data)
{
	int others = __atomic_fetch_add(&observing, 1, __ATOMIC_SEQ_CST);

	g_assert_cmpint(others, ==, 0); /* one call at a time */
	mutex_lock(&heard_lock);
	for (gsize i = 0; i < n; i++) {
		Heard item = {
			news[i], g_strdup(news[i].name), text_of(&news[i])};

		g_array_append_val(heard, item);
	}
	mutex_unlock(&heard_lock);
	__atomic_fetch_sub(&observing, 1, __ATOMIC_SEQ_CST);
}

static void heard_clear(gpointer item)
{
	g_free(((Heard *)item)->name);
	g_free(((Heard *)item)->text);
}

/* Locks what was heard, once nothing is on its way: what a test can see is pushed by then,
 * but another thread may be at telling it. */
static void hear_all(Fixture *self) ACQUIRE(heard_lock)
{
	if (self->cache != NULL)
		news_finish(self->cache->news);
	mutex_lock(&heard_lock);
}

void fixture_forget_news(Fixture *self)
{
	hear_all(self);
	g_array_set_size(heard, 0);
	mutex_unlock(&heard_lock);
}

guint fixture_count_news(Fixture *self, NewsKind kind, guint32 number)
{
	guint count = 0;

	hear_all(self);
	for (guint i = 0; i < heard->len; i++) {
		const News *news = &g_array_index(heard, Heard, i).news;

		if (news->kind == kind &&
			(number == 0 || news->number == number))
			count++;
	}
	mutex_unlock(&heard_lock);
	return count;
}

static guint files_of(Fixture *self, NewsKind kind, guint32 number)
{
	guint files = 0;

	hear_all(self);
	for (guint i = 0; i < heard->len; i++) {
		const News *news = &g_array_index(heard, Heard, i).news;

		if (news->kind == kind && news->number == number)
			files |= news->files;
	}
	mutex_unlock(&heard_lock);
	return files;
}

guint fixture_changed_files(Fixture *self, guint32 number)
{
	return files_of(self, NEWS_CHANGED, number);
}

guint fixture_described_files(Fixture *self, guint32 number)
{
	return files_of(self, NEWS_ON_DEMAND, number);
}

char *fixture_moves(Fixture *self, guint32 parent)
{
	GString *out = g_string_new(NULL);

	hear_all(self);
	for (guint i = 0; i < heard->len; i++) {
		const Heard *item = &g_array_index(heard, Heard, i);

		if (item->news.parent != parent ||
			item->news.kind > NEWS_VANISHED)
			continue;
		g_string_append_printf(out, "%s%c%s", out->len > 0 ? " " : "",
			item->news.kind == NEWS_APPEARED ? '+' : '-',
			item->name);
	}
	mutex_unlock(&heard_lock);
	return g_string_free(out, FALSE);
}

char *fixture_told(Fixture *self, guint32 parent)
{
	GString *out = g_string_new(NULL);

	hear_all(self);
	for (guint i = 0; i < heard->len; i++) {
		const Heard *item = &g_array_index(heard, Heard, i);

		if (item->news.parent == parent && item->text != NULL)
			g_string_append_printf(out, "%s%s",
				out->len > 0 ? " " : "", item->text);
	}
	mutex_unlock(&heard_lock);
	return g_string_free(out, FALSE);
}

static void append_view(GString *out, Fixture *self, const Heard *item)
{
	static const char *const views[N_VIEWS] = {
		"name", "state", "phase", "user"};
	const News *news = &item->news;
	const char *view = views[news->by];
	g_autofree char *group = NULL;
	char sign = news->kind == NEWS_LINKED ? '+' : '-';

	if (news->kind < NEWS_GROUPED || news->kind > NEWS_TABLE)
		return;
	if (out->len > 0)
		g_string_append_c(out, ' ');
	if (news->kind == NEWS_TABLE) {
		g_string_append(out, "table");
	} else if (news->kind == NEWS_GROUPED) {
		g_string_append_printf(out, "(%s:%s)", view, item->name);
	} else if (news->kind == NEWS_UNGROUPED) {
		g_string_append_printf(out, ")%s:%s(", view, item->name);
	} else if (news->by == BY_NAME) {
		g_string_append_printf(out, "%c%s:%s", sign, view, item->name);
	} else {
		group = cache_name(self->cache, news->parent);
		g_string_append_printf(
			out, "%c%s:%s/%s", sign, view, group, item->name);
	}
}

char *fixture_views(Fixture *self)
{
	GString *out = g_string_new(NULL);

	hear_all(self);
	for (guint i = 0; i < heard->len; i++)
		append_view(out, self, &g_array_index(heard, Heard, i));
	mutex_unlock(&heard_lock);
	return g_string_free(out, FALSE);
}

void fixture_expect_views(Fixture *self, const char *told)
{
	fixture_until_text(fixture_views(self), told);
	fixture_forget_news(self);
}

/* ---- life ---- */

Fixture *fixture_new(void)
{
	Fixture *self = g_new0(Fixture, 1);

	self->state_dir = g_dir_make_tmp("sessionfs-test-XXXXXX", NULL);
	g_assert_nonnull(self->state_dir);
	self->refresh_ms = 60000;
	self->window_ms = 60000;
	self->deadline_ms = 5000;
	self->start = TRUE;
	heard = g_array_new(FALSE, FALSE, sizeof(Heard));
	g_array_set_clear_func(heard, heard_clear);
	return self;
}

static Backend *open_backend(Fixture *self, const char *key, va_list args)
{
	const BackendClass *class = &memory_class;
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;
	Backend *backend;

	for (; key != NULL; key = va_arg(args, const char *))
		g_hash_table_insert(keys, (gpointer)key,
			(gpointer)va_arg(args, const char *));
	if (self->rich) {
		self->class = memory_rich_class(self->remembers);
		if (self->change_class != NULL)
			self->change_class(&self->class);
		class = &self->class;
	}
	backend = backend_open(class, keys, &error);
	g_assert_no_error(error);
	return backend;
}

void fixture_open(Fixture *self, const char *key, ...)
{
	static const char *const reserved[] = {"new", NULL};
	CacheSettings settings = {.state_dir = self->state_dir,
		.clock = self->clock,
		.reserved = reserved,
		.refresh_ms = self->refresh_ms,
		.window_ms = self->window_ms,
		.deadline_ms = self->deadline_ms,
		.sessions_max = self->sessions_max,
		.workspaces_max = self->workspaces_max,
		.observer = observe,
		.data = self};
	CacheProvider provider = {.name = "m",
		.workspaces = self->workspaces,
		.names = self->names,
		.name_all = self->name_all,
		.read_only = self->read_only,
		.list_lag_ms = self->list_lag_ms,
		.rmdir_ends = self->rmdir_ends,
		.start = self->start,
		.ended = self->ended};
	g_autoptr(GError) error = NULL;
	va_list args;
	gboolean ok;
	Entry entry;

	va_start(args, key);
	self->backend = self->other != NULL ? g_steal_pointer(&self->other)
					    : open_backend(self, key, args);
	provider.backend = self->backend;
	va_end(args);
	self->cache = cache_new(&settings, &error);
	g_assert_no_error(error);
	ok = cache_add(self->cache, &provider, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	cache_start(self->cache);
	g_assert_cmpint(
		cache_find(self->cache, 0, "m", &entry, NULL), ==, KNOWN_YES);
	self->provider = entry.number;
}

void fixture_close(Fixture *self)
{
	g_clear_pointer(&self->cache, cache_free);
	self->backend = NULL;
}

void fixture_remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		fixture_remove_tree(below);
	}
	g_remove(path);
}

void fixture_free(Fixture *self)
{
	fixture_close(self);
	fixture_remove_tree(self->state_dir);
	g_strfreev(self->workspaces);
	g_strfreev(self->names);
	g_free(self->state_dir);
	g_free(self);
	g_clear_pointer(&heard, g_array_unref);
}

/* ---- looking ---- */

guint32 fixture_find(Fixture *self, guint32 parent, const char *name)
{
	g_autoptr(GError) error = NULL;
	Known known;
	Entry entry = {0};

	fixture_until((known = cache_find(self->cache, parent, name, &entry,
			       &error)) != KNOWN_NOT_YET);
	g_assert_no_error(error);
	if (known == KNOWN_NO)
		return 0;
	g_assert_cmpint(known, ==, KNOWN_YES);
	g_assert_cmpuint(entry.parent, ==, parent);
	return entry.number;
}

static gboolean note_name(const Entry *entry, const char *name, void *data)
{
	GString *out = data;

	if (out != NULL)
		g_string_append_printf(
			out, "%s%s", out->len > 0 ? " " : "", name);
	return TRUE;
}

Known fixture_known(Fixture *self, guint32 parent, GError **error)
{
	return cache_list(self->cache, parent, 0, note_name, NULL, error);
}

char *fixture_names(Fixture *self, guint32 parent)
{
	GString *out = g_string_new(NULL);

	cache_list(self->cache, parent, 0, note_name, out, NULL);
	return g_string_free(out, FALSE);
}

char *fixture_list(Fixture *self, guint32 parent)
{
	g_autoptr(GError) error = NULL;

	fixture_until(cache_list(self->cache, parent, 0, note_name, NULL,
			      &error) != KNOWN_NOT_YET);
	g_assert_no_error(error);
	return fixture_names(self, parent);
}

guint32 fixture_workspace(Fixture *self, const char *name)
{
	guint32 number = fixture_find(self, self->provider, name);

	g_assert_cmpuint(number, !=, 0);
	g_free(fixture_list(self, number));
	return number;
}

char *fixture_status(Fixture *self, guint32 number, const char *key)
{
	g_autofree char *status = cache_status(self->cache, number);
	g_auto(GStrv) lines = g_strsplit(status, "\n", -1);

	for (char **line = lines; *line != NULL; line++)
		if (g_str_has_prefix(*line, key))
			return g_strdup(g_strstrip(*line + strlen(key) + 1));
	return g_strdup("");
}

guint64 fixture_status_number(Fixture *self, guint32 number, const char *key)
{
	g_autofree char *value = fixture_status(self, number, key);

	return g_ascii_strtoull(value, NULL, 10);
}

static gboolean is_refreshing(Fixture *self, guint32 number)
{
	g_autofree char *value = fixture_status(self, number, "refreshing");

	return g_str_equal(value, "yes");
}

void fixture_refresh_now(Cache *cache, guint32 number)
{
	Dir *dir = dir_find(cache, number);

	mutex_lock(&dir->listing->lock);
	dir->listing->now.wanted = TRUE;
	dir->listing->now.retry_us = 0;
	mutex_unlock(&dir->listing->lock);
	scheduler_wake(cache->scheduler);
}

void fixture_refresh(Fixture *self, guint32 number)
{
	guint64 before;

	fixture_until(!is_refreshing(self, number));
	before = fixture_status_number(self, number, "generation");
	fixture_refresh_now(self->cache, number);
	fixture_until(
		fixture_status_number(self, number, "generation") > before &&
		!is_refreshing(self, number));
}

/* Sets *ret_text to what is read, if its size is told so: what changes in between is
 * read once more. */
static gboolean read_whole(
	Fixture *self, guint32 session, SessionFile file, char **ret_text)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes =
		cache_read(self->cache, session, file, &error);
	ContentStat content;
	gboolean ok;

	g_assert_no_error(error);
	ok = cache_stat(self->cache, session, file, &content, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	if (content.size != g_bytes_get_size(bytes))
		return FALSE;
	*ret_text = g_strndup(
		g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return TRUE;
}

char *fixture_read(Fixture *self, guint32 session, SessionFile file)
{
	char *text = NULL;

	fixture_until(read_whole(self, session, file, &text));
	return text;
}

char *fixture_read_costly(
	Fixture *self, guint32 session, SessionFile file, GError **error)
{
	g_autoptr(GBytes) bytes = NULL;

	fixture_until(cache_open(self->cache, session, file, &bytes, error) !=
		      KNOWN_NOT_YET);
	if (bytes == NULL)
		return NULL;
	return g_strndup(
		g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

ContentStat fixture_stat(Fixture *self, guint32 session, SessionFile file)
{
	g_autoptr(GError) error = NULL;
	ContentStat content;
	gboolean ok = cache_stat(self->cache, session, file, &content, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return content;
}

gint64 fixture_mtime(Fixture *self, guint32 session, SessionFile file)
{
	g_autoptr(GError) error = NULL;
	ContentStat content;
	gboolean ok = cache_stat(self->cache, session, file, &content, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return content.mtime_ns;
}

/* ---- orders ---- */

static void operation_done(Operation *order, void *data)
{
	__atomic_add_fetch((int *)data, 1, __ATOMIC_RELEASE);
}

static char *operation_wait(Operation *order, int *done, GError **error)
{
	char *answer;

	fixture_until(__atomic_load_n(done, __ATOMIC_ACQUIRE) == 1);
	answer = g_strdup(operation_answer(order));
	g_assert_true((answer == NULL) == (operation_error(order) != NULL));
	if (answer == NULL)
		g_propagate_error(error, g_error_copy(operation_error(order)));
	operation_unref(order);
	return answer;
}

char *fixture_create(
	Fixture *self, guint32 workspace, const char *spec, GError **error)
{
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	int done = 0;

	return operation_wait(
		cache_create(self->cache, workspace, spec, strlen(spec),
			deadline, operation_done, &done),
		&done, error);
}

char *fixture_control(
	Fixture *self, guint32 session, const char *verb, GError **error)
{
	gint64 deadline = g_get_monotonic_time() + 5 * G_USEC_PER_SEC;
	int done = 0;

	return operation_wait(cache_control(self->cache, session, verb,
				      deadline, operation_done, &done),
		&done, error);
}
