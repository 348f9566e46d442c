#include "hash.h"

#include <string.h>

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
