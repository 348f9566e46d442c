#include "fs/ops/poll_op.h"

#include <poll.h>

#include "fs/base/metrics.h"
#include "fs/base/reply.h"
#include "fs/ops/opening.h"
#include "fs/tree/view.h"

#define READABLE (POLLIN | POLLRDNORM)

static unsigned content_events(
	Daemon *daemon, fuse_ino_t ino, const Handle *open, gboolean asks)
{
	View view;

	if (!view_resolve(daemon, ino, &view))
		return POLLERR | POLLHUP | POLLPRI;
	if (open->stream)
		return poller_has_more(open->poller, stream_size(open->stream))
			       ? READABLE | POLLPRI
			       : READABLE;
	if (poller_tell(open->poller, daemon->notify, asks))
		return READABLE | POLLPRI | POLLERR;
	return READABLE;
}

static unsigned log_events(EventFile *file, Poller *poller)
{
	unsigned events = READABLE;
	gint64 mtime_ns;
	gsize size;

	if (eventfile_age(file) > 0)
		events |= POLLHUP;
	eventfile_stat(file, &size, &mtime_ns);
	if (poller_has_more(poller, size))
		events |= POLLPRI;
	return events;
}

void poll_ask(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info,
	struct fuse_pollhandle *handle)
{
	Daemon *daemon = fuse_req_userdata(req);
	unsigned events = POLLIN | POLLOUT;
	FoundHandle found;
	Handle *open;

	found = open_find(req, ino, info->fh, &open);
	if (found == HANDLE_ANSWERED) {
		if (handle)
			fuse_pollhandle_destroy(handle);
		return;
	}
	if (open && open->poller) {
		if (handle)
			poller_await(open->poller, handle);
		events = open->events ? log_events(open->events, open->poller)
				      : content_events(daemon, ino, open,
						handle != NULL);
	} else if (handle) {
		fuse_pollhandle_destroy(handle);
	}
	reply_poll(req, events);
}
