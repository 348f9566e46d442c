#include "fs/ops/rmdir.h"

#include <errno.h>

#include "backends/base/clock.h"
#include "fs/base/node.h"
#include "fs/base/reply.h"
#include "fs/kernel/interest.h"
#include "fs/ops/control.h"
#include "fs/ops/lookup.h"

/* One rmdir that waits for its order; shared by both who may be last. */
typedef struct {
	gint refs;
	gint done; /* atomic */
	Daemon *daemon;
	guint32 number;
	Operation *operation;
} Removal;

static void removal_unref(void *data)
{
	Removal *self = data;

	if (!g_atomic_int_dec_and_test(&self->refs))
		return;
	g_clear_pointer(&self->operation, operation_unref);
	g_free(self);
}

static void operation_done(Operation *operation, void *data)
{
	Removal *self = data;

	g_atomic_int_set(&self->done, 1);
	pending_wake(self->daemon->pending, self->number);
	removal_unref(self);
}

static gboolean retry(fuse_req_t req, void *data)
{
	Removal *self = data;
	GError *error;

	if (!g_atomic_int_get(&self->done))
		return FALSE;
	error = operation_error(self->operation);
	if (error)
		reply_failure(req, error);
	else
		reply_error(req, 0);
	return TRUE;
}

static int leave(LeftReason reason, void *data)
{
	return control_left(reason, ((Removal *)data)->operation);
}

static void end_session(fuse_req_t req, Daemon *daemon, const Entry *entry)
{
	gint64 deadline =
		clock_now_us(daemon->clock) + daemon->create_timeout_us;
	Removal *self = g_new0(Removal, 1);

	self->refs = 2;
	self->daemon = daemon;
	self->number = entry->number;
	self->operation = cache_control(daemon->cache, entry->number, NULL,
		deadline, operation_done, self);
	pending_park(daemon->pending, req,
		&(ParkSpec){
			.key = entry->number,
			.dir = entry->parent,
			.deadline_us = deadline,
			.fatal_only = TRUE,
			.retry = retry,
			.leave = leave,
			.free = removal_unref,
			.data = self,
		});
}

void rmdir_session(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	Daemon *daemon = fuse_req_userdata(req);
	g_autoptr(GError) error = NULL;
	View dir, found;

	interest_look(daemon->interest, node_number(parent));
	if (!view_resolve(daemon, parent, &dir))
		reply_stale(req);
	else if (lookup_find(daemon, &dir, name, &found, &error) != KNOWN_YES)
		reply_error(req, ENOENT);
	else if (!view_is_dir(&found))
		reply_error(req, ENOTDIR);
	else if (view_dir_kind(&found) == DIR_WAIT || view_has_links(&found))
		reply_error(req, EPERM);
	else if (found.dir != DIR_SESSION || !found.entry.rmdir_ends)
		reply_error(req, ENOTEMPTY);
	else if (found.entry.read_only)
		reply_error(req, EROFS);
	else
		end_session(req, daemon, &found.entry);
}
