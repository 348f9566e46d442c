#pragma once

#include "backends/http/http_message.h"
#include "backends/http/http_settings.h"

/*
 * HTTP over libcurl, which no other room knows.  A client is one account's: it
 * keeps connections open, and may be used from many threads.  It follows no
 * redirects (see redirect.h), verifies TLS, and refuses plain http except to
 * loopback and metadata addresses, unless told otherwise.
 */
typedef struct HttpClient HttpClient;

/* Whether this libcurl can do HttpRequest.negotiate. */
gboolean http_can_negotiate(void);

/* libcurl and what it is built on, with their versions; static. */
const char *http_library(void);

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

/* Its settings, borrowed. */
const HttpSettings *http_client_settings(const HttpClient *client);
/* Closes the connections that no call uses. */
void http_client_rest(HttpClient *client);
/* Ends calls in flight and refuses further ones. */
void http_client_abort(HttpClient *client);
