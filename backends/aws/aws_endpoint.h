#pragma once

#include <glib.h>

/* Where a service of AWS answers.  No network; any thread. */
typedef struct {
	const char *service; /* first label of its host: "emr-serverless",
	                        "elasticmapreduce", "sts" */
	const char *env;     /* as AWS_ENDPOINT_URL_* spells it:
	                        "EMR_SERVERLESS", "EMR", "STS" */
	const char *region;
	const char *profile; /* NULL: as aws_chain_new says */
	gboolean fips, dual_stack;
} AwsEndpoint;

/*
 * The base URL without a trailing slash, "https://sts.eu-west-1.amazonaws.com";
 * new string.  In this order: AWS_ENDPOINT_URL_<env>, AWS_ENDPOINT_URL,
 * endpoint_url of the profile's `services` section and of the profile itself
 * (each unless AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or the profile's
 * ignore_configured_endpoint_urls is true), else by the region's partition.
 * A configured URL may have a path.  Errors: CONFIG: the region or that URL is
 * none, fips or dual_stack beside a configured URL (nobody knows whether it is
 * such a one), dual_stack where the partition has none.
 */
char *aws_endpoint(
	const AwsEndpoint *wanted, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, where AWS's own settings alone choose FIPS and dual stack. */
char *aws_usual_endpoint(const char *service, const char *env,
	const char *region, const char *profile,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A yes-or-no setting: the variable `env`, else `key` of the profile; "true"
 * in any case means yes.  AWS_USE_FIPS_ENDPOINT, use_fips_endpoint;
 * AWS_USE_DUALSTACK_ENDPOINT, use_dualstack_endpoint. */
gboolean aws_flag(const char *profile, const char *env, const char *key);
