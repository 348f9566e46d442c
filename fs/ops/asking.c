#include "fs/ops/asking.h"

#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/kernel/notify.h"

/* The first look at what a listing has brought, after that ever more seldom. */
#define LOOK_US (2 * G_TIME_SPAN_MILLISECOND)

typedef struct {
	Daemon *daemon;
	CacheAsked asked;
	gboolean writes;
	gsize size;
	gboolean over;
	guint64 queued; /* once it was over: what the kernel was to be told */
} Asking;

/* TRUE when the request was answered. */
static gboolean answer(fuse_req_t req, void *data)
{
	Asking *self = data;
	Notify *notify = self->daemon->notify;
	g_autoptr(GError) error = NULL;

	Known known =
		cache_refreshed(self->daemon->cache, &self->asked, &error);

	if (known != KNOWN_YES)
		return reply_unknown(req, known, error);
	if (!self->over)
		self->queued = notify_queued(notify);
	self->over = TRUE;
	if (!notify_has_told(notify, self->queued))
		return FALSE;
	if (self->writes)
		reply_written(req, self->size);
	else
		reply_data(req, NULL, 0);
	return TRUE;
}

void asking_answer(fuse_req_t req, Daemon *daemon, const CacheAsked *asked,
	gboolean writes, gsize size)
{
	Asking *self = g_new0(Asking, 1);

	*self = (Asking){daemon, *asked, writes, size, FALSE, 0};
	pending_park(daemon->pending, req,
		&(ParkSpec){
			.key = asked->number,
			.every_us = LOOK_US,
			.retry = answer,
			.free = g_free,
			.data = self,
		});
}
