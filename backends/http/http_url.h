#pragma once

#include <glib.h>

/* URLs as libcurl reads them, which is how it will use them.  Pure. */

/* Whether a client would send to that URL: http or https, a host, no user name,
 * and plain http only where it is safe.  Errors: CONFIG. */
gboolean http_url_check(const char *url, gboolean insecure_http,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Scheme and host of a URL, for messages: the rest may hold secrets.  New
 * string. */
char *http_url_shown(const char *url);

/* The host, IPv6 addresses in brackets; NULL for what is no URL.  New string. */
char *http_url_host(const char *url);

/* Scheme, host and port, as in "https://example.com:443"; NULL for what is no
 * URL.  New string. */
char *http_url_origin(const char *url);

/* The URL that `to` means where `from` was asked; NULL for none.  New string. */
char *http_url_resolve(const char *from, const char *to);

/* A URL for messages: without user, query and fragment, which may hold secrets,
 * nor what follows ";" in its path.  New string, at most 512 bytes. */
char *http_url_place(const char *url);
