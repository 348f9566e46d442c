/*
 * Runs the signers over a folder of vectors, one test a file: the canonical
 * request, the string to sign, the signature and the Authorization header.
 *
 * usage: vectors [DIRECTORY]; else $VECTORS; else the folder it was built for.
 * The form of the files is told in tests/README.md.
 */
#include <string.h>

#include <glib.h>

#include "backends/auth/sign.h"
#include "backends/base/json.h"

/* The folder comes from the build. */
#ifndef VECTORS_DIR
#define VECTORS_DIR "tests/vectors/requests"
#endif

/* Deeper than any field of a vector needs. */
#define TEXT_MAX (1024 * 1024)

typedef struct {
	Json *file;
	const Json *request, *headers, *derived;
	SignScheme scheme;
	SignScope scope;
	Credentials *credentials;
	HttpRequest *http;
	char *authorization;
	char *signed_headers; /* a;b;c */
} Vector;

typedef struct {
	const char *algorithm;
	SignScheme scheme;
	const char *own[8]; /* headers that sign_prepare adds */
} Row;

static const Row rows[] = {
	{"ACS3-HMAC-SHA256", SIGN_ACS3,
		{"host", "x-acs-date", "x-acs-signature-nonce",
			"x-acs-content-sha256", "x-acs-accesskey-id",
			"x-acs-security-token", NULL}},
	{"AWS4-HMAC-SHA256", SIGN_SIGV4,
		{"host", "x-amz-date", "x-amz-security-token", NULL}},
	{"SDK-HMAC-SHA256", SIGN_SDK_HMAC,
		{"host", "x-sdk-date", "x-security-token", NULL}},
};

/* Says what is wrong with the vector, so that the others still run. */
static const char *text_of(const Json *object, const char *name)
{
	const char *text = json_get_text(object, name, TEXT_MAX, NULL);

	if (!text)
		g_test_fail_printf("the vector has no text \"%s\"", name);
	return text ? text : "";
}

static const Row *row_of(const Json *file)
{
	const char *name = text_of(json_get(file, "signing"), "algorithm");

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (strcmp(rows[i].algorithm, name) == 0)
			return &rows[i];
	g_test_fail_printf("unknown algorithm \"%s\"", name);
	return NULL;
}

/* Vendors name the same three things differently. */
static const char *first_of(const Json *object, const char *const *names)
{
	for (; *names; names++) {
		const char *text =
			json_get_text(object, *names, TEXT_MAX, NULL);

		if (text)
			return text;
	}
	return NULL;
}

static Credentials *read_credentials(const Json *file)
{
	static const char *const ids[] = {"accessKeyId", "ak", NULL};
	static const char *const secrets[] = {
		"accessKeySecret", "secretAccessKey", "sk", NULL};
	static const char *const tokens[] = {
		"securityToken", "sessionToken", NULL};
	const Json *object = json_get(file, "credentials");
	const char *id = first_of(object, ids);
	const char *secret = first_of(object, secrets);
	const char *token = first_of(object, tokens);

	if (!id || !secret) {
		g_test_fail_printf("the vector has no credentials");
		id = secret = "";
	}
	return credentials_new(id, secret_new(secret, -1),
		token ? secret_new(token, -1) : NULL, 0, "vector");
}

static gint64 read_clock(const Json *file)
{
	g_autoptr(GDateTime) clock =
		g_date_time_new_from_iso8601(text_of(file, "clock"), NULL);

	if (!clock)
		g_test_fail_printf("the vector's clock is no time");
	return clock ? g_date_time_to_unix(clock) : 0;
}

static GBytes *read_body(const Json *request)
{
	const char *coded =
		json_get_text(request, "body_base64", TEXT_MAX, NULL);
	const char *plain = json_get_text(request, "body", TEXT_MAX, NULL);
	gsize len;
	guchar *bytes;

	if (coded) {
		bytes = g_base64_decode(coded, &len);
		return g_bytes_new_take(bytes, len);
	}
	return plain ? g_bytes_new(plain, strlen(plain)) : NULL;
}

static void read_headers(Vector *v)
{
	json_foreach (header, v->headers) {
		const char *value = json_text(header);

		if (!value)
			g_test_fail_printf(
				"header %s is no text", json_name(header));
		else if (g_ascii_strcasecmp(
				 json_name(header), "authorization") == 0)
			v->authorization = g_strdup(value);
		else
			http_request_set(v->http, json_name(header), value);
	}
}

/* Those that Authorization names; where there is none, those of derived. */
static char *read_signed_headers(const Vector *v)
{
	const char *mark = v->authorization
				   ? strstr(v->authorization, "SignedHeaders=")
				   : NULL;
	g_auto(GStrv) lines = NULL;
	guint n;

	if (mark) {
		mark += strlen("SignedHeaders=");
		return g_strndup(mark, strcspn(mark, ", "));
	}
	lines = g_strsplit(text_of(v->derived, "canonical_request"), "\n", -1);
	n = g_strv_length(lines);
	return g_strdup(n >= 2 ? lines[n - 2] : "");
}

static Json *read_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize len;
	Json *file = NULL;

	if (g_file_get_contents(path, &text, &len, &error))
		file = json_parse(text, len, &error);
	if (!file)
		g_test_fail_printf("%s: %s", path, error->message);
	return file;
}

static gboolean vector_open(Vector *v, const char *path)
{
	const Json *signing;
	g_autofree char *url = NULL;
	const Row *row;

	v->file = read_file(path);
	row = v->file ? row_of(v->file) : NULL;
	if (!row)
		return FALSE;
	v->scheme = row->scheme;
	v->request = json_get(v->file, "request");
	v->headers = json_get(v->request, "headers");
	v->derived = json_get(v->file, "derived");
	signing = json_get(v->file, "signing");
	v->scope.region = json_get_text(v->file, "region", TEXT_MAX, NULL);
	v->scope.service = json_get_text(signing, "service", TEXT_MAX, NULL);
	v->scope.nonce = json_get_text(signing, "nonce", TEXT_MAX, NULL);
	v->scope.now = read_clock(v->file);
	v->credentials = read_credentials(v->file);
	url = g_strconcat("https://",
		json_get_text(v->headers, "host", TEXT_MAX, "no.host.invalid"),
		text_of(v->request, "target"), NULL);
	v->http = http_request_new(text_of(v->request, "method"), url);
	v->http->body = read_body(v->request);
	read_headers(v);
	if (!v->derived && !v->authorization)
		g_test_fail_printf("%s: nothing to compare with", path);
	v->signed_headers = read_signed_headers(v);
	return !g_test_failed();
}

static void vector_clear(Vector *v)
{
	json_free(v->file);
	credentials_unref(v->credentials);
	http_request_free(v->http);
	g_free(v->authorization);
	g_free(v->signed_headers);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Vector, vector_clear)

static gboolean deviates(const Vector *v)
{
	const Json *mark = json_get(v->file, "sdk_deviates");

	return mark && json_type(mark) != JSON_NULL &&
	       json_get_bool(v->file, "sdk_deviates", TRUE);
}

static void compare(const Vector *v, const Signed *made)
{
	if (v->derived) {
		g_assert_cmpstr(made->canonical_request, ==,
			text_of(v->derived, "canonical_request"));
		g_assert_cmpstr(made->string_to_sign, ==,
			text_of(v->derived, "string_to_sign"));
		g_assert_cmpstr(
			made->signature, ==, text_of(v->derived, "signature"));
	}
	if (v->authorization && !deviates(v))
		g_assert_cmpstr(made->authorization, ==, v->authorization);
}

/* The scheme's own choice of headers must be the one of the minimal set. */
static void check_own_choice(const Vector *v)
{
	g_auto(Signed) made = {NULL};

	sign_compute(
		v->scheme, v->http, v->credentials, &v->scope, NULL, &made);
	g_assert_cmpstr(made.signed_headers, ==, v->signed_headers);
	compare(v, &made);
}

/* From the headers that are the caller's alone, sign_request makes the same. */
static void check_prepare(const Vector *v)
{
	const char *const *own = row_of(v->file)->own;
	g_autoptr(HttpRequest) bare =
		http_request_new(v->http->method, v->http->url);

	bare->body = v->http->body ? g_bytes_ref(v->http->body) : NULL;
	json_foreach (header, v->headers) {
		g_autofree char *name = g_ascii_strdown(json_name(header), -1);

		if (strcmp(name, "authorization") != 0 &&
			!g_strv_contains(own, name))
			http_request_set(bare, name, json_text(header));
	}
	sign_request(v->scheme, bare, v->credentials, &v->scope);
	g_assert_cmpstr(
		http_request_get(bare, "authorization"), ==, v->authorization);
	g_assert_cmpuint(bare->headers->len, ==, json_size(v->headers));
}

static void run_vector(gconstpointer path)
{
	g_auto(Vector) v = {NULL};
	g_auto(Signed) made = {NULL};
	g_auto(GStrv) only = NULL;
	g_autofree char *name = g_path_get_basename(path);

	if (!vector_open(&v, path))
		return;
	only = g_strsplit(v.signed_headers, ";", -1);
	sign_compute(v.scheme, v.http, v.credentials, &v.scope,
		(const char *const *)only, &made);
	g_assert_cmpstr(made.signed_headers, ==, v.signed_headers);
	compare(&v, &made);
	if (g_str_has_prefix(name, "minimal-") && !deviates(&v)) {
		check_own_choice(&v);
		check_prepare(&v);
	}
}

static int name_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *list_vectors(const char *directory)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
	GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	if (!dir)
		g_printerr("vectors: %s\n", error->message);
	while (dir && (name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".json") &&
			!g_str_has_prefix(name, "flow-"))
			g_ptr_array_add(
				paths, g_build_filename(directory, name, NULL));
	g_ptr_array_sort(paths, name_compare);
	return paths;
}

int main(int argc, char **argv)
{
	const char *directory = g_getenv("VECTORS");
	g_autoptr(GPtrArray) paths = NULL;

	g_test_init(&argc, &argv, NULL);
	g_test_set_nonfatal_assertions();
	if (argc > 1)
		directory = argv[1];
	if (!directory || !*directory)
		directory = VECTORS_DIR;
	paths = list_vectors(directory);
	if (paths->len == 0) {
		g_print("Bail out! no vectors in %s\n", directory);
		return 1;
	}
	for (guint i = 0; i < paths->len; i++) {
		const char *path = g_ptr_array_index(paths, i);
		g_autofree char *name = g_path_get_basename(path);
		g_autofree char *test = g_strconcat("/vectors/", name, NULL);

		g_test_add_data_func(test, path, run_vector);
	}
	return g_test_run();
}
