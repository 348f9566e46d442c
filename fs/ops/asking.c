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

	switch (cache_refreshed(self->daemon->cache, &self->asked, &error)) {
	case KNOWN_NOT_YET:
		return FALSE;
	case KNOWN_FAILED:
		reply_failure(req, error);
		return TRUE;
	default:
		break;
	}
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

static void park(fuse_req_t req, const Asking *asking)
{
	Daemon *daemon = asking->daemon;

	pending_park(daemon->pending, req,
		&(ParkSpec){
			.key = asking->asked.number,
			.every_us = LOOK_US,
			.retry = answer,
			.free = g_free,
			.data = g_memdup2(asking, sizeof(*asking)),
		});
}

void asking_write_for(
	fuse_req_t req, Daemon *daemon, const CacheAsked *asked, gsize size)
{
	park(req, &(Asking){.daemon = daemon,
			  .asked = *asked,
			  .writes = TRUE,
			  .size = size});
}

void asking_write(fuse_req_t req, Daemon *daemon, guint32 number, gsize size)
{
	CacheAsked asked;

	cache_refresh_for(daemon->cache, number, &asked);
	asking_write_for(req, daemon, &asked, size);
}

void asking_read(fuse_req_t req, Daemon *daemon, guint32 number)
{
	Asking asking = {.daemon = daemon};

	cache_refresh_for(daemon->cache, number, &asking.asked);
	park(req, &asking);
}
