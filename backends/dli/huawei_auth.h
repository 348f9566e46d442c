#pragma once

#include "backends/auth/chain.h"

/*
 * The sources of Huawei's credential chain, private to the files
 * huawei_*.c.  What a Chain calls its region is the base URL of IAM here:
 * the region is of no other use to them.
 */

/* access, secret, securitytoken, expires_at: of IAM and metadata alike. */
extern const AuthKeyNames huawei_key_names;

/* The two exchanges from an OIDC identity token to a key pair. */
Credentials *huawei_oidc(const Chain *chain, const char *idp_id,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The key pair of the agency that this machine runs under. */
Credentials *huawei_metadata(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- the credentials file ---- */

Credentials *huawei_credentials_file(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether its section holds what huawei_credentials_file needs. */
gboolean huawei_credentials_there(const Chain *chain);
/* `file`, or else the SDKs' own.  New string. */
char *huawei_credentials_path(const char *file);
/* A value of a section (NULL: [basic]) of that file (NULL: the SDKs' own); NULL
 * when there is none.  For what is no secret.  New string. */
char *huawei_credentials_value(
	const char *file, const char *section, const char *key);
