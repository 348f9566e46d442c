#include "auth/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>

/* The text lies on pages of its own, since that is the grain at which the
 * kernel keeps memory out of core files and off the swap. */
struct Secret {
	gint refs; /* atomic */
	gsize len;
	gsize mapped;
	char *text;
};

void secret_wipe(void *memory, gsize len)
{
	if (memory)
		OPENSSL_cleanse(memory, len);
}

void secret_free_text(char *text)
{
	if (text)
		secret_wipe(text, strlen(text));
	g_free(text);
}

static gsize round_to_pages(gsize len)
{
	gsize page = (gsize)sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page;
}

Secret *secret_new(const char *text, gssize len)
{
	Secret *secret = g_new0(Secret, 1);

	secret->refs = 1;
	secret->len = len < 0 ? strlen(text) : (gsize)len;
	secret->mapped = round_to_pages(secret->len + 1);
	secret->text = mmap(NULL, secret->mapped, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret->text == MAP_FAILED)
		g_error("no memory for a secret of %" G_GSIZE_FORMAT " bytes",
			secret->len);
	/* Both may be refused (limits, old kernels): no reason to go without. */
	if (madvise(secret->text, secret->mapped, MADV_DONTDUMP) != 0 ||
		mlock(secret->text, secret->mapped) != 0)
		g_debug("a secret's memory could not be locked");
	memcpy(secret->text, text, secret->len);
	mprotect(secret->text, secret->mapped, PROT_READ);
	return secret;
}

Secret *secret_take(char *text)
{
	Secret *secret;

	if (!text)
		return NULL;
	secret = secret_new(text, -1);
	secret_free_text(text);
	return secret;
}

Secret *secret_ref(Secret *secret)
{
	g_atomic_int_inc(&secret->refs);
	return secret;
}

void secret_unref(Secret *secret)
{
	if (!secret || !g_atomic_int_dec_and_test(&secret->refs))
		return;
	mprotect(secret->text, secret->mapped, PROT_READ | PROT_WRITE);
	secret_wipe(secret->text, secret->mapped);
	munmap(secret->text, secret->mapped);
	g_free(secret);
}

const char *secret_peek(const Secret *secret)
{
	return secret->text;
}

gsize secret_len(const Secret *secret)
{
	return secret->len;
}

typedef struct {
	char *text;
	gsize len;
} Wiped;

static void wiped_free(gpointer data)
{
	Wiped *self = data;

	secret_wipe(self->text, self->len);
	g_free(self->text);
	g_free(self);
}

GBytes *secret_bytes(char *text, gsize len)
{
	Wiped *self = g_new(Wiped, 1);

	*self = (Wiped){text, len};
	return g_bytes_new_with_free_func(text, len, wiped_free, self);
}
