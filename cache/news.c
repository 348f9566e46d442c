#include "news.h"

#include <pthread.h>

struct NewsQueue {
	pthread_mutex_t lock;
	pthread_cond_t idle;
	CacheObserver observer;
	void *data;
	GArray *waiting; /* News */
	gboolean delivering, stopped;
};

NewsQueue *news_new(CacheObserver observer, void *data)
{
	NewsQueue *self = g_new0(NewsQueue, 1);

	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->idle, NULL);
	self->observer = observer;
	self->data = data;
	self->waiting = g_array_new(FALSE, FALSE, sizeof(News));
	return self;
}

void news_free(NewsQueue *self)
{
	if (self == NULL)
		return;
	g_array_unref(self->waiting);
	pthread_cond_destroy(&self->idle);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}

void news_push(NewsQueue *self, const News *news, gsize n)
{
	if (n == 0 || self->observer == NULL)
		return;
	pthread_mutex_lock(&self->lock);
	if (!self->stopped)
		g_array_append_vals(self->waiting, news, (guint)n);
	pthread_mutex_unlock(&self->lock);
}

void news_deliver(NewsQueue *self)
{
	pthread_mutex_lock(&self->lock);
	if (self->delivering) {
		pthread_mutex_unlock(&self->lock);
		return;
	}
	self->delivering = TRUE;
	while (self->waiting->len > 0 && !self->stopped) {
		g_autoptr(GArray) batch = self->waiting;

		self->waiting = g_array_new(FALSE, FALSE, sizeof(News));
		pthread_mutex_unlock(&self->lock);
		self->observer((const News *)(void *)batch->data, batch->len,
			self->data);
		pthread_mutex_lock(&self->lock);
	}
	self->delivering = FALSE;
	pthread_cond_broadcast(&self->idle);
	pthread_mutex_unlock(&self->lock);
}

void news_stop(NewsQueue *self)
{
	pthread_mutex_lock(&self->lock);
	self->stopped = TRUE;
	while (self->delivering)
		pthread_cond_wait(&self->idle, &self->lock);
	pthread_mutex_unlock(&self->lock);
}
