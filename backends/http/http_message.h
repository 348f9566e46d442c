#pragma once

#include <glib.h>

/* Requests and answers, as they are built and read; sent by http.h.  One thread
 * at a time. */

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
	gboolean no_ticket;  /* to a request that was to bear one, and for which
	                       GSSAPI had none */
} HttpAnswer;

const char *http_answer_get(const HttpAnswer *answer, const char *lower_name);
void http_answer_free(HttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpAnswer, http_answer_free)

/* Percent-encodes strictly by RFC 3986 (unreserved stay).  New string. */
char *http_encode(const char *text);
/* Appends "name=value" with both encoded, and '&' between pairs; nothing where the
 * value is NULL or "".  It may be secret, where the text has room for it. */
void http_query_add(GString *query, const char *name, const char *value);
