#include <string.h>

#include <glib.h>

#include "backends/auth/canonical.h"
#include "backends/auth/sign.h"
#include "backends/base/digest.h"

/* What the vectors do not reach: odd spellings, and what prepare adds. */

static void assert_path(PathForm form, const char *path, const char *want)
{
	g_autofree char *made = canonical_path(path, form);

	g_assert_cmpstr(made, ==, want);
}

static void test_path_once(void)
{
	assert_path(PATH_ONCE, "/", "/");
	assert_path(PATH_ONCE, "/a/b", "/a/b");
	assert_path(PATH_ONCE, "/a%20b/%e4%bc%9a", "/a%20b/%E4%BC%9A");
	assert_path(PATH_ONCE, "/a*b(c)~", "/a%2Ab%28c%29~");
	assert_path(PATH_ONCE, "/a%2Fb", "/a%2Fb");
	assert_path(PATH_ONCE, "/a/../b//", "/a/../b//");
	assert_path(PATH_ONCE, "/50%/%zz/%4", "/50%25/%25zz/%254");
	assert_path(PATH_ONCE, "/a%00b", "/a%2500b");
	assert_path(PATH_ONCE_SLASH, "/", "/");
	assert_path(PATH_ONCE_SLASH, "/a/b", "/a/b/");
	assert_path(PATH_ONCE_SLASH, "/a/b/", "/a/b/");
	assert_path(PATH_ONCE_SLASH, "/a%20b", "/a%20b/");
}

static void test_path_twice(void)
{
	assert_path(PATH_TWICE, "/", "/");
	assert_path(PATH_TWICE, "/a%20b", "/a%2520b");
	assert_path(PATH_TWICE, "/a//b/./c", "/a/b/c");
	assert_path(PATH_TWICE, "/a/../b", "/b");
	assert_path(PATH_TWICE, "/../../a/", "/a/");
	assert_path(PATH_TWICE, "/a/..", "/");
	assert_path(PATH_TWICE, "/a/../", "/");
	assert_path(PATH_TWICE, "//", "/");
	assert_path(PATH_TWICE, "/a%2Fb", "/a%252Fb");
}

static void assert_query(const char *query, const char *want)
{
	g_autofree char *made = canonical_query(query);

	g_assert_cmpstr(made, ==, want);
}

static void test_query(void)
{
	assert_query("", "");
	assert_query("b=2&a=1", "a=1&b=2");
	assert_query("a=2&a=10&a=", "a=&a=10&a=2");
	assert_query("a", "a=");
	assert_query("&&a=1&", "a=1");
	assert_query("a=b=c", "a=b%3Dc");
	assert_query("a=%7e%2a+x", "a=~%2A%2Bx");
	assert_query("a-b=1&a=2", "a=2&a-b=1");
	assert_query("B=1&a=2&A=3", "A=3&B=1&a=2");
	assert_query("%e4=1", "%E4=1");
}

static void assert_value(const char *value, gboolean collapse, const char *want)
{
	g_autofree char *made = canonical_value(value, collapse);

	g_assert_cmpstr(made, ==, want);
}

static void test_value(void)
{
	assert_value("  a  b\t c ", TRUE, "a b c");
	assert_value("  a  b\t c ", FALSE, "a  b\t c");
	assert_value("   ", TRUE, "");
	assert_value("", FALSE, "");
}

static void test_split(void)
{
	static const char *const cases[][4] = {
		{"https://h/p?q=1#f", "/p", "q=1", "h"},
		{"https://h", "/", "", "h"},
		{"https://h?x=/y", "/", "x=/y", "h"},
		{"https://h:443/a", "/a", "", "h"},
		{"http://h:443/a", "/a", "", "h:443"},
		{"http://h:80/a?b?c", "/a", "b?c", "h"},
		{"http://[::1]:8080/a", "/a", "", "[::1]:8080"},
		{"https://u@h/a@b", "/a@b", "", "h"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = NULL;
		g_autofree char *query = NULL;
		g_autofree char *host = canonical_host(cases[i][0]);

		canonical_split(cases[i][0], &path, &query);
		g_assert_cmpstr(path, ==, cases[i][1]);
		g_assert_cmpstr(query, ==, cases[i][2]);
		g_assert_cmpstr(host, ==, cases[i][3]);
	}
}

static Credentials *temporary(void)
{
	return credentials_new("AKexample", secret_new("SKexample", -1),
		secret_new("token==", -1), 0, "test");
}

static Credentials *permanent(void)
{
	return credentials_new(
		"AKexample", secret_new("SKexample", -1), NULL, 0, "test");
}

static void test_prepare_keeps_what_is_there(void)
{
	g_autoptr(HttpRequest) request =
		http_request_new("GET", "https://h.example/p");
	g_autoptr(Credentials) credentials = temporary();
	const SignScope scope = {.now = 1773500966, .nonce = "n-1"};

	http_request_set(request, "Host", "other.example");
	http_request_set(request, "X-Acs-Date", "2020-01-01T00:00:00Z");
	sign_prepare(SIGN_ACS3, request, credentials, &scope);
	g_assert_cmpstr(http_request_get(request, "host"), ==, "other.example");
	g_assert_cmpstr(http_request_get(request, "x-acs-date"), ==,
		"2020-01-01T00:00:00Z");
	g_assert_cmpstr(
		http_request_get(request, "x-acs-signature-nonce"), ==, "n-1");
	g_assert_cmpstr(http_request_get(request, "x-acs-accesskey-id"), ==,
		"AKexample");
	g_assert_cmpstr(http_request_get(request, "x-acs-security-token"), ==,
		"token==");
	g_assert_cmpstr(http_request_get(request, "x-acs-content-sha256"), ==,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b785"
		"2b855");
}

static void test_permanent_keys_send_no_token(void)
{
	static const SignScheme all[] = {SIGN_ACS3, SIGN_SIGV4, SIGN_SDK_HMAC};
	static const char *const headers[] = {"x-acs-security-token",
		"x-acs-accesskey-id", "x-amz-security-token",
		"x-security-token"};
	g_autoptr(Credentials) credentials = permanent();
	const SignScope scope = {.now = 1773500966};

	for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autoptr(HttpRequest) request =
			http_request_new("GET", "https://h.example/p");

		sign_request(all[i], request, credentials, &scope);
		g_assert_nonnull(http_request_get(request, "authorization"));
		for (gsize h = 0; h < G_N_ELEMENTS(headers); h++)
			g_assert_null(http_request_get(request, headers[h]));
	}
}

static char *fresh_nonce(void)
{
	g_autoptr(HttpRequest) request =
		http_request_new("GET", "https://h.example/p");
	g_autoptr(Credentials) credentials = permanent();
	const SignScope scope = {.now = 1};

	sign_prepare(SIGN_ACS3, request, credentials, &scope);
	return g_strdup(http_request_get(request, "x-acs-signature-nonce"));
}

static void test_nonces_differ(void)
{
	g_autofree char *one = fresh_nonce();
	g_autofree char *two = fresh_nonce();

	g_assert_cmpuint(strlen(one), ==, 32);
	g_assert_cmpstr(one, !=, two);
}

static void test_stated_hash_replaces_the_computed(void)
{
	g_autoptr(HttpRequest) request =
		http_request_new("PUT", "https://h.example/p");
	g_autoptr(Credentials) credentials = permanent();
	g_auto(Signed) made = {NULL};
	const SignScope scope = {.now = 1};

	request->body = g_bytes_new_static("abc", 3);
	http_request_set(request, "X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD");
	sign_prepare(SIGN_SDK_HMAC, request, credentials, &scope);
	sign_compute(SIGN_SDK_HMAC, request, credentials, &scope, NULL, &made);
	g_assert_true(
		g_str_has_suffix(made.canonical_request, "\nUNSIGNED-PAYLOAD"));
}

static void test_everything_signed_counts(void)
{
	static const char *const urls[] = {"https://h.example/p?a=1",
		"https://h.example/p?a=2", "https://h.example/q?a=1",
		"https://i.example/p?a=1"};
	g_autoptr(Credentials) credentials = permanent();
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (gsize i = 0; i < 2 * G_N_ELEMENTS(urls); i++) {
		g_autoptr(HttpRequest) request =
			http_request_new("POST", urls[i / 2]);
		g_auto(Signed) made = {NULL};
		const SignScope scope = {.now = 1, .nonce = "n"};

		request->body = g_bytes_new_static("ab", 1 + (i & 1));
		sign_prepare(SIGN_ACS3, request, credentials, &scope);
		sign_compute(
			SIGN_ACS3, request, credentials, &scope, NULL, &made);
		g_assert_true(g_hash_table_add(seen, g_strdup(made.signature)));
	}
}

static void test_sha256(void)
{
	g_autofree char *hex = digest_sha256_hex("abc", 3);

	g_assert_cmpstr(hex, ==,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20"
		"015ad");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sign/path-encoded-once", test_path_once);
	g_test_add_func("/sign/path-encoded-twice", test_path_twice);
	g_test_add_func("/sign/query-is-sorted-and-encoded", test_query);
	g_test_add_func("/sign/header-blanks", test_value);
	g_test_add_func("/sign/url-is-split", test_split);
	g_test_add_func("/sign/prepare-keeps-what-is-there",
		test_prepare_keeps_what_is_there);
	g_test_add_func("/sign/permanent-keys-send-no-token",
		test_permanent_keys_send_no_token);
	g_test_add_func("/sign/nonces-differ", test_nonces_differ);
	g_test_add_func("/sign/a-stated-hash-replaces-the-computed",
		test_stated_hash_replaces_the_computed);
	g_test_add_func("/sign/everything-signed-counts",
		test_everything_signed_counts);
	g_test_add_func("/sign/sha256", test_sha256);
	return g_test_run();
}
