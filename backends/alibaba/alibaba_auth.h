#pragma once

#include "backends/auth/chain.h"

/* The sources of Alibaba's credential chain.  Private to the files
 * alibaba_*.c. */

extern const AuthKeyNames alibaba_sts_names; /* AccessKeyId, ... */
extern const AuthKeyNames alibaba_cli_names; /* access_key_id, ... */

/* ---- sources ---- */

/* Borrowed texts; NULL where not given. */
typedef struct {
	const char *arn, *session_name, *policy, *external_id;
	const char *sts_region, *sts_endpoint;
	gint64 seconds; /* 0: 3600 */
	gboolean vpc;
} AlibabaRole;

Credentials *alibaba_assume_role(const Chain *chain, const AlibabaRole *role,
	const Credentials *base, const char *origin, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
Credentials *alibaba_assume_role_oidc(const Chain *chain,
	const AlibabaRole *role, const char *provider_arn,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* role NULL: the one that the metadata service names. */
Credentials *alibaba_metadata(const Chain *chain, const char *role,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Credentials *alibaba_uri(const Chain *chain, const char *uri,
	const char *origin, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A profile of the mode CloudSSO or OAuth. */
Credentials *alibaba_login(const Chain *chain, const Json *profile,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

Credentials *alibaba_cli_profile(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
Credentials *alibaba_credentials_file(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether a profile is not in the CLI's file, and not in that of credentials; FALSE
 * where a file is there and cannot be read. */
gboolean alibaba_cli_lacks(const char *profile);
gboolean alibaba_section_lacks(const char *path, const char *profile);
/* The profile to use: the section's, ALIBABA_CLOUD_PROFILE's, or fallback. */
const char *alibaba_profile_name(const Chain *chain, const char *fallback);
/* region_id of a profile; NULL when there is none.  New string. */
char *alibaba_cli_region(const char *profile);
char *alibaba_cli_path(void);
char *alibaba_credentials_path(const Chain *chain);
gboolean alibaba_cli_enabled(void);
