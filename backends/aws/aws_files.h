#pragma once

#include "backends/auth/ini.h"

/*
 * The two files that AWS's tools share, which are read as botocore reads them:
 * ini.h with INI_AWS.
 *
 *   AWS_CONFIG_FILE (~/.aws/config)      [default] [profile x] [sso-session x]
 *                                        [services x]
 *   AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials)     [x]
 *
 * A name in the first file is a word of a shell ("profile 'a b'"), of the
 * sections of one name the last counts, and [default] is [profile default].  In
 * the second it is what stands between the brackets.  A key that both files give
 * a profile has the second one's value, an empty one too.  A file that is not
 * there, or no regular one, is empty.
 */
typedef struct AwsFiles AwsFiles;

typedef enum {
	AWS_FILES_PROFILE,
	AWS_FILES_SSO_SESSION,
	AWS_FILES_SERVICES,
} AwsFilesKind;

typedef enum {
	AWS_FILES_CONFIG,
	AWS_FILES_CREDENTIALS,
} AwsFilesWhich;

/* One look, which does not follow later changes; wiped when freed.  Errors: AUTH,
 * naming the file that cannot be read.  With a path the second file alone is read,
 * from there; it must be there then: NO_KEY. */
AwsFiles *aws_files_read(
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void aws_files_free(AwsFiles *files); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AwsFiles, aws_files_free)

gboolean aws_files_has(
	const AwsFiles *files, AwsFilesKind kind, const char *name);
/* Borrowed from files; NULL when absent, empty or nested. */
const char *aws_files_get(const AwsFiles *files, AwsFilesKind kind,
	const char *name, const char *key);
/* "key = value" below "section", as in
 *
 *   emr =
 *     endpoint_url = ... */
const char *aws_files_get_nested(const AwsFiles *files, AwsFilesKind kind,
	const char *name, const char *section, const char *key);
/* What only one file tells of a profile; "" when it is empty there. */
const char *aws_files_get_of(const AwsFiles *files, AwsFilesWhich which,
	const char *name, const char *key);

/* The file; NULL: there is none.  And its section that is of that kind and name;
 * NULL: none is.  Borrowed from files. */
const Ini *aws_files_ini(const AwsFiles *files, AwsFilesWhich which);
const char *aws_files_section(const AwsFiles *files, AwsFilesKind kind,
	AwsFilesWhich which, const char *name);
/* The names of a kind in both files, in no order; free with g_ptr_array_unref;
 * they are borrowed from files. */
GPtrArray *aws_files_names(const AwsFiles *files, AwsFilesKind kind);

/* New strings. */
char *aws_files_config_path(void);
char *aws_files_credentials_path(void);

/* The profile in use: that one, AWS_PROFILE's, AWS_DEFAULT_PROFILE's, or
 * "default".  *ret_chosen (may be NULL): whether somebody named it. */
const char *aws_files_profile(const char *profile, gboolean *ret_chosen);

/* The variable `env` (may be NULL), else `key` of the profile; NULL when
 * neither is set.  New string. */
char *aws_files_setting(const char *profile, const char *env, const char *key);
