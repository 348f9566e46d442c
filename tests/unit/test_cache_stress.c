/* Everything at once, for the sanitizers: listings, orders, changes at the
 * provider, failures, and readers that never wait. */
#include "cache_fixture.h"

#include <pthread.h>
#include <string.h>

/* When it is enough: a second of an idle machine, and ten with a sanitizer. */
#define OPERATIONS 200
#define PAGES 200

static int stop;

static gboolean going(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

typedef struct {
	Cache *cache;
	guint32 before;
	guint entries;
} Reader;

static gboolean read_entry(const Entry *entry, const char *name, void *data)
{
	Reader *self = data;
	Entry again;

	g_assert_cmpuint(entry->number, >, self->before);
	g_assert_true(strlen(name) > 0);
	self->before = entry->number;
	self->entries++;
	cache_look(self->cache, entry->number);
	cache_entry(self->cache, entry->number, &again);
	if (entry->kind != ENTRY_SESSION)
		return TRUE;
	for (SessionFile file = 0; file <= SESSION_JSON; file++) {
		g_autoptr(GBytes) bytes =
			cache_read(self->cache, entry->number, file, NULL);
		ContentStat content;

		if (!cache_stat(
			    self->cache, entry->number, file, &content, NULL))
			continue;
		g_assert_cmpint(content.mtime_ns, >, 0);
		if (bytes != NULL)
			g_assert_cmpuint(g_bytes_get_size(bytes), <, 4096);
	}
	return TRUE;
}

static void *read_all(void *data)
{
	Fixture *f = data;

	while (going()) {
		static const char *const spaces[] = {"m-1", "m-2", "m-3"};
		g_autoptr(GString) metrics = g_string_new(NULL);

		for (guint i = 0; i < 3; i++) {
			Reader reader = {.cache = f->cache};
			g_autofree char *status = NULL, *last = NULL;
			g_autofree char *partial = NULL;
			Entry entry;

			if (cache_find(f->cache, f->provider, spaces[i], &entry,
				    NULL) != KNOWN_YES)
				continue;
			cache_list(f->cache, entry.number, 0, read_entry,
				&reader, NULL);
			status = cache_status(f->cache, entry.number);
			last = cache_last(f->cache, entry.number);
			partial = cache_partial(f->cache, entry.number);
		}
		cache_metrics(f->cache, metrics);
	}
	return NULL;
}

static void *ask_names(void *data)
{
	Fixture *f = data;
	guint i = 0;

	while (going()) {
		g_autofree char *space = g_strdup_printf("m-%u", 1 + i % 4);
		g_autofree char *name = g_strdup_printf("s-%06u", i++ % 300);
		Entry entry, session;

		if (cache_find(f->cache, f->provider, space, &entry, NULL) ==
			KNOWN_YES)
			cache_find(
				f->cache, entry.number, name, &session, NULL);
		g_usleep(100); /* sleeps: the pace of the load */
	}
	return NULL;
}

static void *change_provider(void *data)
{
	static const char *const states[] = {
		"Busy", "Running", "Stopped", "Error"};
	Fixture *f = data;
	guint i = 0;

	while (going()) {
		g_autofree char *space = g_strdup_printf("m-%u", 1 + i % 3);
		g_autofree char *id = g_strdup_printf("s-%06u", i * 7 % 250);

		if (i % 5 == 0)
			memory_remove(f->backend, space, id);
		else
			memory_put(f->backend, space, id, NULL, states[i % 4]);
		if (i % 500 == 0)
			memory_fail(f->backend, MEMORY_LIST_PAGE, 3, 1,
				BACKEND_ERROR_REMOTE);
		if (i % 700 == 0) {
			memory_remove_workspace(f->backend, "m-3");
			memory_add_workspace(f->backend, "m-4");
		}
		i++;
		g_usleep(200); /* sleeps: the pace of the load */
	}
	return NULL;
}

static void count_done(Operation *order, void *data)
{
	g_assert_true((operation_answer(order) == NULL) !=
		      (operation_error(order) == NULL));
	__atomic_add_fetch((int *)data, 1, __ATOMIC_SEQ_CST);
}

static int ordered, done;

static void *give_orders(void *data)
{
	Fixture *f = data;
	guint i = 0;

	while (going()) {
		gint64 deadline = g_get_monotonic_time() + G_USEC_PER_SEC;
		g_autoptr(Operation) order = NULL;
		g_autofree char *name = g_strdup_printf("s-%06u", i % 100);
		Entry space, session;

		i++;
		g_usleep(2000); /* sleeps: the pace of the load */
		if (cache_find(f->cache, f->provider, "m-1", &space, NULL) !=
			KNOWN_YES)
			continue;
		if (i % 2 == 0)
			order = cache_create(f->cache, space.number,
				"{\"name\":\"x\"}", 12, deadline, count_done,
				&done);
		else if (cache_find(f->cache, space.number, name, &session,
				 NULL) == KNOWN_YES)
			order = cache_control(f->cache, session.number,
				i % 4 == 1 ? "stop" : "start", deadline,
				count_done, &done);
		if (order != NULL)
			__atomic_add_fetch(&ordered, 1, __ATOMIC_SEQ_CST);
		if (order != NULL && i % 7 == 0)
			operation_drop(order);
	}
	return NULL;
}

static void *refresh_often(void *data)
{
	Fixture *f = data;

	while (going()) {
		cache_look(f->cache, f->provider);
		for (guint i = 1; i < 4; i++) {
			g_autofree char *space = g_strdup_printf("m-%u", i);
			Entry entry;

			if (cache_find(f->cache, f->provider, space, &entry,
				    NULL) == KNOWN_YES)
				cache_look(f->cache, entry.number);
		}
		g_usleep(1000); /* sleeps: the pace of the load */
	}
	return NULL;
}

static gboolean is_enough(Fixture *f)
{
	return __atomic_load_n(&ordered, __ATOMIC_SEQ_CST) >= OPERATIONS &&
	       memory_calls(f->backend, MEMORY_LIST_PAGE) >= PAGES;
}

static void everything_at_once(void)
{
	static void *(*const jobs[])(void *) = {read_all, read_all, ask_names,
		change_provider, give_orders, refresh_often};
	pthread_t threads[G_N_ELEMENTS(jobs)];
	g_autoptr(Fixture) f = fixture_new();

	f->refresh_ms = 5;
	fixture_open(f, "workspaces_made", "3", "sessions", "200", "page", "20",
		NULL);
	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++)
		pthread_create(&threads[i], NULL, jobs[i], f);
	fixture_until(is_enough(f));
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (guint i = 0; i < G_N_ELEMENTS(jobs); i++)
		pthread_join(threads[i], NULL);
	g_test_message("%d orders, %" G_GUINT64_FORMAT " pages", ordered,
		memory_calls(f->backend, MEMORY_LIST_PAGE));
	cache_stop(f->cache);
	g_assert_cmpint(done, ==, ordered);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cache_stress/everything_at_once", everything_at_once);
	return g_test_run();
}
