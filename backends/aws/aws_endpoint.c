#include "backends/aws/aws_endpoint.h"

#include <string.h>

#include "backends/aws/aws_chain.h"
#include "backends/aws/aws_files.h"
#include "backends/http/http.h"
#include "backends/http/http_url.h"

#define LABEL_MAX 63 /* of a host name */

/* By the region's prefix; the first that fits.  Source: partitions.json of the
 * vendor's SDKs. */
static const struct {
	const char *prefix, *suffix, *dual_suffix;
} partitions[] = {
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"", "amazonaws.com", "api.aws"},
};

/* Where GovCloud's only name is the FIPS one. */
static const char *const gov_is_fips[] = {
	"elasticmapreduce", "portal.sso", "sts", NULL};

static gboolean is_region(const char *text)
{
	gsize len = text ? strlen(text) : 0;

	return len > 0 && len <= LABEL_MAX && text[0] != '-' &&
	       text[len - 1] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static char *partition_url(const AwsEndpoint *wanted)
{
	const char *suffix = NULL;
	gboolean as_is = !wanted->dual_stack &&
			 g_str_has_prefix(wanted->region, "us-gov-") &&
			 g_strv_contains(gov_is_fips, wanted->service);

	for (gsize i = 0; !suffix; i++)
		if (g_str_has_prefix(wanted->region, partitions[i].prefix))
			suffix = wanted->dual_stack ? partitions[i].dual_suffix
						    : partitions[i].suffix;
	return g_strdup_printf("https://%s%s.%s.%s", wanted->service,
		wanted->fips && !as_is ? "-fips" : "", wanted->region, suffix);
}

/* ---- configured ---- */

static gboolean is_true(const char *text)
{
	return text && g_ascii_strcasecmp(text, "true") == 0;
}

/* Of the shared files: the service's own, then the profile's. */
static char *url_of_files(const AwsEndpoint *wanted)
{
	g_autoptr(AwsFiles) files = aws_files_read(NULL, NULL);
	const char *profile = aws_files_profile(wanted->profile, NULL);
	g_autofree char *service = g_ascii_strdown(wanted->env, -1);
	const char *url = NULL;

	if (!files)
		return NULL;
	const char *section =
		aws_files_get(files, AWS_FILES_PROFILE, profile, "services");
	if (section)
		url = aws_files_get_nested(files, AWS_FILES_SERVICES, section,
			service, "endpoint_url");
	if (!url)
		url = aws_files_get(
			files, AWS_FILES_PROFILE, profile, "endpoint_url");
	return g_strdup(url);
}

static char *configured_url(const AwsEndpoint *wanted)
{
	g_autofree char *env =
		g_strconcat("AWS_ENDPOINT_URL_", wanted->env, NULL);
	const char *url = auth_env(env);

	if (aws_flag(wanted->profile, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		    "ignore_configured_endpoint_urls"))
		return NULL;
	if (!url)
		url = auth_env("AWS_ENDPOINT_URL");
	return url ? g_strdup(url) : url_of_files(wanted);
}

/* Whether requests may be appended to it.  Takes off trailing slashes. */
static gboolean url_usable(const AwsEndpoint *wanted, char *url, GError **error)
{
	g_autoptr(GError) cause = NULL;

	for (gsize len = strlen(url); len > 0 && url[len - 1] == '/';)
		url[--len] = '\0';
	/* Plain http is the client's to judge, when it sends. */
	if (!http_url_check(url, TRUE, &cause))
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the endpoint configured for %s: %s", wanted->service,
			cause->message);
	else if (strpbrk(url, "?# "))
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"the endpoint configured for %s has a query",
			wanted->service);
	else if (wanted->fips || wanted->dual_stack)
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"an endpoint is configured for %s: whether it is a %s "
			"one cannot be chosen as well",
			wanted->service, wanted->fips ? "FIPS" : "dual-stack");
	else
		return TRUE;
	return FALSE;
}

char *aws_endpoint(const AwsEndpoint *wanted, GError **error)
{
	g_autofree char *url = configured_url(wanted);

	if (url)
		return url_usable(wanted, url, error) ? g_steal_pointer(&url)
						      : NULL;
	if (is_region(wanted->region))
		return partition_url(wanted);
	return backend_error_null(error, BACKEND_ERROR_CONFIG,
		"region must be a name such as us-east-1, not \"%.64s\"",
		wanted->region ? wanted->region : "");
}

char *aws_usual_endpoint(const char *service, const char *env,
	const char *region, const char *profile, GError **error)
{
	const AwsEndpoint wanted = {
		.service = service,
		.env = env,
		.region = region,
		.profile = profile,
		.fips = aws_flag(
			profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
		.dual_stack = aws_flag(profile, "AWS_USE_DUALSTACK_ENDPOINT",
			"use_dualstack_endpoint"),
	};

	return aws_endpoint(&wanted, error);
}

gboolean aws_flag(const char *profile, const char *env, const char *key)
{
	g_autofree char *value = aws_files_setting(profile, env, key);

	return is_true(value);
}

char *aws_region(const char *profile)
{
	const char *env = auth_env("AWS_REGION");
	g_autofree char *region = aws_files_setting(
		profile, env ? "AWS_REGION" : "AWS_DEFAULT_REGION", "region");

	return is_region(region) ? g_steal_pointer(&region) : NULL;
}
