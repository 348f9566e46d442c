#include <string.h>

#include <glib.h>

#include "backends/error.h"

static GError *make(const char *message, const char *code, const char *id)
{
	GError *error = NULL;
	BackendErrorDetail *detail;

	backend_error_set(&error, BACKEND_ERROR_REMOTE, "%s", message);
	detail = backend_error_detail(error);
	detail->provider_code = g_strdup(code);
	detail->request_id = g_strdup(id);
	return error;
}

static void assert_sentence(GError *error, const char *want)
{
	g_autofree char *sentence = backend_error_sentence(error);

	g_assert_cmpstr(sentence, ==, want);
}

static void test_set(void)
{
	g_autoptr(GError) error = NULL;

	backend_error_set(NULL, BACKEND_ERROR_GONE, "ignored");
	backend_error_set(&error, BACKEND_ERROR_GONE, "no session %s", "x");
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_cmpstr(error->message, ==, "no session x");
	g_assert_cmpint(backend_error_detail(error)->retry_after_ms, ==, 0);
	assert_sentence(error, "no session x");
}

static void test_detail_survives_copies(void)
{
	g_autoptr(GError) error = make("it failed", "Some.Code", "id-1");
	g_autoptr(GError) copy = NULL;

	backend_error_detail(error)->retry_after_ms = 1500;
	copy = g_error_copy(error);
	g_prefix_error(&copy, "listing: ");
	g_clear_error(&error);
	g_assert_cmpint(backend_error_detail(copy)->retry_after_ms, ==, 1500);
	assert_sentence(
		copy, "listing: it failed (code Some.Code, request id id-1)");
}

static void test_detail_of_others(void)
{
	g_autoptr(GError) other =
		g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_IO, "disk");

	g_assert_null(backend_error_detail(NULL));
	g_assert_null(backend_error_detail(other));
	assert_sentence(other, "disk");
	assert_sentence(NULL, "no error");
}

static void test_sentence_names_what_is_known(void)
{
	g_autoptr(GError) code = make("m", "C", NULL);
	g_autoptr(GError) id = make("m", NULL, "R");
	g_autoptr(GError) empty = make("m", "", "");

	assert_sentence(code, "m (code C)");
	assert_sentence(id, "m (request id R)");
	assert_sentence(empty, "m");
}

static void test_sentence_is_printable(void)
{
	g_autoptr(GError) error = make("a\nb\x1b[31m\x7f\xc2\x9b"
				       "c\xff\xe2\x80\xae"
				       "d é",
		"X\r\nY", "");

	assert_sentence(error, "a b [31m  c\xef\xbf\xbd d é (code X  Y)");
}

static void test_sentence_is_bounded(void)
{
	g_autofree char *flood = g_strnfill(100000, 'x');
	GString *wide = g_string_new(NULL);
	g_autoptr(GError) error = make(flood, flood, flood);
	g_autoptr(GError) broad = NULL;
	g_autofree char *sentence = backend_error_sentence(error);
	g_autofree char *cut = NULL;

	g_assert_cmpuint(strlen(sentence), <=, 4096);
	for (guint i = 0; i < 5000; i++)
		g_string_append(wide, "é");
	broad = make(wide->str, NULL, NULL);
	g_string_free(wide, TRUE);
	cut = backend_error_sentence(broad);
	g_assert_cmpuint(strlen(cut), <=, 4096);
	g_assert_true(g_utf8_validate(cut, -1, NULL));
	g_assert_true(g_str_has_suffix(cut, "…"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/carries-code-and-message", test_set);
	g_test_add_func(
		"/error/detail-survives-copies", test_detail_survives_copies);
	g_test_add_func(
		"/error/other-domains-have-no-detail", test_detail_of_others);
	g_test_add_func("/error/sentence-names-what-is-known",
		test_sentence_names_what_is_known);
	g_test_add_func(
		"/error/sentence-is-printable", test_sentence_is_printable);
	g_test_add_func("/error/sentence-is-bounded", test_sentence_is_bounded);
	return g_test_run();
}
