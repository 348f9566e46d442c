#pragma once

#include <glib.h>

/* SHA-256, HMAC-SHA256, random digits.  Any thread; the program ends when
 * libcrypto has none. */
#define DIGEST_LEN 32

void digest_sha256(const void *data, gsize len, guchar ret[DIGEST_LEN]);
/* `ret` may be the key itself. */
void digest_hmac(const void *key, gsize key_len, const char *text,
	guchar ret[DIGEST_LEN]);
/* Lower-case; new string. */
char *digest_hex(const guchar *bytes, gsize len);
/* 32 random digits; new string. */
char *digest_random_hex(void);
/* Hex SHA-1 of a string, where a vendor's file names need it: no protection.
 * New string. */
char *digest_sha1_hex(const char *text);
