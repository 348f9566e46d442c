#include "backends/aws/aws_chain.h"

#include <string.h>

#include "backends/aws/aws_auth.h"
#include "backends/aws/aws_key.h"

#define REFRESH_MS (5 * 60 * 1000)

/* ---- sources that need no file of their own ---- */

Credentials *aws_environment(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *id = auth_env("AWS_ACCESS_KEY_ID");
	const char *secret = auth_env("AWS_SECRET_ACCESS_KEY");
	const char *token = auth_env("AWS_SECURITY_TOKEN"); /* its old name */
	const char *expiry = auth_env("AWS_CREDENTIAL_EXPIRATION");

	if (!token)
		token = auth_env("AWS_SESSION_TOKEN");
	if (!id || !secret)
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"%s is not set",
			id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	Credentials *found =
		auth_pair_new(id, secret, token, "environment", error);
	if (found && expiry)
		found->expires_ms = aws_time_ms(expiry);
	return found;
}

static Credentials *from_web(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	const char *file = auth_env("AWS_WEB_IDENTITY_TOKEN_FILE");
	const AwsRole role = {
		.arn = auth_env("AWS_ROLE_ARN"),
		.session_name = auth_env("AWS_ROLE_SESSION_NAME"),
	};

	if (role.arn)
		return aws_assume_role_web(chain, &role, file,
			"web identity of the environment", deadline_us, error);
	return backend_error_null(
		error, BACKEND_ERROR_AUTH, "AWS_ROLE_ARN is not set");
}

/* ---- what can be told without the network ---- */

static void chain_files(const Chain *chain, GString *out)
{
	if (chain->file) {
		auth_append_stat(out, g_strdup(chain->file));
		return;
	}
	auth_append_stat(out, aws_files_config_path());
	auth_append_stat(out, aws_files_credentials_path());
}

/* A profile's role comes before it, as for the vendor; other profiles do not. */
static gboolean is_no_role(const Chain *chain)
{
	return !aws_profile_is_role(chain);
}

/* ---- whose ---- */

static char *chain_account(const Chain *chain, const Credentials *credentials,
	gint64 deadline_us, GError **error)
{
	char *account = aws_key_account(credentials->access_key_id);

	return account ? account : credentials_account(credentials);
}

static void place_key(const char *id, GString *out)
{
	g_autofree char *account = id ? aws_key_account(id) : NULL;

	if (account)
		g_string_append_printf(out, " of %s", account);
}

static void chain_place(
	const Chain *chain, const ChainSource *first, GString *out)
{
	g_autoptr(AwsFiles) files = NULL;
	const char *profile;

	if (first->get == aws_environment)
		place_key(auth_env("AWS_ACCESS_KEY_ID"), out);
	if (first->get != aws_profile)
		return;
	files = aws_files_read(chain->file, NULL);
	profile = aws_files_profile(chain->profile, NULL);
	g_string_append_printf(out, " (%s)", profile);
	if (files)
		place_key(aws_files_get(files, AWS_FILES_PROFILE, profile,
				  "aws_access_key_id"),
			out);
}

/* ---- what looks wrong ---- */

static gboolean chain_lacks(
	const Chain *chain, const char *profile, GString *out)
{
	g_autoptr(AwsFiles) files = aws_files_read(chain->file, NULL);
	g_autofree char *config = aws_files_config_path();
	g_autofree char *credentials = aws_files_credentials_path();

	g_string_append_printf(out, "%s%s%s",
		chain->file ? chain->file : config, chain->file ? "" : " or ",
		chain->file ? "" : credentials);
	return files && !aws_files_has(files, AWS_FILES_PROFILE, profile);
}

/* "us-gov-west-1": words, and at last a number. */
static gboolean is_region_name(const char *text)
{
	return g_regex_match_simple("^[a-z]+(-[a-z]+)+-[0-9]+$", text, 0, 0);
}

static char *doubt_region(const Chain *chain)
{
	const char *region = chain->region;
	gsize len = region ? strlen(region) : 0;
	g_autofree char *shorter = NULL;

	if (!region || is_region_name(region))
		return NULL;
	shorter = g_strndup(region, len ? len - 1 : 0);
	if (is_region_name(shorter))
		return g_strdup_printf("region: %.64s is the name of a zone; "
				       "its region is %.64s",
			region, shorter);
	return g_strdup_printf("region: %.64s is not like the name of a "
			       "region, such as us-east-1",
		region);
}

/* ---- the chain ---- */

static const ChainSource sources[] = {
	{"the environment", aws_environment, .needs = {"AWS_ACCESS_KEY_ID"}},
	{"web identity", from_web, is_no_role,
		.needs = {"AWS_WEB_IDENTITY_TOKEN_FILE"},
		.named = "AWS_WEB_IDENTITY_TOKEN_FILE"},
	{"the shared files", aws_profile, aws_profile_set, .profiled = TRUE,
		.filed = TRUE},
	{"the container", aws_container, aws_container_set},
	{"EC2 metadata", aws_metadata, .metadata = TRUE,
		.off = "AWS_EC2_METADATA_DISABLED",
		.variable = "AWS_EC2_METADATA_SERVICE_ENDPOINT"},
	{NULL},
};

const ChainClass aws_chain = {
	.name = "aws",
	.vendor = "AWS",
	.key = "profile",
	.file_key = "credentials_file",
	.refresh_ms = REFRESH_MS,
	.sources = sources,
	.fingerprint = chain_files,
	.account = chain_account,
	.place = chain_place,
	.profile_variables = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"},
	.lacks = chain_lacks,
	.doubt = doubt_region,
	.strict = TRUE,
};

char *aws_ca_file(const char *profile)
{
	char *file = aws_files_setting(profile, "AWS_CA_BUNDLE", "ca_bundle");
	const char *env = auth_env("REQUESTS_CA_BUNDLE");

	return file ? file : g_strdup(env ? env : "");
}
