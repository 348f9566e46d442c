#pragma once

#include <glib.h>

#include "backends/http/http_message.h"

/*
 * Pages for people where an API was asked: gateways, proxies and login services
 * answer with them.  Only what a sentence needs is read.  Pure.
 */

/* Whether an answer's body is such a page, by its type or its first tag. */
gboolean html_is(const HttpAnswer *answer);

/* What the page says of itself: the reason of Jetty's, or else the title or the
 * first heading.  At most 200 bytes of valid UTF-8 on one line, "" for none.
 * New string. */
char *html_words(const GByteArray *body);

/* Whether the page asks for a login: it has a field for a password, sends to an
 * address of a login, or its title says so. */
gboolean html_is_login(const GByteArray *body);

/* Whether an address is that of a login: "https://sso.example.com/login". */
gboolean html_is_login_address(const char *url);
