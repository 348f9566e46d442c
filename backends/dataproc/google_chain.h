#pragma once

#include "backends/auth/chain.h"

/*
 * Google's application default credentials: CLOUDSDK_AUTH_ACCESS_TOKEN (or its
 * _FILE), the file that GOOGLE_APPLICATION_CREDENTIALS names, gcloud's
 * application_default_credentials.json, the metadata server.  What they give is
 * an OAuth 2 bearer token: Credentials.secret, with an empty id.
 *
 * A file that is given is the only source: of the first chain one with
 * credentials in JSON, of the second one with a bare token that somebody else
 * renews.
 */
extern const ChainClass google_chain;
extern const ChainClass google_token_chain;

/* The file of authorities that gcloud's own settings name; NULL: none.  New
 * string. */
char *google_ca_file(void);

/* The project: GOOGLE_CLOUD_PROJECT's, GCLOUD_PROJECT's, that of the service
 * account whose file is used (account_file, the environment's or the default
 * one), gcloud's.  NULL when there is none.  New string. */
char *google_chain_project(const char *account_file);
/* The region: the environment's or gcloud's. */
char *google_chain_region(void);
