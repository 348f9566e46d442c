#include "backends/base/digest.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "backends/base/secret.h"

char *digest_sha256_hex(const void *data, gsize len)
{
	guchar digest[DIGEST_LEN];

	if (EVP_Digest(data, len, digest, NULL, EVP_sha256(), NULL) != 1)
		g_error("libcrypto has no SHA-256");
	return digest_hex(digest, sizeof(digest));
}

void digest_hmac(const void *key, gsize key_len, const char *text,
	guchar ret[DIGEST_LEN])
{
	guchar digest[EVP_MAX_MD_SIZE];

	if (!HMAC(EVP_sha256(), key, (int)key_len, (const guchar *)text,
		    strlen(text), digest, NULL))
		g_error("libcrypto has no HMAC-SHA256");
	memcpy(ret, digest, DIGEST_LEN);
	secret_wipe(digest, sizeof(digest));
}

char *digest_hex(const guchar *bytes, gsize len)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = g_malloc(2 * len + 1);

	for (gsize i = 0; i < len; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * len] = '\0';
	return hex;
}

char *digest_random_hex(void)
{
	guchar bytes[16];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		g_error("libcrypto has no random numbers");
	return digest_hex(bytes, sizeof(bytes));
}
