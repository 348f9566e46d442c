/* Sections that come, go and change while the cache runs. */
#include <string.h>

#include "tests/unit/cache_fixture.h"

static Backend *backend_at(const char *key, const char *value)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;
	Backend *backend;

	if (key != NULL)
		g_hash_table_insert(keys, (gpointer)key, (gpointer)value);
	backend = backend_open(&memory_class, keys, &error);
	g_assert_no_error(error);
	return backend;
}

static void put(Fixture *f, CacheProvider settings)
{
	g_autoptr(GError) error = NULL;

	settings.list_lag_ms = -1;
	g_assert_true(cache_put(f->cache, &settings, &error));
	g_assert_no_error(error);
}

static void drop(Fixture *f, const char *name)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(cache_drop(f->cache, name, &error));
	g_assert_no_error(error);
}

static guint32 number_of(Fixture *f, const char *name)
{
	Entry entry;

	return cache_find(f->cache, 0, name, &entry, NULL) == KNOWN_YES
		       ? entry.number
		       : 0;
}

static void one_comes_and_goes_and_comes_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;
	Entry entry;

	fixture_open(f, NULL, NULL);
	put(f, (CacheProvider){.name = "n", .backend = backend_at(NULL, NULL)});
	number = number_of(f, "n");
	g_assert_cmpuint(number, !=, 0);
	g_assert_cmpuint(number, !=, f->provider);
	drop(f, "n");
	g_assert_cmpuint(number_of(f, "n"), ==, 0);
	g_assert_false(cache_entry(f->cache, number, &entry));
	g_assert_cmpuint(number_of(f, "m"), ==, f->provider);
	put(f, (CacheProvider){.name = "n", .backend = backend_at(NULL, NULL)});
	g_assert_cmpuint(number_of(f, "n"), ==, number);
	fixture_close(f);
}

static void what_is_not_there_is_dropped_already(void)
{
	g_autoptr(Fixture) f = fixture_new();

	fixture_open(f, NULL, NULL);
	drop(f, "n");
	g_assert_cmpuint(number_of(f, "m"), ==, f->provider);
	fixture_close(f);
}

static void a_name_that_cannot_be_leaves_all_as_it_was(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	CacheProvider settings = {
		.name = "", .backend = backend_at(NULL, NULL)};

	fixture_open(f, NULL, NULL);
	g_assert_false(cache_put(f->cache, &settings, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_assert_cmpuint(number_of(f, "m"), ==, f->provider);
	fixture_close(f);
}

static void other_settings_keep_the_directory(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Entry entry;

	fixture_open(f, NULL, NULL);
	put(f, (CacheProvider){.name = "m", .read_only = TRUE});
	g_assert_true(cache_entry(f->cache, f->provider, &entry));
	g_assert_true(entry.read_only);
	put(f, (CacheProvider){.name = "m", .backend = backend_at(NULL, NULL)});
	g_assert_true(cache_entry(f->cache, f->provider, &entry));
	g_assert_false(entry.read_only);
	fixture_close(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sections/one-comes-and-goes-and-comes-again",
		one_comes_and_goes_and_comes_again);
	g_test_add_func("/sections/what-is-not-there-is-dropped-already",
		what_is_not_there_is_dropped_already);
	g_test_add_func("/sections/a-name-that-cannot-be-leaves-all-as-it-was",
		a_name_that_cannot_be_leaves_all_as_it_was);
	g_test_add_func("/sections/other-settings-keep-the-directory",
		other_settings_keep_the_directory);
	return g_test_run();
}
