#pragma once

#include "backends/auth/credentials.h"
#include "backends/http/http.h"

/*
 * Alibaba's own credential chain in its SDK's order: environment, OIDC, the
 * CLI's profile (~/.aliyun/config.json), the credentials file
 * (~/.alibabacloud/credentials), ECS metadata, ALIBABA_CLOUD_CREDENTIALS_URI.
 * profile: NULL follows ALIBABA_CLOUD_PROFILE, then the CLI's `current`.
 */
CredentialSource *alibaba_chain_new(
	const char *profile, const HttpSettings *http);

/* Whether a source other than the metadata service is in sight.  No network. */
gboolean alibaba_chain_in_sight(void);

/* The region of the profile or environment; NULL when none.  New string. */
char *alibaba_chain_region(const char *profile);
