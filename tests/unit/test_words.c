#include "words.h"

#include <string.h>

#include "error.h"

static guint16 index_of(Words *words, const char *word)
{
	g_autoptr(GError) error = NULL;
	guint16 index = G_MAXUINT16;
	gboolean ok = words_index(words, word, &index, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return index;
}

static void same_word_same_index(void)
{
	Words *words = words_new();
	guint16 running = index_of(words, "Running");

	g_assert_cmpuint(index_of(words, ""), ==, 0);
	g_assert_cmpuint(index_of(words, "Stopped"), !=, running);
	g_assert_cmpuint(index_of(words, "Running"), ==, running);
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
	kept = words_get(words, index_of(words, word->str));
	g_assert_true(g_utf8_validate(kept, -1, NULL));
	g_assert_cmpuint(strlen(kept), <=, WORD_MAX_BYTES);
	g_assert_cmpuint(strlen(kept), >=, WORD_MAX_BYTES - 2);
	words_free(words);
}

static void thousands_of_words_are_an_error(void)
{
	Words *words = words_new();
	g_autoptr(GError) error = NULL;
	gboolean ok = TRUE;

	for (guint i = 0; ok && i < 100000; i++) {
		g_autofree char *word = g_strdup_printf("state %u", i);
		guint16 index;

		ok = words_index(words, word, &index, &error);
	}
	g_assert_false(ok);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	g_assert_cmpuint(index_of(words, "state 7"), ==, 8);
	words_free(words);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/words/same_word_same_index", same_word_same_index);
	g_test_add_func("/words/long_words_are_cut_at_a_character",
		long_words_are_cut_at_a_character);
	g_test_add_func("/words/thousands_of_words_are_an_error",
		thousands_of_words_are_an_error);
	return g_test_run();
}
