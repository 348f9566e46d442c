#pragma once

#include "backends/auth/chain.h"

/* The sources of Google's credential chain.  Private to google_*.c. */

#define GOOGLE_SCOPE "https://www.googleapis.com/auth/cloud-platform"

/* ---- the token endpoint (google_token.c) ---- */

/* What is posted there. */
typedef struct {
	const char *uri, *origin, *grant_type;
	gboolean dated; /* it is refused where the clock is wrong */
	/* Adds the rest of the form; now: seconds since the epoch, by the
	 * endpoint's clock. */
	gboolean (*fill)(GString *form, void *data, gint64 now, GError **error);
	void *data;
} GoogleGrant;

/*
 * Posts it, and reads {access_token, expires_in}.  Errors: AUTH for a refusal,
 * CONFIG for an endpoint that is neither https nor on this machine, and what the
 * network says.
 */
Credentials *google_token_post(const Chain *chain, const GoogleGrant *grant,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads {access_token, expires_in}.  Errors: BAD_ANSWER. */
Credentials *google_token_read(const HttpAnswer *answer, const char *origin,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A token that was given as it is; surrounding white space is cut.  Errors:
 * AUTH for text that cannot be a token. */
Credentials *google_token_plain(const char *text, const char *origin,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- sources ---- */

/* What a credentials file (JSON with a `type`) gives. */
Credentials *google_account(const Chain *chain, const char *path,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* project_id of a service account's file; NULL when there is none, as for a user,
 * whose quota_project_id is not where they work.  New string. */
char *google_account_project(const char *path);

/* The service account of the machine, by its metadata server. */
Credentials *google_metadata(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- gcloud's own files (google_config.c) ---- */

/* A path below gcloud's directory.  New string. */
char *google_config_path(const char *rest);
/* A property of gcloud's active configuration; NULL when there is none.  New
 * string. */
char *google_config_get(const char *section, const char *name);
