#include "fs/base/ring.h"

#include <string.h>

struct Ring {
	guint n;
	gsize words;   /* of a place: its stamp, then the record */
	guint64 turns; /* atomic */
	guint64 places[];
};

Ring *ring_new(guint n, gsize size)
{
	gsize words = 1 + size / sizeof(guint64);
	Ring *self = g_malloc0(sizeof(Ring) + n * words * sizeof(guint64));

	g_assert(n > 0 && size % sizeof(guint64) == 0);
	self->n = n;
	self->words = words;
	return self;
}

void ring_free(Ring *self)
{
	g_free(self);
}

static gsize place_of(const Ring *self, guint64 turn)
{
	return turn % self->n * self->words;
}

/* Whether the place is ours: nobody is at it, and what is there is older. */
static gboolean claim(guint64 *stamp, guint64 turn)
{
	guint64 before = __atomic_load_n(stamp, __ATOMIC_RELAXED);

	return !(before & 1) && before <= 2 * turn &&
	       __atomic_compare_exchange_n(stamp, &before, 2 * turn + 1, FALSE,
		       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * Word by word, since a plain copy would be a data race with those who read.  A
 * word's release brings the odd stamp along: who has read the word finds it.
 */
void ring_put(Ring *self, const void *record)
{
	guint64 turn = __atomic_fetch_add(&self->turns, 1, __ATOMIC_RELAXED);
	guint64 *place = self->places + place_of(self, turn);
	const char *from = record;

	if (!claim(place, turn))
		return;
	for (gsize i = 1; i < self->words; i++) {
		guint64 word;

		memcpy(&word, from, sizeof(word));
		from += sizeof(word);
		__atomic_store_n(&place[i], word, __ATOMIC_RELEASE);
	}
	__atomic_store_n(place, 2 * turn + 2, __ATOMIC_RELEASE);
}

guint64 ring_turns(const Ring *self)
{
	return __atomic_load_n(&self->turns, __ATOMIC_ACQUIRE);
}

guint64 ring_first(const Ring *self)
{
	guint64 turns = ring_turns(self);

	return turns > self->n ? turns - self->n : 0;
}

gboolean ring_get(const Ring *self, guint64 turn, void *ret)
{
	const guint64 *place = self->places + place_of(self, turn);
	char *to = ret;

	if (__atomic_load_n(place, __ATOMIC_ACQUIRE) != 2 * turn + 2)
		return FALSE;
	for (gsize i = 1; i < self->words; i++) {
		guint64 word = __atomic_load_n(&place[i], __ATOMIC_ACQUIRE);

		memcpy(to, &word, sizeof(word));
		to += sizeof(word);
	}
	return __atomic_load_n(place, __ATOMIC_RELAXED) == 2 * turn + 2;
}
