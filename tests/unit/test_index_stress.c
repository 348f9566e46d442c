#include <pthread.h>
#include <string.h>

#include "backends/base/mutex.h"
#include "cache/model/dir.h"
#include "view_model.h"

#define SESSIONS 40u
#define READERS 3
#define ROUNDS 60u
#define MANY 30000u

/* ---- readers while all changes ---- */

typedef struct {
	Fixture *fixture;
	guint32 workspace;
	int stop; /* atomic */
} Readers;

static gboolean count_links(const Entry *entry, const char *name, void *data)
{
	guint32 *last = data;

	g_assert_cmpuint(entry->number, >, *last);
	g_assert_cmpint(*name, !=, '\0');
	*last = entry->number;
	return TRUE;
}

static gboolean read_group(const Entry *entry, const char *name, void *data)
{
	Readers *self = data;
	guint32 last = 0;
	g_autofree char *same = cache_name(self->fixture->cache, entry->number);

	g_assert_cmpstr(same, ==, name);
	/* It may be empty and gone by now. */
	cache_links(self->fixture->cache, entry->number, 0, count_links, &last,
		NULL);
	return TRUE;
}

/* Of one moment: as many lines as its size says, each whole. */
static void read_table(Readers *self, CacheTable table)
{
	g_autoptr(GBytes) bytes = NULL;
	const char *text;
	gsize len;

	g_assert_cmpint(cache_table(self->fixture->cache, self->workspace,
				table, &bytes, NULL),
		==, KNOWN_YES);
	text = g_bytes_get_data(bytes, &len);
	g_assert_true(len == 0 || text[len - 1] == '\n');
	for (gsize at = 0; table == TABLE_TSV && at < len;) {
		gsize line = strcspn(text + at, "\n");
		guint tabs = 0;

		for (gsize i = 0; i < line; i++)
			tabs += text[at + i] == '\t';
		g_assert_cmpuint(tabs, ==, 6);
		at += line + 1;
	}
}

static void *read_all(void *data)
{
	Readers *self = data;
	Cache *cache = self->fixture->cache;
	gint64 last_ns = 0;

	while (!__atomic_load_n(&self->stop, __ATOMIC_ACQUIRE)) {
		gint64 ns =
			cache_view_mtime_ns(cache, self->workspace, BY_NAME);
		guint32 last = 0;
		Entry entry;

		g_assert_cmpint(ns, >=, last_ns);
		last_ns = ns;
		for (ByWhat by = BY_STATE; by < N_VIEWS; by++)
			cache_groups(cache, self->workspace, by, 0, read_group,
				self, NULL);
		cache_links(
			cache, self->workspace, 0, count_links, &last, NULL);
		cache_link_find(cache, self->workspace, "name-1", &entry, NULL);
		read_table(self, TABLE_TSV);
		read_table(self, TABLE_JSONL);
	}
	return NULL;
}

static guint32 mixed(guint32 *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void change_some(Fixture *f, guint32 *state)
{
	static const char *const states[] = {
		"Running", "Busy", "Stopped", "Error", "Odd"};
	char id[16], text[40];

	for (guint i = 0; i < 8; i++) {
		g_snprintf(id, sizeof(id), "s-%u", mixed(state) % SESSIONS);
		switch (mixed(state) % 4) {
		case 0:
			memory_remove(f->backend, "m-1", id);
			break;
		case 1:
			g_snprintf(text, sizeof(text), "name-%u",
				mixed(state) % 5);
			memory_rename(f->backend, "m-1", id, text);
			break;
		case 2:
			g_snprintf(text, sizeof(text), "{\"user\":\"u%u\"}",
				mixed(state) % 5);
			memory_respec(f->backend, "m-1", id, text);
			break;
		default:
			memory_put(f->backend, "m-1", id, NULL,
				states[mixed(state) % G_N_ELEMENTS(states)]);
		}
	}
}

static void readers_see_whole_views_while_all_changes(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Readers readers = {.fixture = f};
	pthread_t threads[READERS];
	guint32 state = 7;

	fixture_open(f, "page", "16", NULL);
	readers.workspace = fixture_workspace(f, "m-1");
	views_wait(f, readers.workspace);
	for (guint i = 0; i < READERS; i++)
		pthread_create(&threads[i], NULL, read_all, &readers);
	for (guint i = 0; i < ROUNDS; i++) {
		change_some(f, &state);
		fixture_refresh(f, readers.workspace);
		if (i % 4 == 0)
			views_check(f, readers.workspace);
		fixture_forget_news(f);
	}
	__atomic_store_n(&readers.stop, 1, __ATOMIC_RELEASE);
	for (guint i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	views_check(f, readers.workspace);
}

/* ---- news are enough to follow the views ---- */

/* Plays what was told of links onto what was known before. */
static void play(GHashTable *links, const char *told)
{
	g_auto(GStrv) state_names = g_strsplit(told, " ", -1);

	for (char **word = state_names; *word != NULL; word++) {
		const char *what = *word + 1;

		if (**word == '+' || **word == '(') {
			g_assert_true(g_hash_table_add(links, g_strdup(what)));
		} else if (**word == '-') {
			g_assert_true(g_hash_table_remove(links, what));
		} else if (**word == ')') {
			(*word)[strlen(*word) - 1] = ')';
			g_assert_true(g_hash_table_remove(links, what));
		}
	}
}

static void expect_links(
	GHashTable *links, const char *prefix, const char *names, guint *n)
{
	g_auto(GStrv) state_names = g_strsplit(names, " ", -1);

	for (char **word = state_names; *word != NULL; word++) {
		g_autofree char *key = g_strconcat(prefix, *word, NULL);

		if (strchr(*word, '=') != NULL)
			*strrchr(key, '=') = '\0';
		g_assert_true(g_hash_table_contains(links, key));
		(*n)++;
	}
}

static void expect_view(Fixture *f, guint32 workspace, GHashTable *links,
	ByWhat by, const char *view, guint *n)
{
	g_autofree char *names = views_list(f, workspace, by);
	g_auto(GStrv) groups = g_strsplit(names, " ", -1);

	for (char **group = groups; *group != NULL; group++) {
		g_autofree char *own = views_links(f, workspace, by, *group);
		g_autofree char *in = g_strdup_printf("%s:%s/", view, *group);
		g_autofree char *key = g_strdup_printf("%s:%s)", view, *group);

		expect_links(links, in, own, n);
		if (by == BY_PHASE)
			continue;
		g_assert_true(g_hash_table_contains(links, key));
		(*n)++;
	}
}

/* Waits until all that was pushed so far is delivered. */
static void hear_all(Fixture *f, guint32 workspace)
{
	guint before = fixture_count_news(f, NEWS_TEXT, workspace);
	const News last = {.kind = NEWS_TEXT, .number = workspace};

	news_push(f->cache->news, &last, 1);
	news_deliver(f->cache->news);
	fixture_until(fixture_count_news(f, NEWS_TEXT, workspace) > before);
}

static void the_news_tell_all_that_changes(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GHashTable) links =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint32 workspace, state = 11;

	fixture_open(f, "page", "16", NULL);
	workspace = fixture_workspace(f, "m-1");
	views_wait(f, workspace);
	fixture_forget_news(f);
	for (guint i = 0; i < ROUNDS; i++) {
		g_autofree char *names = NULL;
		g_autofree char *told = NULL;
		guint n = 0;

		change_some(f, &state);
		fixture_refresh(f, workspace);
		hear_all(f, workspace);
		told = fixture_views(f);
		fixture_forget_news(f);
		play(links, told);
		names = views_list(f, workspace, BY_NAME);
		expect_links(links, "name:", names, &n);
		expect_view(f, workspace, links, BY_STATE, "state", &n);
		expect_view(f, workspace, links, BY_PHASE, "phase", &n);
		expect_view(f, workspace, links, BY_USER, "user", &n);
		g_assert_cmpuint(n, ==, g_hash_table_size(links));
	}
}

/* ---- many ---- */

static gint64 took_ms(gint64 begun_us)
{
	return (g_get_monotonic_time() - begun_us) / 1000;
}

static void thousands_of_one_name_are_quick(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *sessions = g_strdup_printf("%u", MANY);
	g_autofree char *tsv = NULL;
	guint32 workspace;
	gint64 begun;
	Entry entry;
	char id[16];

	f->deadline_ms = 60000;
	fixture_open(f, "sessions", sessions, "page", "5000", NULL);
	for (guint i = 1; i <= MANY; i++) {
		g_snprintf(id, sizeof(id), "s-%06u", i);
		memory_rename(f->backend, "m-1", id, "same");
	}
	workspace = fixture_find(f, f->provider, "m-1");
	fixture_until(fixture_known(f, workspace, NULL) == KNOWN_YES);
	begun = g_get_monotonic_time();
	views_wait(f, workspace);
	g_test_message("index: %" G_GINT64_FORMAT " ms", took_ms(begun));
	begun = g_get_monotonic_time();
	tsv = views_table(f, workspace, TABLE_TSV);
	g_test_message("table of %" G_GSIZE_FORMAT " bytes: %" G_GINT64_FORMAT
		       " ms",
		strlen(tsv), took_ms(begun));
	g_assert_cmpuint(strlen(tsv), >, MANY * 60);
	g_assert_cmpint(cache_link_find(f->cache, workspace, "same~30000",
				&entry, NULL),
		==, KNOWN_YES);
	begun = g_get_monotonic_time();
	for (guint i = 1; i <= MANY; i += 2) {
		g_snprintf(id, sizeof(id), "s-%06u", i);
		memory_put(f->backend, "m-1", id, NULL, "Busy");
	}
	fixture_refresh(f, workspace);
	g_test_message("half of them changed: %" G_GINT64_FORMAT " ms",
		took_ms(begun));
	hear_all(f, workspace);
	g_assert_cmpuint(fixture_count_news(f, NEWS_LINKED, 0), ==, MANY);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/index_stress/readers-see-whole-views-while-all-changes",
		readers_see_whole_views_while_all_changes);
	g_test_add_func("/index_stress/the-news-tell-all-that-changes",
		the_news_tell_all_that_changes);
	g_test_add_func("/index_stress/thousands-of-one-name-are-quick",
		thousands_of_one_name_are_quick);
	return g_test_run();
}
