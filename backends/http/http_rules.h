#pragma once

#include "backends/http/http_message.h"

/* What may be sent where: the part of HTTP that is policy.  Pure. */

/* A host as written in a URL, IPv6 addresses with or without brackets. */
gboolean http_rules_is_loopback(const char *host);
/* The addresses at which clouds hand out credentials to their machines. */
gboolean http_rules_is_metadata(const char *host);

/* Whether method and headers hold nothing that could end them early and smuggle
 * in another.  Errors: INVALID. */
gboolean http_rules_check(
	const HttpRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
