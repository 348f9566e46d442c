#pragma once

#include "backends/auth/credentials.h"
#include "backends/http/http.h"

/*
 * The three request signatures of the providers, each proved stage by stage by
 * the vectors.  They share everything but six points, which are one row each
 * of a table in sign.c:
 *
 *               path          header blanks  key      body hash     nonce
 *   ACS3        encoded once  trimmed        raw      required hdr  required
 *   SigV4       twice         collapsed      derived  optional hdr  none
 *   SDK-HMAC    once, + "/"   trimmed        raw      if unsigned   none
 *
 * and the spelling of Authorization.  Sources: providers' own SDKs.
 */
typedef enum { SIGN_ACS3, SIGN_SIGV4, SIGN_SDK_HMAC } SignScheme;

typedef struct {
	const char *region;  /* SigV4 */
	const char *service; /* SigV4 */
	const char *nonce;   /* ACS3 */
	gint64 now;          /* seconds since the epoch */
} SignScope;

/* What was signed, for tests and for explaining a refusal; owned strings. */
typedef struct {
	char *canonical_request;
	char *string_to_sign;
	char *signature;
	char *signed_headers;
	char *authorization;
} Signed;

void signed_clear(Signed *s);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Signed, signed_clear)

/*
 * Adds to the request the headers that the scheme demands (host, date, nonce,
 * body hash, session token), each unless it is there already.
 */
void sign_prepare(SignScheme scheme, HttpRequest *request,
	const Credentials *credentials, const SignScope *scope);

/*
 * The pure part: computes everything from the headers that the request has.
 * Signs the headers named in `only` (lower case, ended by NULL), or, when that
 * is NULL, those that the scheme signs by itself.
 */
void sign_compute(SignScheme scheme, const HttpRequest *request,
	const Credentials *credentials, const SignScope *scope,
	const char *const *only, Signed *ret);

/* Both, and sets the Authorization header. */
void sign_request(SignScheme scheme, HttpRequest *request,
	const Credentials *credentials, const SignScope *scope);
