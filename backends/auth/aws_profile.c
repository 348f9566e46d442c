/*
 * A profile of the shared files: which of its keys are set says what kind it is
 * (the table at the end).  A role leans on another profile, or on a source named
 * by credential_source, and that one may be a role in turn.
 */
#include <string.h>

#include "auth/aws_auth.h"
#include "auth/process.h"

#define NAME_MAX_SHOWN 64
#define SOURCE_DEPTH 16 /* profiles that lean on one another */
#define OUTPUT_MAX (64 * 1024)
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
	return g_strdup_printf("AWS profile %.*s (%s)", NAME_MAX_SHOWN,
		name_of(reading), kind);
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

static gboolean is_static(const Reading *reading)
{
	return has(reading, "aws_access_key_id") ||
	       has(reading, "aws_secret_access_key");
}

static Credentials *get_static(Reading *reading, GError **error)
{
	const char *id = need(reading, "aws_access_key_id", error);
	const char *secret =
		id ? need(reading, "aws_secret_access_key", error) : NULL;
	const char *token = value(reading, "aws_session_token");
	g_autofree char *origin = origin_of(reading, "keys");

	if (!secret)
		return NULL;
	return credentials_new(id, secret_new(secret, -1),
		token ? secret_new(token, -1) : NULL, 0, origin);
}

/* ---- roles ---- */

static gboolean is_role(const Reading *reading)
{
	return has(reading, "role_arn") &&
	       !has(reading, "web_identity_token_file");
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

/* What the role is assumed with.  A profile may be its own source, when it holds
 * keys. */
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
		return get_static(reading, error);
	else
		return profile_keys(reading, source, error);
	return NULL;
}

/* FALSE with an error when it is no duration; 0: none is given. */
static gboolean role_seconds(
	const Reading *reading, gint64 *ret, GError **error)
{
	const char *text = value(reading, "duration_seconds");

	*ret = 0;
	if (!text || g_ascii_string_to_signed(
			     text, 10, SECONDS_LEAST, SECONDS_MOST, ret, NULL))
		return TRUE;
	unsupported(error, "duration_seconds",
		"is no number of seconds from 900 to 43200");
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
	const AwsRole role = {
		.arn = need(reading, "role_arn", error),
		.session_name = value(reading, "role_session_name"),
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
	if (!body)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"credential_process did not print JSON");
	else if (json_get_int(body, "Version", 1, 1, 0) != 1)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"credential_process printed another Version than 1");
	else
		return auth_keys_read(body, &aws_session_names, origin, error);
	return NULL;
}

/* Through the shell, as the vendor does: the value is a command line. */
static Credentials *get_process(Reading *reading, GError **error)
{
	char *command = g_strdup(value(reading, "credential_process"));
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", command, NULL};
	g_autofree char *origin = origin_of(reading, "process");
	gsize len = 0;
	char *output = process_run(argv, OUTPUT_MAX, reading->deadline_us,
		&reading->chain->stopped, &len, error);

	secret_free_text(command); /* it may hold a password */
	if (!output) {
		g_prefix_error(error, "credential_process: ");
		return NULL;
	}
	Json *body = json_parse(output, len, NULL);
	Credentials *credentials = process_keys(body, origin, error);
	auth_wipe_json(body);
	auth_wipe_text(output, len);
	return credentials;
}

static gboolean is_sso(const Reading *reading)
{
	return has(reading, "sso_session") || has(reading, "sso_start_url") ||
	       has(reading, "sso_account_id") || has(reading, "sso_role_name");
}

static const char *session_value(
	const Reading *reading, const char *session, const char *key)
{
	return session ? aws_files_get(reading->files, AWS_FILES_SSO_SESSION,
				 session, key)
		       : value(reading, key);
}

static Credentials *get_sso(Reading *reading, GError **error)
{
	const char *session = value(reading, "sso_session");
	const AwsSso sso = {
		.profile = name_of(reading),
		.session = session,
		.start_url = session_value(reading, session, "sso_start_url"),
		.region = session_value(reading, session, "sso_region"),
		.account = need(reading, "sso_account_id", error),
		.role = sso.account ? need(reading, "sso_role_name", error)
				    : NULL,
	};
	g_autofree char *origin = origin_of(reading, "SSO");

	if (!sso.role)
		return NULL;
	if (sso.start_url && sso.region)
		return aws_sso(reading->chain, &sso, origin,
			reading->deadline_us, error);
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"sso_start_url or sso_region is missing%s%.*s",
		session ? " in sso-session " : "", NAME_MAX_SHOWN,
		session ? session : "");
	return NULL;
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

/* The first that applies counts. */
static const struct {
	gboolean (*applies)(const Reading *);
	Credentials *(*get)(Reading *, GError **error);
} kinds[] = {
	{is_role, get_role},
	{is_static, get_static},
	{is_web, get_web},
	{is_process, get_process},
	{is_sso, get_sso},
	{is_login, get_login},
};

static gboolean is_any(const Reading *reading)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].applies(reading))
			return TRUE;
	return FALSE;
}

/* For another profile, keys come before a role: the vendor's tools agree. */
static Credentials *kind_keys(Reading *reading, GError **error)
{
	if (reading->depth > 1 && is_static(reading))
		return get_static(reading, error);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].applies(reading))
			return kinds[i].get(reading, error);
	if (reading->depth > 1 && is_bare_source(reading))
		return get_named_source(reading, error);
	backend_error_set(
		error, BACKEND_ERROR_AUTH, "it tells of no credentials");
	return NULL;
}

/* Whether a profile can be looked at for the sake of those that led there. */
static gboolean profile_enter(
	Reading *reading, const char *name, GError **error)
{
	gboolean round = reading->depth == SOURCE_DEPTH;

	for (guint i = 0; i < reading->depth; i++)
		round |= g_str_equal(reading->names[i], name);
	if (round) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"source_profile goes round in a circle at %.*s",
			NAME_MAX_SHOWN, name);
		return FALSE;
	}
	if (!aws_files_has(reading->files, AWS_FILES_PROFILE, name)) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"there is no profile %.*s", NAME_MAX_SHOWN, name);
		return FALSE;
	}
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
	g_autoptr(AwsFiles) files = aws_files_read(error);
	Reading reading = {
		.chain = chain, .files = files, .deadline_us = deadline_us};

	return files ? profile_keys(&reading,
			       aws_files_profile(chain->profile, NULL), error)
		     : NULL;
}

gboolean aws_profile_set(const Chain *chain)
{
	g_autoptr(AwsFiles) files = aws_files_read(NULL);
	Reading reading = {.chain = chain, .files = files, .depth = 1};
	gboolean chosen;

	reading.names[0] = aws_files_profile(chain->profile, &chosen);
	if (!files)
		return TRUE;
	if (aws_files_has(files, AWS_FILES_PROFILE, reading.names[0]))
		return is_any(&reading);
	return chosen;
}
