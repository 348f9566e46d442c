/*
 * A profile of the shared files: which of its keys are set says what kind it is
 * (the table at the end).  A role leans on another profile, or on a source named
 * by credential_source, and that one may be a role in turn.
 */
#include <string.h>

#include "backends/aws/aws_auth.h"
#include "backends/base/text.h"

#define NAME_MAX_SHOWN 64
#define SOURCE_DEPTH 16 /* profiles that lean on one another */
#define SECONDS_LEAST 900
#define SECONDS_MOST 43200

/* One look at the files: what a kind's function needs. */
typedef struct {
	const Chain *chain;
	const AwsFiles *files;
	gint64 deadline_us;
	const char *names[SOURCE_DEPTH]; /* profiles that led here, the last
	                                    is the one that is looked at */
	guint depth;
} Reading;

static Credentials *profile_keys(
	Reading *reading, const char *name, GError **error);
static Credentials *kind_keys(Reading *reading, GError **error);

static const char *name_of(const Reading *reading)
{
	return reading->names[reading->depth - 1];
}

static const char *value(const Reading *reading, const char *key)
{
	return aws_files_get(
		reading->files, AWS_FILES_PROFILE, name_of(reading), key);
}

static gboolean has(const Reading *reading, const char *key)
{
	return value(reading, key) != NULL;
}

static char *origin_of(const Reading *reading, const char *kind)
{
	const char *file = reading->chain->file;

	return g_strdup_printf("AWS profile %.*s%s%s (%s)", NAME_MAX_SHOWN,
		name_of(reading), file ? " of " : "", file ? file : "", kind);
}

/* A key that is needed; NULL with an error when it is not there. */
static const char *need(const Reading *reading, const char *key, GError **error)
{
	const char *text = value(reading, key);

	if (!text)
		backend_error_set(
			error, BACKEND_ERROR_AUTH, "%s is missing", key);
	return text;
}

static void unsupported(GError **error, const char *key, const char *why)
{
	backend_error_set(error, BACKEND_ERROR_AUTH, "%s %s", key, why);
}

/* ---- static keys ---- */

/* Whether both files together tell of keys, or of half a pair. */
static gboolean is_static(const Reading *reading)
{
	return has(reading, "aws_access_key_id") ||
	       has(reading, "aws_secret_access_key");
}

static const char *value_of(
	const Reading *reading, AwsFilesWhich which, const char *key)
{
	return aws_files_get_of(reading->files, which, name_of(reading), key);
}

static gboolean is_credentials_file(const Reading *reading)
{
	return value_of(reading, AWS_FILES_CREDENTIALS, "aws_access_key_id") !=
	       NULL;
}

/* A secret alone is half a pair, and told as that. */
static gboolean is_config_file(const Reading *reading)
{
	return value_of(reading, AWS_FILES_CONFIG, "aws_access_key_id") ||
	       is_static(reading);
}

/* Id, secret and token stand together in one file.  The token's old name comes
 * first, as for the vendor. */
static Credentials *get_keys(
	Reading *reading, AwsFilesWhich which, GError **error)
{
	static const char *const names[] = {
		"aws_access_key_id", "aws_secret_access_key"};
	const char *pair[2];
	const char *token = value_of(reading, which, "aws_security_token");
	g_autofree char *origin = origin_of(reading, "keys");

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		pair[i] = value_of(reading, which, names[i]);
		if (!pair[i] || !*pair[i])
			return backend_error_null(error, BACKEND_ERROR_AUTH,
				"%s is missing", names[i]);
	}
	if (!token)
		token = value_of(reading, which, "aws_session_token");
	return auth_pair_new(pair[0], pair[1], token, origin, error);
}

static Credentials *get_credentials_file(Reading *reading, GError **error)
{
	return get_keys(reading, AWS_FILES_CREDENTIALS, error);
}

static Credentials *get_config_file(Reading *reading, GError **error)
{
	return get_keys(reading, AWS_FILES_CONFIG, error);
}

/* ---- roles ---- */

/* For another profile, keys come before a role. */
static gboolean is_role(const Reading *reading)
{
	return has(reading, "role_arn") &&
	       !has(reading, "web_identity_token_file") &&
	       (reading->depth == 1 || !is_static(reading));
}

static gboolean is_web(const Reading *reading)
{
	return has(reading, "web_identity_token_file");
}

/* A source without a role of its own; only another profile names such a one. */
static gboolean is_bare_source(const Reading *reading)
{
	return has(reading, "credential_source");
}

static Credentials *get_named_source(Reading *reading, GError **error)
{
	static const struct {
		const char *name;
		Credentials *(*get)(const Chain *, gint64, GError **);
	} sources[] = {
		{"Environment", aws_environment},
		{"Ec2InstanceMetadata", aws_metadata},
		{"EcsContainer", aws_container},
	};
	const char *name = value(reading, "credential_source");

	for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
		if (g_str_equal(sources[i].name, name))
			return sources[i].get(
				reading->chain, reading->deadline_us, error);
	unsupported(error, "credential_source",
		"is none of Environment, Ec2InstanceMetadata, EcsContainer");
	return NULL;
}

/* A profile may be its own source, when it holds keys. */
static Credentials *itself_keys(Reading *reading, GError **error)
{
	const char *name = name_of(reading);

	if (reading->depth == SOURCE_DEPTH) {
		unsupported(error, "source_profile", "leads too far");
		return NULL;
	}
	reading->names[reading->depth++] = name;
	return kind_keys(reading, error);
}

/* What the role is assumed with. */
static Credentials *role_base(Reading *reading, GError **error)
{
	const char *source = value(reading, "source_profile");
	gboolean named = has(reading, "credential_source");

	if (source && named)
		unsupported(error, "source_profile",
			"and credential_source exclude one another");
	else if (named)
		return get_named_source(reading, error);
	else if (!source)
		unsupported(error, "role_arn",
			"needs source_profile or credential_source");
	else if (g_str_equal(source, name_of(reading)) && is_static(reading))
		return itself_keys(reading, error);
	else
		return profile_keys(reading, source, error);
	return NULL;
}

/* What is no number is as if it were not there, as for the vendor.  FALSE with an
 * error when no role has such a duration; 0: none is given. */
static gboolean role_seconds(
	const Reading *reading, gint64 *ret, GError **error)
{
	const char *text = value(reading, "duration_seconds");

	*ret = 0;
	if (!text || !g_ascii_string_to_signed(
			     text, 10, G_MININT64, G_MAXINT64, ret, NULL))
		return TRUE;
	if (*ret >= SECONDS_LEAST && *ret <= SECONDS_MOST)
		return TRUE;
	unsupported(error, "duration_seconds",
		"is not between 900 and 43200 seconds");
	return FALSE;
}

static Credentials *get_role(Reading *reading, GError **error)
{
	const guint depth = reading->depth;
	AwsRole role = {
		.arn = value(reading, "role_arn"),
		.session_name = value(reading, "role_session_name"),
		.external_id = value(reading, "external_id"),
	};
	g_autofree char *origin = origin_of(reading, "role");

	if (has(reading, "mfa_serial")) {
		unsupported(error, "mfa_serial",
			"wants a code that nobody can type here; get keys "
			"with `aws sts get-session-token` instead");
		return NULL;
	}
	if (!role_seconds(reading, &role.seconds, error))
		return NULL;
	g_autoptr(Credentials) base = role_base(reading, error);
	reading->depth = depth;
	return base ? aws_assume_role(reading->chain, &role, base, origin,
			      reading->deadline_us, error)
		    : NULL;
}

static Credentials *get_web(Reading *reading, GError **error)
{
	const char *name = reading->depth == 1 && !reading->chain->profile
				   ? auth_env("AWS_ROLE_SESSION_NAME")
				   : NULL;
	const AwsRole role = {
		.arn = need(reading, "role_arn", error),
		.session_name =
			name ? name : value(reading, "role_session_name"),
	};
	g_autofree char *origin = origin_of(reading, "web identity");

	return role.arn ? aws_assume_role_web(reading->chain, &role,
				  value(reading, "web_identity_token_file"),
				  origin, reading->deadline_us, error)
			: NULL;
}

/* ---- programs and logins ---- */

static gboolean is_process(const Reading *reading)
{
	return has(reading, "credential_process");
}

static Credentials *process_keys(
	const Json *body, const char *origin, GError **error)
{
	if (json_get_int(body, "Version", 1, 1, 0) == 1)
		return auth_keys_read(body, &aws_session_names, origin, error);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"credential_process printed another Version than 1");
}

/* The words of the command line, as botocore splits it.  One that only a shell
 * can run, which botocore has none for, goes through it, as in AWS's other SDKs;
 * there it is one line. */
static char **process_words(const char *command, GError **error)
{
	char **words = words_split(command);

	if (!words || !*words) {
		unsupported(error, "credential_process",
			words ? "is empty" : "leaves a quote open");
		g_strfreev(words);
		return NULL;
	}
	if (!words_need_shell(command))
		return words;
	g_strfreev(words);
	words = g_new0(char *, 4);
	words[0] = g_strdup("/bin/sh");
	words[1] = g_strdup("-c");
	words[2] = g_strdelimit(g_strdup(command), "\n", ' ');
	return words;
}

/* They may hold a password. */
typedef char *SecretWords;

static void secret_words_free(SecretWords *words)
{
	for (char **word = words; word && *word; word++)
		secret_wipe(*word, strlen(*word));
	g_strfreev(words);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretWords, secret_words_free)

static Credentials *get_process(Reading *reading, GError **error)
{
	g_autoptr(SecretWords) argv =
		process_words(value(reading, "credential_process"), error);
	g_autofree char *origin = origin_of(reading, "process");
	g_autofree char *said = NULL;

	if (!argv)
		return NULL;
	g_autoptr(SecretJson) body = auth_run_json(argv, "it",
		reading->deadline_us, &reading->chain->stopped, &said, error);
	if (!body) {
		g_prefix_error(error, "credential_process: ");
		return NULL;
	}
	Credentials *credentials = process_keys(body, origin, error);
	if (!credentials)
		auth_quote(error, said);
	return credentials;
}

/* As for the vendor: what else there is of SSO may be for other tools. */
static gboolean is_sso(const Reading *reading)
{
	return has(reading, "sso_account_id") || has(reading, "sso_role_name");
}

static gboolean is_half_sso(const Reading *reading)
{
	return has(reading, "sso_session") || has(reading, "sso_start_url");
}

/* The session's value, or the profile's; FALSE with an error when both have one
 * and they differ. */
static gboolean session_value(const Reading *reading, const char *session,
	const char *key, const char **ret, GError **error)
{
	const char *own = value(reading, key);
	const char *shared =
		session ? aws_files_get(reading->files, AWS_FILES_SSO_SESSION,
				  session, key)
			: NULL;

	*ret = shared ? shared : own;
	if (session &&
		!aws_files_has(reading->files, AWS_FILES_SSO_SESSION, session))
		*ret = NULL; /* what it would have said is not known */
	if (!shared || !own || g_str_equal(shared, own))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"%s of the profile and of sso-session %.*s differ", key,
		NAME_MAX_SHOWN, session);
}

static Credentials *get_sso(Reading *reading, GError **error)
{
	AwsSso sso = {
		.profile = name_of(reading),
		.session = value(reading, "sso_session"),
		.account = need(reading, "sso_account_id", error),
		.role = sso.account ? need(reading, "sso_role_name", error)
				    : NULL,
	};
	g_autofree char *origin = origin_of(reading, "SSO");

	if (!sso.role ||
		!session_value(reading, sso.session, "sso_start_url",
			&sso.start_url, error) ||
		!session_value(
			reading, sso.session, "sso_region", &sso.region, error))
		return NULL;
	if (sso.start_url && sso.region)
		return aws_sso(reading->chain, &sso, origin,
			reading->deadline_us, error);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"sso_start_url or sso_region is missing%s%.*s",
		sso.session ? " in sso-session " : "", NAME_MAX_SHOWN,
		sso.session ? sso.session : "");
}

static gboolean is_login(const Reading *reading)
{
	return has(reading, "login_session");
}

static Credentials *get_login(Reading *reading, GError **error)
{
	unsupported(error, "login_session",
		"is not supported here; use `aws configure "
		"export-credentials` as credential_process instead");
	return NULL;
}

/* ---- the kinds ---- */

/* The first that applies counts: botocore's order. */
static const struct {
	gboolean (*applies)(const Reading *);
	Credentials *(*get)(Reading *, GError **error);
} kinds[] = {
	{is_role, get_role},
	{is_web, get_web},
	{is_sso, get_sso},
	{is_credentials_file, get_credentials_file},
	{is_login, get_login},
	{is_process, get_process},
	{is_config_file, get_config_file},
	{is_half_sso, get_sso},
};

static gboolean is_any(const Reading *reading)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].applies(reading))
			return TRUE;
	return FALSE;
}

static Credentials *kind_keys(Reading *reading, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].applies(reading))
			return kinds[i].get(reading, error);
	if (reading->depth > 1 && is_bare_source(reading))
		return get_named_source(reading, error);
	return backend_error_null(
		error, BACKEND_ERROR_NO_KEY, "it tells of no credentials");
}

/* Whether a profile can be looked at for the sake of those that led there. */
static gboolean profile_enter(
	Reading *reading, const char *name, GError **error)
{
	gboolean round = reading->depth == SOURCE_DEPTH;

	for (guint i = 0; i < reading->depth; i++)
		round |= g_str_equal(reading->names[i], name);
	if (round)
		return backend_error_false(error, BACKEND_ERROR_AUTH,
			"source_profile goes round in a circle at %.*s",
			NAME_MAX_SHOWN, name);
	if (!aws_files_has(reading->files, AWS_FILES_PROFILE, name))
		return backend_error_false(error, BACKEND_ERROR_NO_KEY,
			"there is no profile %.*s", NAME_MAX_SHOWN, name);
	reading->names[reading->depth++] = name;
	return TRUE;
}

static Credentials *profile_keys(
	Reading *reading, const char *name, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!profile_enter(reading, name, error))
		return NULL;
	Credentials *found = kind_keys(reading, &cause);
	if (found)
		return found;
	g_propagate_prefixed_error(error, g_steal_pointer(&cause),
		"profile %.*s: ", NAME_MAX_SHOWN, name);
	return NULL;
}

Credentials *aws_profile(const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autoptr(AwsFiles) files = aws_files_read(chain->file, error);
	Reading reading = {
		.chain = chain, .files = files, .deadline_us = deadline_us};

	return files ? profile_keys(&reading,
			       aws_files_profile(chain->profile, NULL), error)
		     : NULL;
}

gboolean aws_profile_is_role(const Chain *chain)
{
	g_autoptr(AwsFiles) files = aws_files_read(chain->file, NULL);
	Reading reading = {.chain = chain, .files = files, .depth = 1};

	reading.names[0] = aws_files_profile(chain->profile, NULL);
	return files && is_role(&reading);
}

gboolean aws_profile_set(const Chain *chain)
{
	g_autoptr(AwsFiles) files = aws_files_read(chain->file, NULL);
	Reading reading = {.chain = chain, .files = files, .depth = 1};
	gboolean chosen;

	reading.names[0] = aws_files_profile(chain->profile, &chosen);
	if (!files || chain->file)
		return TRUE;
	if (aws_files_has(files, AWS_FILES_PROFILE, reading.names[0]))
		return is_any(&reading);
	return chosen;
}
