#include "cache/base/words.h"

#include <string.h>

static void same_word_same_index(void)
{
	Words *words = words_new();
	guint16 running = words_index(words, "Running");

	g_assert_cmpuint(words_index(words, ""), ==, 0);
	g_assert_cmpuint(words_index(words, "Stopped"), !=, running);
	g_assert_cmpuint(words_index(words, "Running"), ==, running);
	g_assert_cmpstr(words_get(words, running), ==, "Running");
	g_assert_cmpstr(words_get(words, 4000), ==, "");
	words_free(words);
}

static void long_words_are_cut_at_a_character(void)
{
	Words *words = words_new();
	g_autoptr(GString) word = g_string_new("x");
	const char *kept;

	for (guint i = 0; i < WORD_MAX_BYTES; i++)
		g_string_append(word, "\xc3\xa9");
	kept = words_get(words, words_index(words, word->str));
	g_assert_true(g_utf8_validate(kept, -1, NULL));
	g_assert_cmpuint(strlen(kept), <=, WORD_MAX_BYTES);
	g_assert_cmpuint(strlen(kept), >=, WORD_MAX_BYTES - 2);
	words_free(words);
}

static void after_thousands_of_words_all_others_are_one(void)
{
	Words *words = words_new();
	guint16 last = 0;

	for (guint i = 0; i < 100000; i++) {
		g_autofree char *word = g_strdup_printf("state %u", i);

		last = words_index(words, word);
	}
	g_assert_cmpstr(words_get(words, last), ==, WORD_OTHER);
	g_assert_cmpuint(words_index(words, "another"), ==, last);
	g_assert_cmpuint(words_index(words, WORD_OTHER), ==, last);
	g_assert_cmpstr(
		words_get(words, words_index(words, "state 7")), ==, "state 7");
	words_free(words);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/words/same_word_same_index", same_word_same_index);
	g_test_add_func("/words/long_words_are_cut_at_a_character",
		long_words_are_cut_at_a_character);
	g_test_add_func("/words/after_thousands_of_words_all_others_are_one",
		after_thousands_of_words_all_others_are_one);
	return g_test_run();
}
