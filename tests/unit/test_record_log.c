#include "cache/store/record_log.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/error.h"
#include "warnings.h"

static char *dir, *path;

static void collect(guint32 type, const guint8 *data, gsize len, void *user)
{
	g_string_append_printf(
		user, "%u:%.*s ", type, (int)len, (const char *)data);
}

static void append(RecordLog *record_log, guint32 type, const char *text)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	gboolean ok;

	record_log_record(batch, type, text, strlen(text), NULL, 0);
	ok = record_log_append(record_log, batch, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
}

static void write_three(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(RecordLog) record_log = record_log_create(path, 5, &error);

	g_assert_no_error(error);
	append(record_log, 1, "one");
	append(record_log, 2, "two");
	append(record_log, 3, "three");
}

/* What the file holds; opening it may cut it. */
static char *read_all(void)
{
	GString *out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(RecordLog) record_log =
		record_log_open(path, collect, out, &error);

	g_assert_no_error(error);
	if (record_log == NULL)
		g_string_append(out, "none");
	return g_string_free(out, FALSE);
}

static void keeps_what_was_appended(void)
{
	g_autofree char *all = NULL;
	g_autoptr(RecordLog) record_log = NULL;
	g_autoptr(GString) out = g_string_new(NULL);

	write_three();
	all = read_all();
	g_assert_cmpstr(all, ==, "1:one 2:two 3:three ");
	record_log = record_log_open(path, collect, out, NULL);
	g_assert_cmpuint(record_log_generation(record_log), ==, 5);
}

static void a_missing_file_is_no_error(void)
{
	g_autofree char *all = NULL;

	g_unlink(path);
	all = read_all();
	g_assert_cmpstr(all, ==, "none");
}

/* Wherever it is cut off, whole records stay and appending goes on. */
static void a_torn_tail_costs_only_itself(void)
{
	static const char *const left[] = {"", "1:one ", "1:one 2:two "};
	const gsize head = 16, one = 12 + 3;

	for (gsize cut = head; cut < head + 2 * one + 12 + 5; cut++) {
		guint whole = (guint)MIN((cut - head) / one, 2);
		g_autofree char *again = NULL, *want = NULL;
		gboolean torn;
		g_autoptr(GString) out = g_string_new(NULL);
		RecordLog *record_log;

		write_three();
		g_assert_cmpint(truncate(path, (off_t)cut), ==, 0);
		torn = cut != head + whole * one;
		if (torn)
			warnings_keep();
		record_log = record_log_open(path, collect, out, NULL);
		if (torn)
			warnings_expect_one("*damaged at byte*");
		g_assert_cmpstr(out->str, ==, left[whole]);
		append(record_log, 9, "new");
		record_log_free(record_log);
		again = read_all();
		want = g_strconcat(left[whole], "9:new ", NULL);
		g_assert_cmpstr(again, ==, want);
	}
}

static void flip(gsize at)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char c;

	g_assert_cmpint(pread(fd, &c, 1, (off_t)at), ==, 1);
	c ^= 0x20;
	g_assert_cmpint(pwrite(fd, &c, 1, (off_t)at), ==, 1);
	close(fd);
}

static void damage_costs_what_follows(void)
{
	const gsize head = 16, one = 12 + 3;

	for (gsize at = head + one; at < head + 2 * one; at++) {
		g_autofree char *now = NULL, *again = NULL;

		write_three();
		flip(at);
		warnings_keep();
		now = read_all();
		warnings_expect_one("*damaged at byte*");
		g_assert_cmpstr(now, ==, "1:one ");
		/* It was cut: no old record comes back behind a new one. */
		again = read_all();
		g_assert_cmpstr(again, ==, "1:one ");
	}
}

static void another_kind_of_file_is_ignored(void)
{
	for (gsize at = 0; at < 16; at++) {
		g_autofree char *all = NULL;

		write_three();
		flip(at);
		warnings_keep();
		all = read_all();
		warnings_expect_one("*ignored*");
		g_assert_cmpstr(all, ==, "none");
	}
}

static void a_newer_version_is_left_alone(void)
{
	g_autofree char *before = NULL, *after = NULL;
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);
	g_autoptr(GError) error = NULL;
	gsize len, len_after;
	int fd;

	g_unlink(aside);
	write_three();
	fd = open(path, O_RDWR | O_CLOEXEC);
	g_assert_cmpint(pwrite(fd, "sfsledg2", 8, 0), ==, 8);
	close(fd);
	g_assert_true(g_file_get_contents(path, &before, &len, NULL));
	g_assert_null(record_log_open(path, collect, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
	g_assert_nonnull(strstr(error->message, "newer version"));
	g_assert_true(g_file_get_contents(path, &after, &len_after, NULL));
	g_assert_cmpmem(before, len, after, len_after);
	g_assert_false(g_file_test(aside, G_FILE_TEST_EXISTS));
}

static void many_records_are_read_in_pieces(void)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();
	g_autofree char *text = g_strnfill(5000, 'x');
	g_autofree char *all = NULL;
	g_autoptr(RecordLog) record_log = record_log_create(path, 1, NULL);

	for (guint i = 0; i < 1000; i++)
		record_log_record(batch, 7, text, 5000, &i, sizeof(i));
	g_assert_true(record_log_append(record_log, batch, NULL));
	all = read_all();
	g_assert_cmpuint(strlen(all), >=, 1000 * 5000);
}

static void a_rename_puts_it_in_the_place_of_another(void)
{
	g_autofree char *other = g_strconcat(path, ".new", NULL);
	g_autofree char *all = NULL;
	g_autoptr(RecordLog) next = NULL;

	write_three();
	next = record_log_create(other, 6, NULL);
	append(next, 4, "four");
	g_assert_true(record_log_rename(next, path, NULL));
	append(next, 5, "five");
	all = read_all();
	g_assert_cmpstr(all, ==, "4:four 5:five ");
	g_assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	int rc;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("sessionfs-test-XXXXXX", NULL);
	path = g_build_filename(dir, "ledger", NULL);
	g_test_add_func(
		"/ledger/keeps_what_was_appended", keeps_what_was_appended);
	g_test_add_func("/ledger/a_missing_file_is_no_error",
		a_missing_file_is_no_error);
	g_test_add_func("/ledger/a_torn_tail_costs_only_itself",
		a_torn_tail_costs_only_itself);
	g_test_add_func(
		"/ledger/damage_costs_what_follows", damage_costs_what_follows);
	g_test_add_func("/ledger/another_kind_of_file_is_ignored",
		another_kind_of_file_is_ignored);
	g_test_add_func("/ledger/a_newer_version_is_left_alone",
		a_newer_version_is_left_alone);
	g_test_add_func("/ledger/many_records_are_read_in_pieces",
		many_records_are_read_in_pieces);
	g_test_add_func("/ledger/a_rename_puts_it_in_the_place_of_another",
		a_rename_puts_it_in_the_place_of_another);
	rc = g_test_run();
	g_unlink(path);
	g_rmdir(dir);
	g_free(path);
	g_free(dir);
	return rc;
}
