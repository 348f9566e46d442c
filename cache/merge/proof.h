#pragma once

#include "cache/model/dir.h"

/*
 * Whether credentials that bear another name than the account which is shown are
 * good, and whose they are.  Asks the provider for its workspaces, or for the
 * sessions of one, where nobody lists workspaces.
 *
 * A name that tells an account is believed as soon as the provider has accepted
 * the credentials.  The name of a bare key ("key ID") tells nothing: a key that
 * reaches a workspace which is known here is of the same account, since no two
 * accounts have workspaces of one id at the providers that give such keys out.
 * So is any key while no workspace is known.
 */
typedef enum {
	PROOF_NONE,  /* refused, or nobody answered: with *error */
	PROOF_SAME,  /* they are of the account that is shown */
	PROOF_OTHER, /* they are of another one */
} Proof;

/*
 * dir: the provider's that is shown; told: as Call.owned got it; call: for whose
 * sake.  On a worker, with no lock held.
 */
Proof proof_get(Dir *dir, const char *told, const Call *call, GError **error);
