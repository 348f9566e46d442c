#include "cache/store/dirlog.h"

#include <glib/gstdio.h>
#include <string.h>

#include "cache_fixture.h"
#include "warnings.h"

static char *dir;

static DirLog *open_tree(void)
{
	g_autoptr(GError) error = NULL;
	DirLog *tree = dirlog_open(dir, &error);

	g_assert_no_error(error);
	return tree;
}

static void collect(const DirLogEntry *entry, void *data)
{
	g_string_append_printf(data, "%u %s %s;", entry->number, entry->id,
		entry->there ? "there" : "gone");
}

static char *dump(DirLog *tree, guint32 parent)
{
	GString *out = g_string_new(NULL);

	dirlog_foreach(tree, parent, collect, out);
	return g_string_free(out, FALSE);
}

static void names_come_back(void)
{
	DirLog *tree = open_tree();

	g_assert_true(dirlog_put(tree, 164, 0, "named", 0, NULL));
	g_assert_true(dirlog_put(tree, 165, 164, "w-1", 0, NULL));
	g_assert_true(dirlog_put(tree, 166, 164, "w-2", 0, NULL));
	g_assert_true(dirlog_name(tree, 165, "old", NULL));
	g_assert_true(dirlog_name(tree, 165, "etl: \n\xff", NULL));
	g_assert_true(dirlog_name(tree, 166, "gone", NULL));
	g_assert_true(dirlog_name(tree, 166, "", NULL));
	g_assert_true(dirlog_name(tree, 999, "nobody", NULL));
	dirlog_free(tree);
	tree = open_tree();
	g_assert_cmpstr(dirlog_find(tree, 164, "w-1")->name, ==, "etl: \n\xff");
	g_assert_null(dirlog_find(tree, 164, "w-2")->name);
	g_assert_null(dirlog_find(tree, 0, "named")->name);
	dirlog_free(tree);
}

static void entries_come_back(void)
{
	DirLog *tree = open_tree();
	g_autofree char *top = NULL, *below = NULL;
	const DirLogEntry *entry;

	g_assert_true(dirlog_put(tree, 64, 0, "ali", 0, NULL));
	g_assert_true(dirlog_put(tree, 66, 64, "w-2", 5, NULL));
	g_assert_true(dirlog_put(tree, 65, 64, "w-1", 6, NULL));
	g_assert_true(dirlog_remove(tree, 66, NULL));
	g_assert_true(dirlog_complete(tree, 64, 77, NULL));
	g_assert_true(dirlog_touch(tree, 64, 88, NULL));
	g_assert_true(dirlog_reserve(tree, 4160, NULL));
	dirlog_free(tree);
	tree = open_tree();
	top = dump(tree, 0);
	below = dump(tree, 64);
	g_assert_cmpstr(top, ==, "64 ali there;");
	g_assert_cmpstr(below, ==, "65 w-1 there;66 w-2 gone;");
	entry = dirlog_find(tree, 0, "ali");
	g_assert_cmpint(entry->complete_ms, ==, 77);
	g_assert_cmpint(entry->mtime_ns, ==, 88);
	g_assert_cmpint(dirlog_find(tree, 64, "w-1")->created_ms, ==, 6);
	g_assert_null(dirlog_find(tree, 64, "ali"));
	g_assert_cmpuint(dirlog_limit(tree), ==, 4160);
	dirlog_free(tree);
}

static goffset bytes_of_tree(void)
{
	g_autofree char *path = g_build_filename(dir, ".tree", NULL);
	GStatBuf st;

	g_assert_cmpint(g_stat(path, &st), ==, 0);
	return st.st_size;
}

static void it_is_written_anew_when_it_has_grown(void)
{
	DirLog *tree = open_tree();
	g_autofree char *before = dump(tree, 64);
	g_autofree char *after = NULL;
	goffset grown;

	for (guint i = 0; i < 6000; i++)
		g_assert_true(dirlog_complete(tree, 64, i, NULL));
	grown = bytes_of_tree();
	dirlog_free(tree);
	tree = open_tree();
	g_assert_cmpint(bytes_of_tree(), <, grown / 100);
	after = dump(tree, 64);
	g_assert_cmpstr(after, ==, before);
	g_assert_cmpint(dirlog_find(tree, 0, "ali")->complete_ms, ==, 5999);
	g_assert_cmpuint(dirlog_limit(tree), ==, 4160);
	g_assert_true(dirlog_put(tree, 70, 64, "w-9", 0, NULL));
	dirlog_free(tree);
	tree = open_tree();
	g_assert_nonnull(dirlog_find(tree, 64, "w-9"));
	dirlog_free(tree);
}

/* Groups of views are claimed long after others have taken numbers. */
static void the_limit_lies_above_all_that_is_known(void)
{
	DirLog *tree = open_tree();
	g_autofree char *groups = NULL;

	g_assert_true(dirlog_put(tree, 5000, 70, ".by-state/Running", 0, NULL));
	g_assert_true(dirlog_put(tree, 71, 70, ".by-user/ann", 0, NULL));
	dirlog_free(tree);
	tree = open_tree();
	groups = dump(tree, 70);
	g_assert_cmpstr(groups, ==,
		"71 .by-user/ann there;5000 .by-state/Running there;");
	g_assert_cmpuint(dirlog_limit(tree), ==, 5001);
	dirlog_free(tree);
}

static void rubbish_is_named_and_left(void)
{
	g_autofree char *path = g_build_filename(dir, ".tree", NULL);
	g_autofree char *top = NULL, *aside = NULL, *kept = NULL;
	DirLog *tree;

	g_assert_true(g_file_set_contents(path, "rubbish", 7, NULL));
	warnings_keep();
	tree = open_tree();
	warnings_expect_one("*.tree*ignored*");
	top = dump(tree, 0);
	g_assert_cmpstr(top, ==, "");
	g_assert_true(dirlog_is_damaged(tree));
	dirlog_free(tree);
	aside = g_strconcat(path, ".damaged", NULL);
	g_assert_true(g_file_get_contents(aside, &kept, NULL, NULL));
	g_assert_cmpstr(kept, ==, "rubbish");
	tree = open_tree();
	g_assert_false(dirlog_is_damaged(tree));
	dirlog_free(tree);
}

static void a_missing_directory_is_an_error(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *none = g_build_filename(dir, "none", NULL);

	g_assert_null(dirlog_open(none, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
}

int main(int argc, char **argv)
{
	int rc;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("sessionfs-test-XXXXXX", NULL);
	g_test_add_func("/tree/entries_come_back", entries_come_back);
	g_test_add_func("/tree/it_is_written_anew_when_it_has_grown",
		it_is_written_anew_when_it_has_grown);
	g_test_add_func("/tree/the_limit_lies_above_all_that_is_known",
		the_limit_lies_above_all_that_is_known);
	g_test_add_func(
		"/tree/rubbish_is_named_and_left", rubbish_is_named_and_left);
	g_test_add_func("/tree/a_missing_directory_is_an_error",
		a_missing_directory_is_an_error);
	g_test_add_func("/tree/names_come_back", names_come_back);
	rc = g_test_run();
	fixture_remove_tree(dir);
	g_free(dir);
	return rc;
}
