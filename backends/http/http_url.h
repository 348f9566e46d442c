#pragma once

#include "backends/http/http.h"

/* URLs as libcurl reads them, which is how it will use them.  Private to
 * http*.c; see http.h for the checks. */

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
