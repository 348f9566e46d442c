#pragma once

#include "backends/auth/chain.h"

/*
 * AWS's own credential chain: environment, shared files (keys, role_arn, web
 * identity, credential_process, SSO), web identity of the environment,
 * container, instance metadata.  profile: NULL follows AWS_PROFILE, then
 * AWS_DEFAULT_PROFILE, then "default"; one that is given skips all but the
 * files.  A file that is given is in the form of ~/.aws/credentials, and the only
 * one that is read for credentials.  Keys in the environment win over AWS_PROFILE, as in most SDKs.
 * region: where roles are assumed; NULL follows aws_region, then us-east-1.
 *
 * A source that is set up but fails ends the search, as it does in botocore and
 * for most sources in the other SDKs: to go on as somebody else would surprise.
 * Files whose profile tells of no credentials are not set up; a named profile
 * that is not there is, and fails.
 */
extern const ChainClass aws_chain;

/* AWS_REGION, AWS_DEFAULT_REGION, or the profile's region; NULL when there is
 * none or it is not made of a-z, 0-9 and "-".  New string.  No network. */
char *aws_region(const char *profile);

/* The authorities that botocore would take: AWS_CA_BUNDLE, the profile's
 * ca_bundle, REQUESTS_CA_BUNDLE; "": the system's.  New string. */
char *aws_ca_file(const char *profile);
