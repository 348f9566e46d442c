#pragma once

#include "backends/base/secret.h"

/*
 * JSON web tokens of RFC 7519, signed with RS256: RSASSA-PKCS1-v1_5 over the
 * SHA-256 of base64url(header) "." base64url(claims).  Any thread.
 */

/*
 * header, claims: JSON.  pem: an RSA private key of 1024 to 8192 bits, PKCS#8 or
 * PKCS#1, without a passphrase.  The result is secret, since who has it is who it
 * says.  Errors: AUTH for a key that is none of these.
 */
SecretText *google_jwt_sign(const char *header, const char *claims,
	const char *pem, GError **error) G_GNUC_WARN_UNUSED_RESULT;
