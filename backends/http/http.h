#pragma once

#include <glib.h>

/*
 * HTTP over libcurl, and the only file that knows libcurl.  A client is one
 * account's: it keeps connections open, and may be used from many threads.
 * It follows no redirects (see redirect.h), verifies TLS, and refuses plain http but for
 * loopback and metadata addresses unless told otherwise.
 */
typedef struct HttpClient HttpClient;

typedef struct {
	const char *proxy; /* NULL: the environment's, as curl reads it */
	const char *no_proxy;
	const char *ca_file;    /* NULL: the system's */
	gboolean insecure_http; /* plain http to any host */
	gint64 connect_ms;      /* 0: 5000 */
} HttpSettings;

typedef struct {
	char *method;
	char *url;          /* already percent-encoded, sent as it is */
	GPtrArray *headers; /* "name: value" strings, owned */
	GBytes *body;       /* NULL: none */
	gsize limit;        /* greatest answer accepted, bytes; 0: 16 MiB */
	gboolean once;      /* goes out on a fresh connection, since its outcome
	                       would be unclear if a kept one were dead */
	gboolean
		negotiate; /* bears a Kerberos ticket (SPNEGO) for the host, and
	                       the cookies by which it knows us since */
} HttpRequest;

/* Whether this libcurl can do that. */
gboolean http_can_negotiate(void);

HttpRequest *http_request_new(const char *method, const char *url);
/* Adds or replaces; the name is compared without case. */
void http_request_set(
	HttpRequest *request, const char *name, const char *value);
const char *http_request_get(const HttpRequest *request, const char *name);
void http_request_free(HttpRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpRequest, http_request_free)

/* An answer's bytes, which may hold secrets: freed by wiping them. */
typedef GByteArray HttpBody;
void http_body_free(HttpBody *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpBody, http_body_free)

typedef struct {
	guint status;
	GHashTable *headers; /* lower-case name -> value, the last of each */
	HttpBody *body;      /* NUL-terminated beyond its length */
} HttpAnswer;

const char *http_answer_get(const HttpAnswer *answer, const char *lower_name);
void http_answer_free(HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpAnswer, http_answer_free)

HttpClient *http_client_new(const HttpSettings *settings);
void http_client_free(HttpClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpClient, http_client_free)

/*
 * Sends a request, never more than once, and waits for the whole answer of any
 * status.  Blocks until deadline_us (monotonic).  Errors: UNREACHABLE when surely
 * no byte of the request reached a server, and more exactly REFUSED (nobody
 * listens there) and TLS; UNSUPPORTED when what listens speaks another protocol;
 * TIMEOUT when time ran out or the connection broke
 * afterwards; BAD_ANSWER for an answer over the limit or cut short; CANCELLED
 * after http_client_abort (but TIMEOUT for a `once` request that was on its
 * way); CONFIG for a URL that http_url_check refuses; INVALID for a header that
 * cannot be sent.
 */
HttpAnswer *http_send(HttpClient *client, const HttpRequest *request,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends calls in flight and refuses further ones. */
void http_client_abort(HttpClient *client);

/* Whether a client would send to that URL: http or https, a host, no user name,
 * and plain http only where it is safe.  Errors: CONFIG. */
gboolean http_url_check(const char *url, gboolean insecure_http,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Scheme and host of a URL, for messages: the rest may hold secrets.  New
 * string. */
char *http_url_shown(const char *url);

/* Percent-encodes strictly by RFC 3986 (unreserved stay).  New string. */
char *http_encode(const char *text);
/* Appends "name=value" with both encoded, and '&' between pairs. */
void http_query_add(GString *query, const char *name, const char *value);
