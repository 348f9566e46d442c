#include "backends/auth/sign.h"

#include <string.h>

#include "backends/auth/canonical.h"
#include "backends/base/digest.h"
#include "backends/base/utc.h"

/*
 * A signature is made in four steps, which all schemes share:
 *
 *   canonical request   method, path, query, headers, their names, body's hash
 *   string to sign      algorithm [date] [scope] hash of the canonical request
 *   signature           HMAC-SHA256 by the secret, or by a key derived from it
 *   Authorization       credential, names, signature, in the scheme's spelling
 *
 * What is signed is what is sent: dates and hashes are taken from the headers
 * where they are there, so that a request cannot be signed as another.
 */

/* The six points in which the schemes differ, and the spellings that follow. */
typedef struct {
	const char *algorithm;
	PathForm path;
	gboolean collapse; /* runs of blanks in header values */
	gboolean dated;    /* the string to sign holds the date */
	gboolean derived;  /* key and scope: by day, region and service */
	const char *hash;  /* the header that stands for the body's hash */
	gboolean hash_needed;
	const char *nonce;  /* its header; NULL: none */
	const char *date;   /* its header */
	const char *format; /* of its value */
	const char *key_id; /* sent beside the token; NULL: not */
	const char *token;
	const char *prefix; /* headers to sign beside host and content-type */
	const char *authorization; /* credential, signed headers, signature */
} Scheme;

static const Scheme schemes[] = {
	[SIGN_ACS3] =
		{
			.algorithm = "ACS3-HMAC-SHA256",
			.path = PATH_ONCE,
			.hash = "x-acs-content-sha256",
			.hash_needed = TRUE,
			.nonce = "x-acs-signature-nonce",
			.date = "x-acs-date",
			.format = UTC_FORMAT,
			.key_id = "x-acs-accesskey-id",
			.token = "x-acs-security-token",
			.prefix = "x-acs-",
			.authorization =
				"Credential=$,SignedHeaders=$,Signature=$",
		},
	[SIGN_SIGV4] =
		{
			.algorithm = "AWS4-HMAC-SHA256",
			.path = PATH_TWICE,
			.collapse = TRUE,
			.dated = TRUE,
			.derived = TRUE,
			.hash = "x-amz-content-sha256",
			.date = "x-amz-date",
			.format = "%Y%m%dT%H%M%SZ",
			.token = "x-amz-security-token",
			.prefix = "x-amz-",
			.authorization =
				"Credential=$, SignedHeaders=$, Signature=$",
		},
	[SIGN_SDK_HMAC] =
		{
			.algorithm = "SDK-HMAC-SHA256",
			.path = PATH_ONCE_SLASH,
			.dated = TRUE,
			.hash = "x-sdk-content-sha256",
			.date = "x-sdk-date",
			.format = "%Y%m%dT%H%M%SZ",
			.token = "x-security-token",
			.prefix = "x-",
			.authorization =
				"Access=$, SignedHeaders=$, Signature=$",
		},
};

static char *format_time(const Scheme *s, gint64 seconds)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(seconds);

	return g_date_time_format(when, s->format);
}

static char *body_hash(const HttpRequest *request)
{
	gsize len = 0;
	const void *bytes =
		request->body ? g_bytes_get_data(request->body, &len) : NULL;

	return digest_sha256_hex(bytes ? bytes : "", len);
}

static char *make_nonce(const SignScope *scope)
{
	return scope->nonce ? g_strdup(scope->nonce) : digest_random_hex();
}

/* Takes the value. */
static void set_missing(HttpRequest *request, const char *name, char *value)
{
	g_autoptr(SecretText) owned = value;

	if (!http_request_get(request, name))
		http_request_set(request, name, owned);
}

void sign_prepare(SignScheme scheme, HttpRequest *request,
	const Credentials *credentials, const SignScope *scope)
{
	const Scheme *s = &schemes[scheme];

	set_missing(request, "host", canonical_host(request->url));
	set_missing(request, s->date, format_time(s, scope->now));
	if (s->nonce)
		set_missing(request, s->nonce, make_nonce(scope));
	if (s->hash_needed)
		set_missing(request, s->hash, body_hash(request));
	if (credentials->token && s->key_id)
		set_missing(request, s->key_id,
			g_strdup(credentials->access_key_id));
	if (credentials->token)
		set_missing(request, s->token,
			g_strdup(secret_peek(credentials->token)));
}

static int name_compare(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gboolean is_wanted(
	const Scheme *s, const char *name, const char *const *only)
{
	if (only)
		return g_strv_contains(only, name);
	return strcmp(name, "host") == 0 || strcmp(name, "content-type") == 0 ||
	       g_str_has_prefix(name, s->prefix);
}

/* The lower-case names of the headers to sign, sorted. */
static char **signed_names(
	const Scheme *s, const HttpRequest *request, const char *const *only)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < request->headers->len; i++) {
		const char *header = g_ptr_array_index(request->headers, i);
		g_autofree char *name =
			g_ascii_strdown(header, (gssize)strcspn(header, ":"));

		if (is_wanted(s, name, only))
			g_ptr_array_add(names, g_steal_pointer(&name));
	}
	g_ptr_array_sort(names, name_compare);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

/* Room for all of them, lest growing leave copies of the token behind. */
static gsize headers_size(const HttpRequest *request)
{
	gsize size = 1;

	for (guint i = 0; i < request->headers->len; i++)
		size += strlen(g_ptr_array_index(request->headers, i)) + 2;
	return size;
}

/* The token is one of them. */
static SecretText *canonical_headers(
	const Scheme *s, const HttpRequest *request, char **names)
{
	GString *out = g_string_sized_new(headers_size(request));

	for (char **name = names; *name; name++) {
		g_autoptr(SecretText) value = canonical_value(
			http_request_get(request, *name), s->collapse);

		g_string_append(out, *name);
		g_string_append_c(out, ':');
		g_string_append(out, value);
		g_string_append_c(out, '\n');
	}
	return g_string_free(out, FALSE);
}

static SecretText *canonical_request(const Scheme *s,
	const HttpRequest *request, char **names, const char *signed_headers)
{
	const char *stated = http_request_get(request, s->hash);
	g_autofree char *hash =
		stated ? canonical_value(stated, FALSE) : body_hash(request);
	g_autoptr(SecretText) headers = canonical_headers(s, request, names);
	g_autofree char *raw_path = NULL;
	g_autofree char *raw_query = NULL;

	canonical_split(request->url, &raw_path, &raw_query);
	g_autofree char *path = canonical_path(raw_path, s->path);
	g_autofree char *query = canonical_query(raw_query);
	return g_strjoin("\n", request->method, path, query, headers,
		signed_headers, hash, NULL);
}

/* What the server will see; the clock only where the header is missing. */
static char *signing_date(
	const Scheme *s, const HttpRequest *request, const SignScope *scope)
{
	g_autofree char *now = format_time(s, scope->now);
	const char *sent = http_request_get(request, s->date);

	return g_strdup(sent && strlen(sent) == strlen(now) ? sent : now);
}

static char *signing_scope(const SignScope *scope, const char *date)
{
	return g_strdup_printf("%.8s/%s/%s/aws4_request", date,
		scope->region ? scope->region : "",
		scope->service ? scope->service : "");
}

static char *string_to_sign(const Scheme *s, const char *date,
	const char *scope, const char *canonical)
{
	g_autofree char *hash = digest_sha256_hex(canonical, strlen(canonical));

	if (!s->dated)
		return g_strjoin("\n", s->algorithm, hash, NULL);
	return g_strjoin("\n", s->algorithm, date, s->derived ? scope : hash,
		s->derived ? hash : NULL, NULL);
}

static char *signature_raw(const Secret *secret, const char *text)
{
	guchar digest[DIGEST_LEN];

	digest_hmac(secret_peek(secret), secret_len(secret), text, digest);
	return digest_hex(digest, sizeof(digest));
}

/* The chain of keys: "AWS4" + secret, day, region, service, "aws4_request". */
static char *signature_derived(
	const Secret *secret, const char *scope, const char *text)
{
	g_auto(GStrv) parts = g_strsplit(scope, "/", 4);
	g_autoptr(SecretText) start =
		g_strconcat("AWS4", secret_peek(secret), NULL);
	guchar key[DIGEST_LEN];

	digest_hmac(start, strlen(start), parts[0], key);
	for (char **part = parts + 1; *part; part++)
		digest_hmac(key, sizeof(key), *part, key);
	digest_hmac(key, sizeof(key), text, key);
	char *hex = digest_hex(key, sizeof(key));
	secret_wipe(key, sizeof(key));
	return hex;
}

static char *authorization(
	const Scheme *s, const char *credential, const Signed *made)
{
	const char *values[] = {
		credential, made->signed_headers, made->signature};
	g_auto(GStrv) parts = g_strsplit(s->authorization, "$", -1);
	GString *out = g_string_new(s->algorithm);

	g_string_append_c(out, ' ');
	for (gsize i = 0; parts[i]; i++) {
		g_string_append(out, parts[i]);
		if (i < G_N_ELEMENTS(values))
			g_string_append(out, values[i]);
	}
	return g_string_free(out, FALSE);
}

void sign_compute(SignScheme scheme, const HttpRequest *request,
	const Credentials *credentials, const SignScope *scope,
	const char *const *only, Signed *ret)
{
	const Scheme *s = &schemes[scheme];
	g_auto(GStrv) names = signed_names(s, request, only);
	g_autofree char *date = signing_date(s, request, scope);
	g_autofree char *range = signing_scope(scope, date);
	g_autofree char *credential = g_strjoin("/", credentials->access_key_id,
		s->derived ? range : NULL, NULL);

	ret->signed_headers = g_strjoinv(";", names);
	ret->canonical_request =
		canonical_request(s, request, names, ret->signed_headers);
	ret->string_to_sign =
		string_to_sign(s, date, range, ret->canonical_request);
	ret->signature = s->derived ? signature_derived(credentials->secret,
					      range, ret->string_to_sign)
				    : signature_raw(credentials->secret,
					      ret->string_to_sign);
	ret->authorization = authorization(s, credential, ret);
}

void sign_request(SignScheme scheme, HttpRequest *request,
	const Credentials *credentials, const SignScope *scope)
{
	g_auto(Signed) made = {NULL};

	sign_prepare(scheme, request, credentials, scope);
	sign_compute(scheme, request, credentials, scope, NULL, &made);
	http_request_set(request, "Authorization", made.authorization);
}

void signed_clear(Signed *s)
{
	/* The canonical request holds the session token. */
	secret_free_text(s->canonical_request);
	secret_free_text(s->string_to_sign);
	g_free(s->signature);
	g_free(s->signed_headers);
	g_free(s->authorization);
	*s = (Signed){NULL};
}
