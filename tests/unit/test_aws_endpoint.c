#include "backends/aws/aws_endpoint.h"

#include <string.h>

#include "aws_home.h"
#include "backends/aws/aws_chain.h"
#include "backends/error.h"

static void is(const AwsEndpoint *wanted, const char *url)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *found = aws_endpoint(wanted, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(found, ==, url);
}

static void fails(const AwsEndpoint *wanted, const char *say)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(aws_endpoint(wanted, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	if (!strstr(error->message, say))
		g_error("\"%s\" does not say \"%s\"", error->message, say);
}

static void test_partitions(ChainFixture *f, const void *unused)
{
	static const struct {
		const char *service, *region;
		gboolean fips, dual_stack;
		const char *host;
	} rows[] = {
		{"sts", "eu-west-1", 0, 0, "sts.eu-west-1.amazonaws.com"},
		{"sts", "eu-west-1", 0, 1, "sts.eu-west-1.api.aws"},
		{"sts", "us-east-1", 1, 0, "sts-fips.us-east-1.amazonaws.com"},
		{"sts", "us-east-1", 1, 1, "sts-fips.us-east-1.api.aws"},
		{"sts", "cn-north-1", 0, 0, "sts.cn-north-1.amazonaws.com.cn"},
		{"sts", "cn-north-1", 0, 1,
			"sts.cn-north-1.api.amazonwebservices.com.cn"},
		{"sts", "us-gov-west-1", 0, 0,
			"sts.us-gov-west-1.amazonaws.com"},
		{"sts", "us-gov-west-1", 1, 0,
			"sts.us-gov-west-1.amazonaws.com"},
		{"sts", "us-gov-west-1", 1, 1,
			"sts-fips.us-gov-west-1.api.aws"},
		{"elasticmapreduce", "us-gov-east-1", 1, 0,
			"elasticmapreduce.us-gov-east-1.amazonaws.com"},
		{"emr-serverless", "us-gov-east-1", 1, 0,
			"emr-serverless-fips.us-gov-east-1.amazonaws.com"},
		{"sts", "us-iso-east-1", 0, 0, "sts.us-iso-east-1.c2s.ic.gov"},
		{"sts", "us-isob-east-1", 0, 0,
			"sts.us-isob-east-1.sc2s.sgov.gov"},
		{"sts", "us-isof-south-1", 0, 1,
			"sts.us-isof-south-1.api.aws.hci.ic.gov"},
		{"sts", "eu-isoe-west-1", 0, 0,
			"sts.eu-isoe-west-1.cloud.adc-e.uk"},
		{"sts", "eusc-de-east-1", 0, 0,
			"sts.eusc-de-east-1.amazonaws.eu"},
		{"sts", "xx-new-9", 0, 0, "sts.xx-new-9.amazonaws.com"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const AwsEndpoint wanted = {rows[i].service, "X",
			rows[i].region, NULL, rows[i].fips, rows[i].dual_stack};
		g_autofree char *url =
			g_strconcat("https://", rows[i].host, NULL);

		is(&wanted, url);
	}
}

static void test_bad_regions(ChainFixture *f, const void *unused)
{
	g_autofree char *long_one = g_strnfill(64, 'a');
	const char *const bad[] = {NULL, "", "eu_west_1", "EU-west-1",
		"eu-west-1.evil.example", "a/b", "a@b", "-a", "a-", "a b",
		long_one};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		const AwsEndpoint wanted = {"sts", "STS", bad[i]};

		fails(&wanted, "region must be a name");
		g_setenv("AWS_REGION", bad[i] ? bad[i] : "", TRUE);
		g_assert_null(aws_region(NULL));
	}
}

static void test_configured(ChainFixture *f, const void *unused)
{
	const AwsEndpoint emr = {"elasticmapreduce", "EMR", "eu-west-1", "p"};
	const AwsEndpoint sts = {"sts", "STS", "eu-west-1", "p"};
	const AwsEndpoint other = {"sts", "STS", "eu-west-1", NULL};

	aws_home_config(f,
		"[profile p]\nservices = s\nendpoint_url = http://profile/\n"
		"[services s]\nemr =\n  endpoint_url = http://section:1/x//\n");
	is(&emr, "http://section:1/x");
	is(&sts, "http://profile");
	is(&other, "https://sts.eu-west-1.amazonaws.com");
	g_setenv("AWS_ENDPOINT_URL", "http://general", TRUE);
	is(&emr, "http://general");
	g_setenv("AWS_ENDPOINT_URL_EMR", "http://special", TRUE);
	is(&emr, "http://special");
	is(&sts, "http://general");
	g_setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True", TRUE);
	is(&emr, "https://elasticmapreduce.eu-west-1.amazonaws.com");
}

static void test_ignored_by_profile(ChainFixture *f, const void *unused)
{
	const AwsEndpoint sts = {"sts", "STS", "eu-west-1", NULL};

	aws_home_config(f, "[default]\nendpoint_url = http://profile\n"
			   "ignore_configured_endpoint_urls = true\n");
	is(&sts, "https://sts.eu-west-1.amazonaws.com");
}

static void test_bad_urls(ChainFixture *f, const void *unused)
{
	static const char *const bad[] = {"x", "/", "ftp://x", "http://",
		"http://u:p@x", "http://x/?q", "http://x/#f", "http://x/ y"};
	const AwsEndpoint sts = {"sts", "STS", "eu-west-1", NULL};
	AwsEndpoint variant = sts;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_setenv("AWS_ENDPOINT_URL", bad[i], TRUE);
		fails(&sts, "the endpoint configured for sts");
	}
	g_setenv("AWS_ENDPOINT_URL", "https://x", TRUE);
	variant.fips = TRUE;
	fails(&variant, "FIPS");
	variant = sts;
	variant.dual_stack = TRUE;
	fails(&variant, "dual-stack");
}

static gboolean fips(const char *profile)
{
	return aws_flag(profile, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
}

static void test_flags(ChainFixture *f, const void *unused)
{
	aws_home_config(f, "[profile p]\nuse_fips_endpoint = TRUE\n"
			   "[profile q]\nuse_fips_endpoint = yes\n");
	g_assert_true(fips("p"));
	g_assert_false(fips("q"));
	g_assert_false(fips(NULL));
	g_setenv("AWS_USE_FIPS_ENDPOINT", "false", TRUE);
	g_assert_false(fips("p"));
	g_setenv("AWS_USE_FIPS_ENDPOINT", "true", TRUE);
	g_assert_true(fips(NULL));
}

static void region_is(const char *profile, const char *wanted)
{
	g_autofree char *region = aws_region(profile);

	g_assert_cmpstr(region, ==, wanted);
}

static void test_region(ChainFixture *f, const void *unused)
{
	region_is(NULL, NULL);
	aws_home_config(
		f, "[default]\nregion = d-1\n[profile p]\nregion = p-1\n");
	region_is(NULL, "d-1");
	region_is("p", "p-1");
	region_is("absent", NULL);
	g_setenv("AWS_PROFILE", "p", TRUE);
	region_is(NULL, "p-1");
	g_setenv("AWS_DEFAULT_REGION", "e-1", TRUE);
	region_is("p", "e-1");
	g_setenv("AWS_REGION", "e-2", TRUE);
	region_is("p", "e-2");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	chain_fixture_add(
		"/aws_endpoint/hosts_by_partition", test_partitions, NULL);
	chain_fixture_add(
		"/aws_endpoint/what_is_no_region", test_bad_regions, NULL);
	chain_fixture_add("/aws_endpoint/configured_ones_in_order",
		test_configured, NULL);
	chain_fixture_add("/aws_endpoint/a_profile_may_ignore_them",
		test_ignored_by_profile, NULL);
	chain_fixture_add(
		"/aws_endpoint/bad_ones_are_refused", test_bad_urls, NULL);
	chain_fixture_add("/aws_endpoint/flags", test_flags, NULL);
	chain_fixture_add("/aws_endpoint/region_of_environment_then_profile",
		test_region, NULL);
	return g_test_run();
}
