#include "cache/model/news.h"

#include <pthread.h>

#include "backends/base/thread.h"
#include "cache/base/failpoint.h"
#include "cache/base/locked.h"

#define NAMES_AT_ONCE 4096

struct NewsQueue {
	Mutex lock;
	pthread_cond_t moved;
	CacheObserver observer;
	void *data;
	GArray *waiting GUARDED_BY(lock); /* News */
	/* of those of its own; NULL: none */
	GStringChunk *names GUARDED_BY(lock);
	/* so many so far */
	guint64 pushed GUARDED_BY(lock), told GUARDED_BY(lock);
	gboolean delivering GUARDED_BY(lock), stopped GUARDED_BY(lock);
};

NewsQueue *news_new(CacheObserver observer, void *data)
{
	NewsQueue *self = g_new0(NewsQueue, 1);

	mutex_init(&self->lock);
	pthread_cond_init(&self->moved, NULL);
	self->observer = observer;
	self->data = data;
	self->waiting = g_array_new(FALSE, FALSE, sizeof(News));
	return self;
}

void news_free(NewsQueue *self)
{
	mutex_destroy(&self->lock);
	g_array_unref(self->waiting);
	g_clear_pointer(&self->names, g_string_chunk_free);
	pthread_cond_destroy(&self->moved);
	g_free(self);
}

static void push(NewsQueue *self, News news) REQUIRES(self->lock)
{
	if (self->names == NULL)
		self->names = g_string_chunk_new(NAMES_AT_ONCE);
	if (news.name != NULL)
		news.name = g_string_chunk_insert(self->names, news.name);
	g_array_append_val(self->waiting, news);
	self->pushed++;
}

void news_push(NewsQueue *self, const News *news, gsize n)
{
	if (n == 0 || self->observer == NULL)
		return;
	if (news->kind == NEWS_CHANGED && failpoint_flaw("untold"))
		return;
	mutex_lock(&self->lock);
	for (gsize i = 0; i < n && !self->stopped; i++)
		push(self, news[i]);
	mutex_unlock(&self->lock);
}

void news_deliver(NewsQueue *self)
{
	mutex_lock(&self->lock);
	if (self->delivering) {
		mutex_unlock(&self->lock);
		return;
	}
	self->delivering = TRUE;
	while (self->waiting->len > 0 && !self->stopped) {
		g_autoptr(GArray) batch = self->waiting;
		GStringChunk *names = g_steal_pointer(&self->names);

		self->waiting = g_array_new(FALSE, FALSE, sizeof(News));
		mutex_unlock(&self->lock);
		self->observer((const News *)(void *)batch->data, batch->len,
			self->data);
		g_clear_pointer(&names, g_string_chunk_free);
		mutex_lock(&self->lock);
		self->told += batch->len;
		pthread_cond_broadcast(&self->moved);
	}
	self->delivering = FALSE;
	pthread_cond_broadcast(&self->moved);
	mutex_unlock(&self->lock);
}

void news_finish(NewsQueue *self)
{
	guint64 pushed = news_pushed(self);

	news_deliver(self);
	mutex_lock(&self->lock);
	while (self->told < pushed && !self->stopped)
		thread_wait(&self->moved, &self->lock, G_MAXINT64);
	mutex_unlock(&self->lock);
}

guint64 news_pushed(NewsQueue *self)
{
	return LOCKED(&self->lock, self->pushed);
}

gboolean news_has_told(NewsQueue *self, guint64 pushed)
{
	return LOCKED(&self->lock, self->told >= pushed || self->stopped);
}

void news_stop(NewsQueue *self)
{
	mutex_lock(&self->lock);
	self->stopped = TRUE;
	while (self->delivering)
		thread_wait(&self->moved, &self->lock, G_MAXINT64);
	mutex_unlock(&self->lock);
}
