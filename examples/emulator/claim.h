#pragma once

#include "backends/http/http.h"
#include "request.h"

/* What an Authorization header claims, and what is needed to judge it, for the
 * signatures that have a list of signed headers. */
typedef struct {
	char *id;              /* the key's, with what is behind it */
	char **signed_headers; /* lower case, ended by NULL */
	char *signature;
} Claim;

void claim_clear(Claim *claim);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Claim, claim_clear)

/* Reads "ALGORITHM ID=..., SignedHeaders=a;b, Signature=..." in any order, with
 * or without blanks; algorithm ends in a blank.  FALSE: it is not that. */
gboolean claim_read(Claim *claim, const char *header, const char *algorithm,
	const char *id_name);

gboolean claim_has(const Claim *claim, const char *name);

/* The request as its signer saw it, with the signed headers and no others. */
HttpRequest *claim_request(const Claim *claim, const Request *request);

/* Milliseconds since the epoch of "20260314T150926Z" or "2026-03-14T15:09:26Z";
 * -1: neither. */
gint64 claim_time(const char *text);
