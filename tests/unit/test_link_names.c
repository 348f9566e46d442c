#include "cache/views/link_names.h"

#include <string.h>

#include "cache/base/name.h"

#define MANY 100000u

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LinkNames, link_names_free)

static void drop(LinkNames *names, const char *link)
{
	g_autofree char *own = link_names_drop(names, link);

	g_assert_nonnull(own);
}

static void equal_names_are_numbered_from_2_on(void)
{
	g_autoptr(LinkNames) names = link_names_new();

	g_assert_cmpstr(link_names_take(names, "a", 101), ==, "a");
	g_assert_cmpstr(link_names_take(names, "a", 102), ==, "a~2");
	g_assert_cmpstr(link_names_take(names, "a", 103), ==, "a~3");
	g_assert_cmpstr(link_names_take(names, "b", 104), ==, "b");
	g_assert_cmpuint(link_names_find(names, "a~2"), ==, 102);
	g_assert_cmpuint(link_names_find(names, "a~4"), ==, 0);
}

static void the_lowest_free_one_is_given_again(void)
{
	g_autoptr(LinkNames) names = link_names_new();

	for (guint32 i = 1; i <= 12; i++)
		link_names_take(names, "a", i);
	drop(names, "a~11");
	drop(names, "a~3");
	drop(names, "a~5");
	g_assert_cmpstr(link_names_take(names, "a", 20), ==, "a~3");
	drop(names, "a");
	g_assert_cmpstr(link_names_take(names, "a", 21), ==, "a");
	g_assert_cmpstr(link_names_take(names, "a", 22), ==, "a~5");
	g_assert_cmpstr(link_names_take(names, "a", 23), ==, "a~11");
	g_assert_cmpstr(link_names_take(names, "a", 24), ==, "a~13");
}

static void a_name_may_look_like_a_numbered_one(void)
{
	g_autoptr(LinkNames) names = link_names_new();

	g_assert_cmpstr(link_names_take(names, "a~2", 1), ==, "a~2");
	g_assert_cmpstr(link_names_take(names, "a", 2), ==, "a");
	g_assert_cmpstr(link_names_take(names, "a", 3), ==, "a~3");
	g_assert_cmpstr(link_names_take(names, "a~2", 4), ==, "a~2~2");
	/* It is free for the others too once it goes. */
	drop(names, "a~2");
	g_assert_cmpstr(link_names_take(names, "a", 5), ==, "a~2");
	g_assert_cmpstr(link_names_take(names, "a~2", 6), ==, "a~2~3");
	/* No suffix that would be given. */
	g_assert_cmpstr(link_names_take(names, "a~04", 7), ==, "a~04");
	g_assert_cmpstr(link_names_take(names, "a~x", 8), ==, "a~x");
	drop(names, "a~04");
	drop(names, "a~x");
	g_assert_cmpstr(link_names_take(names, "a", 9), ==, "a~4");
}

static void long_names_are_cut_at_a_character(void)
{
	static const char *const ends[] = {"xxxx", "\xc3\xa4\xc3\xa4", "a%2F",
		"\xf0\x9f\x98\x80", "%2F%2F"};

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autoptr(LinkNames) names = link_names_new();
		g_autoptr(GHashTable) seen =
			g_hash_table_new(g_str_hash, g_str_equal);
		g_autofree char *pad =
			g_strnfill(NAME_MAX_BYTES - strlen(ends[i]), 'p');
		g_autofree char *name = g_strconcat(pad, ends[i], NULL);

		for (guint32 n = 1; n <= 1200; n++) {
			const char *link = link_names_take(names, name, n);
			const char *percent = strrchr(link, '%');
			const char *mark = strrchr(link, '~');

			g_assert_true(g_utf8_validate(link, -1, NULL));
			g_assert_cmpuint(strlen(link), <=, NAME_MAX_BYTES);
			if (percent != NULL && mark != NULL)
				g_assert_cmpint(mark - percent, >=, 3);
			g_assert_true(g_hash_table_add(seen, (gpointer)link));
		}
	}
}

/* Both are cut to the same stem. */
static void cut_names_share_their_numbers(void)
{
	g_autoptr(LinkNames) names = link_names_new();
	g_autofree char *pad = g_strnfill(NAME_MAX_BYTES - 1, 'p');
	g_autofree char *one = g_strconcat(pad, "1", NULL);
	g_autofree char *two = g_strconcat(pad, "2", NULL);
	g_autofree char *first = NULL;

	link_names_take(names, one, 1);
	link_names_take(names, two, 2);
	first = g_strdup(link_names_take(names, one, 3));
	g_assert_true(g_str_has_suffix(first, "p~2"));
	g_assert_true(g_str_has_suffix(link_names_take(names, two, 4), "p~3"));
	drop(names, first);
	g_assert_cmpstr(link_names_take(names, two, 5), ==, first);
}

/* Each step through all that are taken would be 10^10 of them. */
static void a_hundred_thousand_of_one_name_are_quick(void)
{
	g_autoptr(LinkNames) names = link_names_new();
	gint64 begun = g_get_monotonic_time();
	char link[32];

	for (guint32 n = 1; n <= MANY; n++)
		link_names_take(names, "same", n);
	g_assert_cmpuint(link_names_find(names, "same~100000"), ==, MANY);
	for (guint32 n = 2; n <= MANY; n++) {
		g_snprintf(link, sizeof(link), "same~%u", n);
		drop(names, link);
		g_assert_cmpstr(link_names_take(names, "same", n), ==, link);
	}
	for (guint32 n = 3; n <= MANY; n += 3) {
		g_snprintf(link, sizeof(link), "same~%u", n);
		drop(names, link);
	}
	for (guint32 n = 3; n <= MANY; n += 3) {
		g_snprintf(link, sizeof(link), "same~%u", n);
		g_assert_cmpstr(link_names_take(names, "same", n), ==, link);
	}
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 60 * G_USEC_PER_SEC);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/link_names/equal-names-are-numbered-from-2-on",
		equal_names_are_numbered_from_2_on);
	g_test_add_func("/link_names/the-lowest-free-one-is-given-again",
		the_lowest_free_one_is_given_again);
	g_test_add_func("/link_names/a-name-may-look-like-a-numbered-one",
		a_name_may_look_like_a_numbered_one);
	g_test_add_func("/link_names/long-names-are-cut-at-a-character",
		long_names_are_cut_at_a_character);
	g_test_add_func("/link_names/cut-names-share-their-numbers",
		cut_names_share_their_numbers);
	g_test_add_func("/link_names/a-hundred-thousand-of-one-name-are-quick",
		a_hundred_thousand_of_one_name_are_quick);
	return g_test_run();
}
