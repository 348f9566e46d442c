#pragma once

#include "backends/auth/chain.h"

/*
 * Alibaba's own credential chain in its SDK's order: environment, OIDC, the
 * CLI's profile (~/.aliyun/config.json), the credentials file
 * (~/.alibabacloud/credentials), ECS metadata, ALIBABA_CLOUD_CREDENTIALS_URI.
 * profile: NULL follows ALIBABA_CLOUD_PROFILE, then the CLI's `current`.  A file
 * that is given is a credentials file, and the only source.
 */
extern const ChainClass alibaba_chain;

/* The region of the profile or environment; NULL when none.  New string. */
char *alibaba_chain_region(const char *profile);
