#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/* The bytes of content files that both services of AWS fill alike.  Pure. */

/* What a session's endpoint call tells; borrowed. */
typedef struct {
	const char *url;      /* of the Spark Connect server or its proxy */
	const char *token;    /* NULL: none */
	const char *user;     /* NULL: none */
	const char *password; /* NULL: none */
	gint64 expires_ms;    /* of the token; 0: unknown */
} AwsAccess;

/*
 * The lines of `endpoint`.  The first is what a Spark Connect client is given,
 * sc://HOST:PORT/;use_ssl=true;x-aws-proxy-auth=TOKEN; then "endpoint: URL" as
 * the service spells it, "expires: TIME", "username: ..." and "password: ..."
 * where there are any.  Errors: BAD_ANSWER for a URL that is none.
 */
GBytes *aws_access_text(
	const AwsAccess *access, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Until when that is worth showing: a minute before the token expires, or ten
 * minutes from now where nobody says. */
gint64 aws_access_until_ms(const AwsAccess *access);

/* A web address and a newline; empty for what is none.  url may be NULL. */
GBytes *aws_url_text(const char *url);
