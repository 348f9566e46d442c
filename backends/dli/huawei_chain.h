#pragma once

#include "backends/auth/chain.h"

/*
 * Huawei Cloud's own credential chain in its SDKs' order: OIDC of the
 * environment, the environment's keys, the credentials file
 * (~/.huaweicloud/credentials), the ECS agency by the metadata service.  One
 * that is set up and fails is not replaced by another.  The credentials file's
 * section is [basic], or the one that profile names (may be NULL).  A file that
 * is given is read instead of that one, and no other source is asked.  iam: base
 * URL of IAM, where OIDC tokens are exchanged.
 *
 * Left out: tokens by password (X-Auth-Token), which the SDKs do not know
 * either.
 */
extern const ChainClass huawei_chain;

/* The project that goes with those credentials, as the environment or the
 * credentials file tells; NULL when neither does.  file and profile: as chain_new.
 * New string. */
char *huawei_chain_project(const char *file, const char *profile);
