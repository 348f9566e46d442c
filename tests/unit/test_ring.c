#include "fs/base/ring.h"

#include <pthread.h>

#include <glib.h>

#define N 8u

/* All of its words tell the same, so that a mixture shows. */
typedef struct {
	guint64 words[12];
} Record;

static void put(Ring *ring, guint64 value)
{
	Record record;

	for (gsize i = 0; i < G_N_ELEMENTS(record.words); i++)
		record.words[i] = value + i;
	ring_put(ring, &record);
}

static gboolean is_whole(const Record *record)
{
	for (gsize i = 1; i < G_N_ELEMENTS(record->words); i++) {
		if (record->words[i] != record->words[0] + i)
			return FALSE;
	}
	return TRUE;
}

static void test_empty(void)
{
	g_autoptr(Ring) ring = ring_new(N, sizeof(Record));
	Record record;

	g_assert_cmpuint(ring_turns(ring), ==, 0);
	g_assert_cmpuint(ring_first(ring), ==, 0);
	for (guint64 turn = 0; turn < 2 * N; turn++)
		g_assert_false(ring_get(ring, turn, &record));
}

/* Before it is full, when it just is, and many rounds later. */
static void test_last_ones(void)
{
	g_autoptr(Ring) ring = ring_new(N, sizeof(Record));

	for (guint64 turn = 0; turn < 5 * N + 3; turn++) {
		guint64 first;
		Record record;

		put(ring, turn * 100);
		first = ring_first(ring);
		g_assert_cmpuint(ring_turns(ring), ==, turn + 1);
		g_assert_cmpuint(first, ==, turn < N ? 0 : turn + 1 - N);
		for (guint64 t = first; t <= turn; t++) {
			g_assert_true(ring_get(ring, t, &record));
			g_assert_cmpuint(record.words[0], ==, t * 100);
			g_assert_true(is_whole(&record));
		}
		g_assert_false(ring_get(ring, turn + 1, &record));
		if (first)
			g_assert_false(ring_get(ring, first - 1, &record));
	}
}

#define WRITERS 4u
#define PUTS 20000u

typedef struct {
	Ring *ring;
	guint64 me;
	gint *done; /* atomic: writers that have ended */
} Worker;

static void *write_many(void *data)
{
	Worker *self = data;

	for (guint64 i = 0; i < PUTS; i++)
		put(self->ring, self->me << 32 | i << 8);
	g_atomic_int_inc(self->done);
	return NULL;
}

/* What is read is whole, and one writer's records are in its order. */
static void read_once(const Ring *ring)
{
	guint64 turns = ring_turns(ring), last[WRITERS] = {0};

	for (guint64 turn = ring_first(ring); turn < turns; turn++) {
		Record record;
		guint64 writer;

		if (!ring_get(ring, turn, &record))
			continue;
		g_assert_true(is_whole(&record));
		writer = record.words[0] >> 32;
		g_assert_cmpuint(writer, <, WRITERS);
		g_assert_cmpuint(record.words[0], >=, last[writer]);
		last[writer] = record.words[0];
	}
}

static void *read_many(void *data)
{
	Worker *self = data;

	do
		read_once(self->ring);
	while (g_atomic_int_get(self->done) < (gint)WRITERS);
	return NULL;
}

/* Those that met somebody a round behind are missing, and no place stays so. */
static void test_at_once(void)
{
	g_autoptr(Ring) ring = ring_new(N, sizeof(Record));
	pthread_t threads[WRITERS + 2];
	Worker workers[WRITERS + 2];
	gint done = 0;
	Record record;

	for (guint i = 0; i < WRITERS + 2; i++) {
		workers[i] = (Worker){ring, i, &done};
		g_assert_cmpint(pthread_create(&threads[i], NULL,
					i < WRITERS ? write_many : read_many,
					&workers[i]),
			==, 0);
	}
	for (guint i = 0; i < WRITERS + 2; i++)
		pthread_join(threads[i], NULL);
	read_once(ring);
	g_assert_cmpuint(ring_turns(ring), ==, WRITERS * PUTS);
	for (guint64 i = 0; i < N; i++)
		put(ring, i);
	for (guint64 t = ring_first(ring); t < ring_turns(ring); t++)
		g_assert_true(ring_get(ring, t, &record));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ring/empty", test_empty);
	g_test_add_func("/ring/last-ones", test_last_ones);
	g_test_add_func("/ring/at-once", test_at_once);
	return g_test_run();
}
