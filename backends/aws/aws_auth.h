#pragma once

#include "backends/auth/chain.h"
#include "backends/aws/aws_files.h"

/* The sources of AWS's credential chain.  Private to the files aws_*.c. */

/* AccessKeyId, SecretAccessKey, Expiration, and Token or SessionToken. */
extern const AuthKeyNames aws_token_names, aws_session_names;

/* ISO 8601, and "...UTC" as old tools write it; ms since the epoch, 0 when it
 * cannot be read. */
gint64 aws_time_ms(const char *text);
/* Whether a secret can be sent as a header.  Errors: AUTH, without it. */
gboolean aws_header_fits(
	const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- sources ---- */

/* Borrowed texts; NULL where not given. */
typedef struct {
	const char *arn, *session_name, *external_id;
	gint64 seconds; /* 0: as the service says */
} AwsRole;

Credentials *aws_assume_role(const Chain *chain, const AwsRole *role,
	const Credentials *base, const char *origin, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads the token file anew: it rotates. */
Credentials *aws_assume_role_web(const Chain *chain, const AwsRole *role,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

Credentials *aws_environment(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
Credentials *aws_container(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean aws_container_set(const Chain *chain);
Credentials *aws_metadata(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The profile in use, whatever kind it is. */
Credentials *aws_profile(const Chain *chain, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether that profile is a role that leans on other credentials. */
gboolean aws_profile_is_role(const Chain *chain);
/* Whether that profile tells of credentials, or somebody named it and it is not
 * there, or the files cannot be read. */
gboolean aws_profile_set(const Chain *chain);

/* Borrowed texts; all there but session, which is NULL in the legacy form. */
typedef struct {
	const char *profile, *session, *start_url, *region;
	const char *account, *role;
} AwsSso;

Credentials *aws_sso(const Chain *chain, const AwsSso *sso, const char *origin,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
