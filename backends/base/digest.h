#pragma once

#include <glib.h>

/* SHA-256, HMAC-SHA256, random digits.  Any thread; the program ends when
 * libcrypto has none. */
#define DIGEST_LEN 32

/* Lower-case; new string. */
char *digest_sha256_hex(const void *data, gsize len);
/* `ret` may be the key itself. */
void digest_hmac(const void *key, gsize key_len, const char *text,
	guchar ret[DIGEST_LEN]);
/* Lower-case; new string. */
char *digest_hex(const guchar *bytes, gsize len);
/* 32 random digits; new string. */
char *digest_random_hex(void);
