#pragma once

#include "net/http.h"

/* URLs as libcurl reads them, which is how it will use them.  Private to
 * net/http*.c; see http.h for the checks. */

/* The host, IPv6 addresses in brackets; NULL for what is no URL.  New string. */
char *http_url_host(const char *url);
