#include <string.h>

#include <glib.h>

#include "backends/base/secret.h"
#include "backends/error.h"

static void check(const char *text, const char *want)
{
	g_autofree char *masked = secret_mask(text);

	g_assert_cmpstr(masked, ==, want);
}

static void what_is_alive_is_masked(void)
{
	g_autoptr(Secret) one G_GNUC_UNUSED = secret_new("tok-1234", -1);
	Secret *two = secret_new("tok-1234567", -1);

	check("Bearer tok-1234 and tok-1234567.", "Bearer *** and ***.");
	secret_unref(two);
	check("tok-1234567", "***567");
	check("", "");
}

static void short_ones_tear_no_words_apart(void)
{
	g_autoptr(Secret) one G_GNUC_UNUSED = secret_new("key", -1);

	check("the key is wrong", "the key is wrong");
}

/* libcurl quotes the whole of what it cannot read, and pieces of the rest. */
static void no_piece_of_a_login_is_shown(void)
{
	secret_keep_login("http://someone:S3cr#t/PW%21x@127.0.0.1:3");
	check("Unsupported proxy 'http://someone:S3cr#t/PW%21x@127.0.0.1:3'",
		"Unsupported proxy 'http://***@127.0.0.1:3'");
	check("no host someone", "no host ***");
	check("port S3cr", "port ***");
	check("path t/PW!x S3cr#t/PW!x", "path t/*** ***");
	check("PW%21x", "***");
}

static void a_login_needs_no_scheme(void)
{
	secret_keep_login("proxy-user:hunter22@proxy:3128");
	check("proxy-user hunter22", "*** ***");
}

static void what_bears_no_login_is_left_alone(void)
{
	secret_keep_login(NULL);
	secret_keep_login("");
	secret_keep_login("http://plainhost:3128/path");
	secret_keep_login("somebody@example");
	secret_keep_login("http://@nobody");
	check("plainhost 3128 path somebody nobody",
		"plainhost 3128 path somebody nobody");
}

static void errors_and_their_details_are_masked(void)
{
	g_autoptr(Secret) key G_GNUC_UNUSED = secret_new("AKsecret99", -1);
	g_autoptr(GError) error = NULL;
	g_autofree char *sentence = NULL;

	backend_error_set(&error, BACKEND_ERROR_REMOTE, "they said %s",
		"AKsecret99 is wrong");
	g_assert_cmpstr(error->message, ==, "they said *** is wrong");
	backend_error_detail(error)->request_id = g_strdup("r-AKsecret99");
	sentence = backend_error_sentence(error);
	g_assert_null(strstr(sentence, "AKsecret99"));
	g_assert_nonnull(strstr(sentence, "r-***"));
}

static void the_last_logins_are_kept(void)
{
	const char *used = "http://used:UsedPass0@host";

	for (guint i = 0; i < 600; i++) {
		g_autofree char *url = g_strdup_printf(
			"http://user%04u:pass-word-%04u@host", i, i);

		secret_keep_login(url);
		secret_keep_login(used);
	}
	g_assert_false(secret_is_in("pass-word-0000"));
	g_assert_true(secret_is_in("pass-word-0599"));
	g_assert_true(secret_is_in("pass-word-0500"));
	/* One that is met again and again is none of the oldest. */
	g_assert_true(secret_is_in("UsedPass0"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/secret_mask/" #name, name)
	ADD(what_is_alive_is_masked);
	ADD(short_ones_tear_no_words_apart);
	ADD(no_piece_of_a_login_is_shown);
	ADD(a_login_needs_no_scheme);
	ADD(what_bears_no_login_is_left_alone);
	ADD(errors_and_their_details_are_masked);
	g_test_add_func("/secret_mask/bounded", the_last_logins_are_kept);
	return g_test_run();
}
