#pragma once

#include "cache/cache.h"

/*
 * News on its way to the observer: pushed under the lock of the directory that
 * changed, so in the order in which things became true; delivered outside of
 * any lock, by one thread at a time.
 */
typedef struct NewsQueue NewsQueue;

NewsQueue *news_new(CacheObserver observer, void *data);
void news_free(NewsQueue *self);

/* The queue keeps the names until they are told; other texts must live as long as
 * it does. */
void news_push(NewsQueue *self, const News *news, gsize n);
/* Hands over what there is, unless another thread is at it: that one then sees
 * to it.  With no lock held. */
void news_deliver(NewsQueue *self);
/* The same, and waits for that thread: the observer has heard of all that was pushed
 * before, unless the queue was stopped. */
void news_finish(NewsQueue *self);
/* How many were pushed so far; and whether the observer is done with those. */
guint64 news_pushed(NewsQueue *self);
gboolean news_has_told(NewsQueue *self, guint64 pushed);
/* Nothing is handed over afterwards.  Waits for a delivery that is going on. */
void news_stop(NewsQueue *self);
