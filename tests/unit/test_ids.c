#include "cache/store/ids.h"

#include <string.h>

#include "backends/session.h"

static const char *const reserved[] = {"new", NULL};

static void count_one(Id *id, void *data)
{
	++*(guint *)data;
}

static guint count(const IdTable *ids)
{
	guint n = 0;

	ids_foreach(ids, count_one, &n);
	return n;
}

static void finds_by_name_and_by_id(void)
{
	g_autoptr(IdTable) ids = ids_new(reserved);
	Id *plain = ids_add(ids, "sc-1", 64);
	Id *slashed = ids_add(ids, "a/b", 65);
	Id *taken = ids_add(ids, "new", 66);

	g_assert_true(ids_find(ids, "sc-1") == plain);
	g_assert_true(ids_get(ids, "a/b") == slashed);
	g_assert_true(ids_find(ids, "a%2Fb") == slashed);
	g_assert_null(ids_find(ids, "a/b"));
	g_assert_cmpstr(id_name(plain), ==, "sc-1");
	g_assert_cmpstr(id_name(slashed), ==, "a%2Fb");
	g_assert_cmpstr(slashed->text, ==, "a/b");
	g_assert_cmpstr(id_name(taken), ==, "%6Eew");
	g_assert_null(ids_get(ids, "sc-2"));
	g_assert_cmpuint(count(ids), ==, 3);
}

static void refuses_what_cannot_stand_in_a_directory(void)
{
	g_autoptr(IdTable) ids = ids_new(reserved);
	g_autofree char *longest = g_strnfill(SESSION_ID_MAX, 'a');
	g_autofree char *longer = g_strnfill(SESSION_ID_MAX + 1, 'a');

	g_assert_null(ids_add(ids, "", 64));
	g_assert_null(ids_add(ids, longer, 64));
	g_assert_nonnull(ids_add(ids, longest, 64));
	g_assert_null(ids_add(ids, longest, 65));
	g_assert_cmpuint(count(ids), ==, 1);
}

static void name_and_id_of_different_entries_are_told_apart(void)
{
	g_autoptr(IdTable) ids = ids_new(reserved);
	g_autofree char *long_id = g_strnfill(300, 'x');
	const Id *cut = ids_add(ids, long_id, 64);

	/* An id that is spelled like the other's name has another one. */
	g_assert_null(ids_get(ids, id_name(cut)));
	const Id *like = ids_add(ids, id_name(cut), 65);
	g_assert_nonnull(like);
	g_assert_cmpstr(id_name(like), !=, id_name(cut));
	g_assert_true(ids_get(ids, long_id) == cut);
	g_assert_true(ids_get(ids, id_name(cut)) == like);
}

static void sum_numbers(Id *id, void *data)
{
	*(guint64 *)data += id->number;
}

static void entries_stay_where_they_are(void)
{
	enum { N = 50000 };
	g_autoptr(IdTable) ids = ids_new(NULL);
	g_autofree Id **entries = g_new(Id *, N);
	guint64 sum = 0;

	for (guint i = 0; i < N; i++) {
		g_autofree char *id =
			g_strdup_printf("sc-%08x", i * 2654435761u);

		entries[i] = ids_add(ids, id, i);
		g_assert_nonnull(entries[i]);
	}
	for (guint i = 0; i < N; i++) {
		g_autofree char *id =
			g_strdup_printf("sc-%08x", i * 2654435761u);

		g_assert_true(ids_get(ids, id) == entries[i]);
		g_assert_cmpuint(entries[i]->number, ==, i);
	}
	ids_expect(ids, 4 * N);
	g_assert_true(ids_get(ids, entries[0]->text) == entries[0]);
	ids_foreach(ids, sum_numbers, &sum);
	g_assert_cmpuint(sum, ==, (guint64)N * (N - 1) / 2);
}

static void note_number(Id *id, void *data)
{
	g_string_append_printf(data, "%u ", id->number);
}

/* Nobody outside can choose ids that all want the same place. */
static void each_table_has_an_order_of_its_own(void)
{
	g_autoptr(GString) one = g_string_new(NULL);
	g_autoptr(GString) two = g_string_new(NULL);
	g_autoptr(IdTable) a = ids_new(reserved);
	g_autoptr(IdTable) b = ids_new(reserved);

	for (guint i = 0; i < 100; i++) {
		g_autofree char *id = g_strdup_printf("s-%u", i);

		ids_add(a, id, i);
		ids_add(b, id, i);
	}
	ids_foreach(a, note_number, one);
	ids_foreach(b, note_number, two);
	g_assert_cmpstr(one->str, !=, two->str);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/ids/finds_by_name_and_by_id", finds_by_name_and_by_id);
	g_test_add_func("/ids/refuses_what_cannot_stand_in_a_directory",
		refuses_what_cannot_stand_in_a_directory);
	g_test_add_func("/ids/name_and_id_of_different_entries_are_told_apart",
		name_and_id_of_different_entries_are_told_apart);
	g_test_add_func("/ids/entries_stay_where_they_are",
		entries_stay_where_they_are);
	g_test_add_func("/ids/each_table_has_an_order_of_its_own",
		each_table_has_an_order_of_its_own);
	return g_test_run();
}
