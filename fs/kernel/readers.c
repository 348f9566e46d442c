#include "fs/kernel/readers.h"

#include <pthread.h>

#include "backends/base/thread.h"
#include "cache/base/locked.h"
#include "fs/base/node_lists.h"

/* Whoever opens a file, reads it and closes it is done by then. */
#define READ_ONCE_US (200 * G_TIME_SPAN_MILLISECOND)

struct Reader {
	Readers *readers;
	fuse_ino_t node;
	gsize size; /* of the bytes that it was opened with */
	gint64 opened_us;
	gboolean passed; /* under Readers.lock */
};

struct Readers {
	const Clock *clock;
	Mutex lock;
	pthread_cond_t closed;               /* a file of the awaited node */
	fuse_ino_t awaited GUARDED_BY(lock); /* 0: none */
	/* node -> GSList of Reader */
	GHashTable *nodes GUARDED_BY(lock);
};

Readers *readers_new(const Clock *clock)
{
	Readers *self = g_new0(Readers, 1);

	self->clock = clock;
	mutex_init(&self->lock);
	thread_cond_init(&self->closed);
	self->nodes = g_hash_table_new(NULL, NULL);
	return self;
}

void readers_free(Readers *self)
{
	mutex_destroy(&self->lock);
	g_hash_table_unref(self->nodes);
	pthread_cond_destroy(&self->closed);
	g_free(self);
}

static Reader *reader_new(Readers *self, fuse_ino_t node, gsize size)
{
	Reader *reader = g_new0(Reader, 1);

	reader->readers = self;
	reader->node = node;
	reader->size = size;
	reader->opened_us = clock_now_us(self->clock);
	return reader;
}

Reader *readers_open(Readers *self, fuse_ino_t node, gsize size)
{
	Reader *reader = NULL;
	GSList *others;

	mutex_lock(&self->lock);
	/* All of them were there when the kernel was last made to forget, or none. */
	others = node_list(self->nodes, node);
	if (!others || !((Reader *)others->data)->passed) {
		reader = reader_new(self, node, size);
		node_list_add(self->nodes, node, reader);
	}
	mutex_unlock(&self->lock);
	return reader;
}

void reader_close(Reader *reader)
{
	Readers *self;

	if (!reader)
		return;
	self = reader->readers;
	mutex_lock(&self->lock);
	node_list_remove(self->nodes, reader->node, reader);
	if (self->awaited == reader->node)
		pthread_cond_signal(&self->closed);
	mutex_unlock(&self->lock);
	g_free(reader);
}

gboolean readers_size(Readers *self, fuse_ino_t node, gsize *ret)
{
	const Reader *reader = NULL;
	gboolean first;
	GSList *all;

	mutex_lock(&self->lock);
	all = node_list(self->nodes, node);
	if (all)
		reader = all->data;
	first = reader && !reader->passed;
	if (first)
		*ret = reader->size;
	mutex_unlock(&self->lock);
	return first;
}

gboolean reader_is_first(Reader *reader)
{
	return !reader || LOCKED(&reader->readers->lock, !reader->passed);
}

/* When the last of those is old enough; 0: there is none. */
static gint64 busy_until_us(Readers *self, fuse_ino_t node) REQUIRES(self->lock)
{
	gint64 until_us = 0;

	for (GSList *link = node_list(self->nodes, node); link;
		link = link->next) {
		const Reader *reader = link->data;

		if (!reader->passed)
			until_us =
				MAX(until_us, reader->opened_us + READ_ONCE_US);
	}
	return until_us;
}

void readers_pass(Readers *self, fuse_ino_t node)
{
	gint64 until_us;

	mutex_lock(&self->lock);
	self->awaited = node;
	while ((until_us = busy_until_us(self, node)) >
		clock_now_us(self->clock))
		clock_wait(self->clock, &self->closed, &self->lock, until_us);
	self->awaited = 0;
	for (GSList *link = node_list(self->nodes, node); link;
		link = link->next)
		((Reader *)link->data)->passed = TRUE;
	mutex_unlock(&self->lock);
}
