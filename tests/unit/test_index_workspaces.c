#include <string.h>

#include "cache_fixture.h"

/* The links to a provider's workspaces, by their names. */

static gboolean visit(const Entry *entry, const char *name, void *data)
{
	g_assert_cmpint(entry->kind, ==, ENTRY_WORKSPACE);
	g_string_append_printf(data, "%s=%u ", name, entry->number);
	return TRUE;
}

/* "etl=m-1 report=m-2 " with the workspaces' names in place of numbers. */
static char *links(Fixture *f)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) items = NULL;
	GString *named = g_string_new(NULL);
	Known known;

	fixture_until((g_string_truncate(out, 0),
			      known = cache_links(f->cache, f->provider, 0,
				      visit, out, NULL)) != KNOWN_NOT_YET);
	g_assert_cmpint(known, ==, KNOWN_YES);
	items = g_strsplit(g_strchomp(out->str), " ", -1);
	for (char **item = items; *item != NULL; item++) {
		char *mark = strchr(*item, '=');
		g_autofree char *name = NULL;
		guint32 number;
		Entry found;

		*mark++ = '\0';
		number = (guint32)g_ascii_strtoull(mark, NULL, 10);
		name = cache_name(f->cache, number);
		g_assert_cmpint(cache_link_find(f->cache, f->provider, *item,
					&found, NULL),
			==, KNOWN_YES);
		g_assert_cmpuint(found.number, ==, number);
		g_string_append_printf(named, "%s%s=%s",
			named->len > 0 ? " " : "", *item, name);
	}
	return g_string_free(named, FALSE);
}

#define expect(expression, text)                                               \
	G_STMT_START                                                           \
	{                                                                      \
		g_autofree char *is_ = (expression);                           \
		g_assert_cmpstr(is_, ==, (text));                              \
	}                                                                      \
	G_STMT_END

static void begin(Fixture *f)
{
	fixture_open(f, "workspaces_made", "0", NULL);
	memory_name_workspace(f->backend, "m-1", "etl");
	memory_name_workspace(f->backend, "m-2", "");
	memory_name_workspace(f->backend, "m-3", "a/b");
	memory_name_workspace(f->backend, "m-4", "etl");
	fixture_refresh(f, f->provider);
}

static void the_provider_names_them(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Entry entry;

	begin(f);
	expect(links(f), "etl=m-1 a%2Fb=m-3 etl~2=m-4");
	g_assert_cmpint(
		cache_link_find(f->cache, f->provider, "m-2", &entry, NULL), ==,
		KNOWN_NO);
	g_assert_cmpint(cache_group_find(f->cache, f->provider, BY_STATE,
				"Running", &entry, NULL),
		==, KNOWN_NO);
}

static void names_that_change_are_told(void)
{
	g_autoptr(Fixture) f = fixture_new();
	gint64 before_ns;

	begin(f);
	expect(links(f), "etl=m-1 a%2Fb=m-3 etl~2=m-4");
	fixture_forget_news(f);
	before_ns = cache_view_mtime_ns(f->cache, f->provider, BY_NAME);
	memory_name_workspace(f->backend, "m-1", "main");
	fixture_refresh(f, f->provider);
	fixture_expect_views(f, "-name:etl +name:main");
	expect(links(f), "main=m-1 a%2Fb=m-3 etl~2=m-4");
	g_assert_cmpint(cache_view_mtime_ns(f->cache, f->provider, BY_NAME), >,
		before_ns);
	memory_name_workspace(f->backend, "m-3", "");
	memory_name_workspace(f->backend, "m-5", "etl");
	fixture_refresh(f, f->provider);
	fixture_expect_views(f, "-name:a%2Fb +name:etl");
	expect(links(f), "main=m-1 etl~2=m-4 etl=m-5");
	memory_remove_workspace(f->backend, "m-4");
	fixture_refresh(f, f->provider);
	fixture_refresh(f, f->provider);
	fixture_expect_views(f, "-name:etl~2");
	expect(links(f), "main=m-1 etl=m-5");
	fixture_refresh(f, f->provider);
	fixture_expect_views(f, "");
}

static void the_section_names_them(void)
{
	g_autoptr(Fixture) f = fixture_new();

	f->names = g_strsplit("m-1|one|m-2|two/2|m-9|none", "|", -1);
	begin(f);
	expect(links(f), "one=m-1 two%2F2=m-2 a%2Fb=m-3 etl=m-4");
	fixture_close(f);
	f->name_all = "main";
	begin(f);
	expect(links(f), "one=m-1 two%2F2=m-2 main=m-3 main~2=m-4");
}

static void workspaces_of_the_section_have_its_names_only(void)
{
	g_autoptr(Fixture) f = fixture_new();

	begin(f);
	fixture_close(f);
	f->workspaces = g_strsplit("m-1 m-2", " ", -1);
	f->names = g_strsplit("m-2 two", " ", -1);
	fixture_open(f, "workspaces_made", "0", NULL);
	expect(links(f), "two=m-2");
}

static void names_survive_a_restart(void)
{
	g_autoptr(Fixture) f = fixture_new();

	begin(f);
	fixture_close(f);
	fixture_open(f, "workspaces_made", "0", NULL);
	memory_fail(f->backend, MEMORY_LIST_WORKSPACES, 0, 0,
		BACKEND_ERROR_UNREACHABLE);
	expect(links(f), "etl=m-1 a%2Fb=m-3 etl~2=m-4");
}

static void a_long_name_is_cut(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *name = g_strnfill(100000, 'x');
	g_autofree char *shown = NULL;

	fixture_open(f, "workspaces_made", "0", NULL);
	memory_name_workspace(f->backend, "m-1", name);
	fixture_refresh(f, f->provider);
	shown = links(f);
	g_assert_cmpuint(strlen(shown), <=, 200 + strlen("=m-1"));
	fixture_forget_news(f);
	fixture_refresh(f, f->provider);
	fixture_expect_views(f, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/workspaces/the-provider-names-them", the_provider_names_them);
	g_test_add_func("/workspaces/names-that-change-are-told",
		names_that_change_are_told);
	g_test_add_func(
		"/workspaces/the-section-names-them", the_section_names_them);
	g_test_add_func("/workspaces/those-of-the-section-have-its-names-only",
		workspaces_of_the_section_have_its_names_only);
	g_test_add_func(
		"/workspaces/names-survive-a-restart", names_survive_a_restart);
	g_test_add_func("/workspaces/a-long-name-is-cut", a_long_name_is_cut);
	return g_test_run();
}
