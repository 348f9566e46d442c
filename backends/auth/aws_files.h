#pragma once

#include "auth/tools.h"

/*
 * The two files that AWS's tools share, in their own dialect of ini:
 *
 *   AWS_CONFIG_FILE (~/.aws/config)      [default] [profile x] [sso-session x]
 *                                        [services x]
 *   AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials)     [x]
 *
 * "key = value"; "#" and ";" begin a remark at the start of a line or behind a
 * blank.  A line that is indented deeper than its key goes on with the key's
 * value, or nests below the key when that has none:
 *
 *   emr =
 *     endpoint_url = ...                 -> "emr.endpoint_url"
 *
 * A key's case does not count, nor the order of the files: what the credentials
 * file says of a profile wins.  [profile default] hides [default].  A file that
 * is not there, or no regular one, is empty.
 */
typedef struct AwsFiles AwsFiles;

typedef enum {
	AWS_FILES_PROFILE,
	AWS_FILES_SSO_SESSION,
	AWS_FILES_SERVICES,
} AwsFilesKind;

/* One look, which does not follow later changes; wiped when freed.  Errors: AUTH,
 * naming the file that cannot be read. */
AwsFiles *aws_files_read(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void aws_files_free(AwsFiles *files); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AwsFiles, aws_files_free)

gboolean aws_files_has(
	const AwsFiles *files, AwsFilesKind kind, const char *name);
/* Borrowed from files; NULL when absent or empty. */
const char *aws_files_get(const AwsFiles *files, AwsFilesKind kind,
	const char *name, const char *key);

/* New strings. */
char *aws_files_config_path(void);
char *aws_files_credentials_path(void);

/* The profile in use: that one, AWS_PROFILE's, AWS_DEFAULT_PROFILE's, or
 * "default".  *ret_chosen (may be NULL): whether somebody named it. */
const char *aws_files_profile(const char *profile, gboolean *ret_chosen);

/* The variable `env` (may be NULL), else `key` of the profile; NULL when
 * neither is set.  New string. */
char *aws_files_setting(const char *profile, const char *env, const char *key);
