#include "cache/base/hash.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#define PRIME_A G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)
#define PRIME_B G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9)
#define PRIME_C G_GUINT64_CONSTANT(0x94d049bb133111eb)

static guint64 word_at(const guint8 *p, gsize len)
{
	guint64 word = 0;

	memcpy(&word, p, len);
	return GUINT64_TO_LE(word);
}

guint64 hash_bytes(const void *data, gsize len)
{
	const guint8 *p = data;
	guint64 h = PRIME_A ^ (len * PRIME_C);

	for (; len >= 8; p += 8, len -= 8) {
		h = (h ^ word_at(p, 8)) * PRIME_B;
		h ^= h >> 29;
	}
	if (len > 0)
		h = (h ^ word_at(p, len)) * PRIME_B;
	h ^= h >> 30;
	h *= PRIME_C;
	return h ^ (h >> 31);
}

/* ---- SipHash ---- */

static guint64 turned(guint64 x, guint bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(guint64 v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = turned(v[1], 13) ^ v[0];
	v[3] = turned(v[3], 16) ^ v[2];
	v[0] = turned(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = turned(v[1], 17) ^ v[2];
	v[3] = turned(v[3], 21) ^ v[0];
	v[2] = turned(v[2], 32);
}

static void sip_word(guint64 v[4], guint64 word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

guint64 hash_keyed(const guint64 key[2], const void *data, gsize len)
{
	guint64 v[4] = {key[0] ^ G_GUINT64_CONSTANT(0x736f6d6570736575),
		key[1] ^ G_GUINT64_CONSTANT(0x646f72616e646f6d),
		key[0] ^ G_GUINT64_CONSTANT(0x6c7967656e657261),
		key[1] ^ G_GUINT64_CONSTANT(0x7465646279746573)};
	const guint8 *p = data;
	guint64 last = (guint64)len << 56;

	for (; len >= 8; p += 8, len -= 8)
		sip_word(v, word_at(p, 8));
	sip_word(v, last | word_at(p, len));
	v[2] ^= 0xff;
	for (guint i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static guint64 text_key[2];
static pthread_once_t text_key_once = PTHREAD_ONCE_INIT;

static void make_text_key(void)
{
	/* Without randomness it works all the same, but can be slowed down. */
	if (getrandom(text_key, sizeof(text_key), GRND_NONBLOCK) < 0)
		g_debug("no random key: %s", g_strerror(errno));
}

guint hash_text(gconstpointer text)
{
	pthread_once(&text_key_once, make_text_key);
	return (guint)hash_keyed(text_key, text, strlen(text));
}
