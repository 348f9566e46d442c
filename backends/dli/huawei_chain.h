#pragma once

#include "backends/auth/credentials.h"
#include "backends/http/http.h"

/*
 * Huawei Cloud's own credential chain in its SDKs' order: OIDC of the
 * environment, the environment's keys, the credentials file
 * (~/.huaweicloud/credentials), the ECS agency by the metadata service.  One
 * that is set up and fails is not replaced by another.  The credentials file's
 * section is [basic], or the one that profile names (may be NULL).  iam: base
 * URL of IAM, where OIDC tokens are exchanged.
 *
 * Left out: tokens by password (X-Auth-Token), which the SDKs do not know
 * either.
 */
CredentialSource *huawei_chain_new(
	const char *profile, const char *iam, const HttpSettings *http);

/* Whether a source other than the metadata service is in sight.  No network. */
gboolean huawei_chain_in_sight(void);

/* The project that goes with those credentials, as the environment or the
 * credentials file tells; NULL when neither does.  New string. */
char *huawei_chain_project(const char *profile);
