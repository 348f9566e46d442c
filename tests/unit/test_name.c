#include "cache/base/name.h"

#include <string.h>

static const char *const reserved[] = {"new", "ctl", NULL};

static void escapes_what_a_file_name_must_not_hold(void)
{
	static const struct {
		const char *id, *name;
	} cases[] = {
		{"sc-0123456789abcdef", "sc-0123456789abcdef"},
		{"a.b-c_d", "a.b-c_d"},
		{"a/b", "a%2Fb"},
		{"..", "%2E."},
		{".", "%2E"},
		{"-rf", "%2Drf"},
		{"100%", "100%25"},
		{"%2F", "%252F"},
		{"a\nb\x1b[31m", "a%0Ab%1B[31m"},
		{"a\x7f", "a%7F"},
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"bad\xff\xc3", "bad%FF%C3"},
		{"\xe2\x80\xae", "%E2%80%AE"}, /* right-to-left override */
		{"\xc2\x85", "%C2%85"},
		{"a b", "a b"},
		{"new", "%6Eew"},
		{"newer", "newer"},
		{"ctl", "%63tl"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = name_escape(cases[i].id, reserved);
		g_autofree char *id = name_unescape(name, reserved);

		g_assert_cmpstr(name, ==, cases[i].name);
		g_assert_cmpstr(id, ==, cases[i].id);
	}
}

static void only_one_spelling_is_a_name(void)
{
	static const char *const wrong[] = {"", "%41", "a%2fb", "%", "%2",
		"%zz", ".hidden", "-x", "new", "a/b", "%00", "a%00b", "%2e",
		"a\n"};

	for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *id = name_unescape(wrong[i], reserved);

		g_assert_null(id);
	}
}

static char *repeat(const char *piece, guint n)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < n; i++)
		g_string_append(out, piece);
	return g_string_free(out, FALSE);
}

static void long_names_are_cut_and_stay_apart(void)
{
	static const char *const pieces[] = {"a", "\xc3\xa9", "/", "\xff",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80"};

	for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
		for (guint n = 190; n < 210; n++) {
			g_autofree char *id = repeat(pieces[i], n);
			g_autofree char *other = g_strconcat(id, "x", NULL);
			g_autofree char *name = name_escape(id, reserved);
			g_autofree char *second = name_escape(other, reserved);

			g_assert_cmpuint(strlen(name), <=, NAME_MAX_BYTES);
			g_assert_true(g_utf8_validate(name, -1, NULL));
			g_assert_cmpstr(name, !=, second);
			if (strlen(id) <= NAME_MAX_BYTES && i == 0)
				continue;
			if (strlen(id) > NAME_MAX_BYTES)
				g_assert_true(name_is_cut(name));
		}
	}
}

static void a_cut_splits_no_escape(void)
{
	for (guint lead = 0; lead < 6; lead++) {
		g_autofree char *start = repeat("a", lead);
		g_autofree char *rest = repeat("/", 100);
		g_autofree char *id = g_strconcat(start, rest, NULL);
		g_autofree char *name = name_escape(id, reserved);
		const char *end = strchr(name, '~');

		g_assert_nonnull(end);
		g_assert_cmpuint((guint)(end - name - lead) % 3, ==, 0);
		g_assert_cmpuint(strlen(name), <=, NAME_MAX_BYTES);
	}
}

static void ordinary_names_are_not_taken_for_cut_ones(void)
{
	g_autofree char *long_id = repeat("a", NAME_MAX_BYTES);

	g_assert_false(name_is_cut("sc-1"));
	g_assert_false(name_is_cut("a~0123456789abcdef"));
	g_assert_false(name_is_cut(long_id));
	g_assert_false(name_is_cut(""));
}

static void any_bytes_come_back(void)
{
	for (guint round = 0; round < 20000; round++) {
		char id[40];
		gsize len = (gsize)g_test_rand_int_range(1, sizeof(id));
		g_autofree char *name = NULL;
		g_autofree char *back = NULL;

		for (gsize i = 0; i < len; i++)
			id[i] = (char)g_test_rand_int_range(1, 256);
		id[len] = '\0';
		name = name_escape(id, reserved);
		back = name_unescape(name, reserved);
		g_assert_cmpstr(back, ==, id);
		g_assert_null(strchr(name, '/'));
		g_assert_true(*name != '.' && *name != '-' && *name != '\0');
		g_assert_true(g_utf8_validate(name, -1, NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/name/escapes_what_a_file_name_must_not_hold",
		escapes_what_a_file_name_must_not_hold);
	g_test_add_func("/name/only_one_spelling_is_a_name",
		only_one_spelling_is_a_name);
	g_test_add_func("/name/long_names_are_cut_and_stay_apart",
		long_names_are_cut_and_stay_apart);
	g_test_add_func("/name/a_cut_splits_no_escape", a_cut_splits_no_escape);
	g_test_add_func("/name/ordinary_names_are_not_taken_for_cut_ones",
		ordinary_names_are_not_taken_for_cut_ones);
	g_test_add_func("/name/any_bytes_come_back", any_bytes_come_back);
	return g_test_run();
}
