#include "backends/dataproc/google_jwt.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "backends/base/secret.h"
#include "backends/error.h"

#define PEM_MAX (16 * 1024)
#define BITS_LEAST 1024
#define BITS_MOST 8192 /* larger ones are made to waste time */
#define SIGNATURE_MAX (BITS_MOST / 8)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)

/* OpenSSL's own would ask on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *data)
{
	return -1;
}

static gboolean is_fit(const EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	       bits >= BITS_LEAST && bits <= BITS_MOST;
}

static EVP_PKEY *key_read(const char *pem, GError **error)
{
	gsize len = strnlen(pem, PEM_MAX + 1);
	g_autoptr(BIO) bio =
		len <= PEM_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	g_autoptr(EVP_PKEY) key =
		bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
		    : NULL;

	/* What it says may quote the key; and it is this thread's, for good. */
	ERR_clear_error();
	if (key && is_fit(key))
		return g_steal_pointer(&key);
	return backend_error_null(error, BACKEND_ERROR_AUTH,
		"the private key is no RSA key of %d to %d bits in PEM form "
		"without a passphrase",
		BITS_LEAST, BITS_MOST);
}

static void append_base64url(GString *out, const void *bytes, gsize len)
{
	g_autoptr(SecretText) text = g_base64_encode(bytes, len);

	g_strdelimit(text, "+", '-');
	g_strdelimit(text, "/", '_');
	g_string_append_len(out, text, (gssize)strcspn(text, "="));
}

static gboolean sign(EVP_PKEY *key, const GString *text,
	guchar ret_signature[SIGNATURE_MAX], gsize *ret_len, GError **error)
{
	g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
	gsize len = SIGNATURE_MAX;

	if (context &&
		EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) ==
			1 &&
		EVP_DigestSign(context, ret_signature, &len,
			(const guchar *)text->str, text->len) == 1) {
		*ret_len = len;
		return TRUE;
	}
	ERR_clear_error();
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"the private key cannot sign: it is damaged");
}

SecretText *google_jwt_sign(
	const char *header, const char *claims, const char *pem, GError **error)
{
	g_autoptr(EVP_PKEY) key = key_read(pem, error);
	guchar signature[SIGNATURE_MAX];
	gsize len;

	if (!key)
		return NULL;
	/* Room for all of it, lest growing leave copies behind. */
	g_autoptr(GString) token = g_string_sized_new(
		2 * (strlen(header) + strlen(claims) + SIGNATURE_MAX));
	append_base64url(token, header, strlen(header));
	g_string_append_c(token, '.');
	append_base64url(token, claims, strlen(claims));
	if (!sign(key, token, signature, &len, error))
		return NULL;
	g_string_append_c(token, '.');
	append_base64url(token, signature, len);
	secret_wipe(signature, len);
	return g_string_free(g_steal_pointer(&token), FALSE);
}
