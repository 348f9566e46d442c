#include "cache/base/state_names.h"

#include <string.h>

static void same_word_same_index(void)
{
	StateNames *state_names = state_names_new();
	guint16 running = state_names_index(state_names, "Running");

	g_assert_cmpuint(state_names_index(state_names, ""), ==, 0);
	g_assert_cmpuint(
		state_names_index(state_names, "Stopped"), !=, running);
	g_assert_cmpuint(
		state_names_index(state_names, "Running"), ==, running);
	g_assert_cmpstr(state_names_get(state_names, running), ==, "Running");
	g_assert_cmpstr(state_names_get(state_names, 4000), ==, "");
	state_names_free(state_names);
}

static void long_words_are_cut_at_a_character(void)
{
	StateNames *state_names = state_names_new();
	g_autoptr(GString) word = g_string_new("x");
	const char *kept;

	for (guint i = 0; i < WORD_MAX_BYTES; i++)
		g_string_append(word, "\xc3\xa9");
	kept = state_names_get(
		state_names, state_names_index(state_names, word->str));
	g_assert_true(g_utf8_validate(kept, -1, NULL));
	g_assert_cmpuint(strlen(kept), <=, WORD_MAX_BYTES);
	g_assert_cmpuint(strlen(kept), >=, WORD_MAX_BYTES - 2);
	state_names_free(state_names);
}

static void after_thousands_of_words_all_others_are_one(void)
{
	StateNames *state_names = state_names_new();
	guint16 last = 0;

	for (guint i = 0; i < 100000; i++) {
		g_autofree char *word = g_strdup_printf("state %u", i);

		last = state_names_index(state_names, word);
	}
	g_assert_cmpstr(state_names_get(state_names, last), ==, WORD_OTHER);
	g_assert_cmpuint(state_names_index(state_names, "another"), ==, last);
	g_assert_cmpuint(state_names_index(state_names, WORD_OTHER), ==, last);
	g_assert_cmpstr(state_names_get(state_names,
				state_names_index(state_names, "state 7")),
		==, "state 7");
	state_names_free(state_names);
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
