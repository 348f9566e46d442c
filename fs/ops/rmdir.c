#include "fs/ops/rmdir.h"

#include <errno.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "fs/base/node.h"
#include "fs/base/reply.h"
#include "fs/keeper/kept.h"
#include "fs/keeper/wire.h"
#include "fs/kernel/interest.h"
#include "fs/ops/control.h"
#include "fs/ops/lookup.h"

/* One rmdir that waits for its order; shared by both who may be last. */
typedef struct {
	gint refs;
	gint done; /* atomic */
	Daemon *daemon;
	guint32 number, workspace;
	guint64 unique; /* of the RMDIR */
	guint64 kept;   /* the handle under which it is known; 0: it is not */
	Operation *operation;
} Removal;

static void removal_unref(void *data)
{
	Removal *self = data;

	if (!g_atomic_int_dec_and_test(&self->refs))
		return;
	g_clear_pointer(&self->operation, operation_unref);
	kept_handle_close(self->daemon->kept, self->kept);
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
	self->workspace = entry->workspace;
	self->unique = wire_unique();
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

/* ---- one whose order another process has given ---- */

/* How often its request is looked at first. */
#define LOOK_US (10 * G_TIME_SPAN_MILLISECOND)

typedef struct {
	Daemon *daemon;
	guint64 kept;
	guint32 request;
} Orphan;

/* It is known before the first byte is sent. */
void rmdir_sends(const char *rid, OperationDone done, void *data)
{
	Removal *self = data;
	KeptHandle *handle;
	Kept *kept;

	if (done != operation_done || !self->daemon->kept)
		return;
	kept = self->daemon->kept;
	self->kept = kept_handle_open(kept, node_make(self->workspace, 0));
	handle = kept_handle(kept, self->kept);
	if (!handle)
		return;
	g_strlcpy(handle->text, rid, sizeof(handle->text));
	kept_write_set(kept, self->kept,
		&(KeptWrite){.unique = self->unique, .state = 1});
}

static void orphan_free(void *data)
{
	Orphan *self = data;

	kept_handle_close(self->daemon->kept, self->kept);
	g_free(self);
}

static gboolean answer_orphan(fuse_req_t req, void *data)
{
	const Orphan *self = data;
	int failure = control_outcome(self->daemon->cache, self->request);

	if (failure >= 0)
		reply_error(req, failure);
	return failure >= 0;
}

static int leave_orphan(LeftReason reason, void *data)
{
	return control_left(reason, NULL);
}

static void park_orphan(
	fuse_req_t req, Daemon *daemon, fuse_ino_t parent, const Orphan *is)
{
	pending_park(daemon->pending, req,
		&(ParkSpec){
			.key = is->request,
			.dir = node_number(parent),
			.every_us = LOOK_US,
			.deadline_us = clock_now_us(daemon->clock) +
				       daemon->create_timeout_us,
			.fatal_only = TRUE,
			.retry = answer_orphan,
			.leave = leave_orphan,
			.free = orphan_free,
			.data = g_memdup2(is, sizeof(*is)),
		});
}

/* Its directory may be gone by now. */
static gboolean was_sent(fuse_req_t req, Daemon *daemon, fuse_ino_t parent)
{
	Orphan orphan = {.daemon = daemon};
	KeptHandle *handle;
	Entry entry;

	if (!wire_is_again() || failpoint_flaw("unremembered"))
		return FALSE;
	orphan.kept = kept_handle_of(daemon->kept, wire_unique());
	handle = kept_handle(daemon->kept, orphan.kept);
	if (!handle)
		return FALSE;
	handle->text[sizeof(handle->text) - 1] = '\0';
	if (cache_request_find(daemon->cache, node_number(handle->node),
		    handle->text, &entry))
		orphan.request = entry.number;
	if (orphan.request)
		park_orphan(req, daemon, parent, &orphan);
	else
		kept_handle_close(daemon->kept, orphan.kept);
	return orphan.request != 0;
}

void rmdir_session(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	Daemon *daemon = fuse_req_userdata(req);
	g_autoptr(GError) error = NULL;
	View dir, found;

	interest_look(daemon->interest, node_number(parent));
	if (was_sent(req, daemon, parent))
		return;
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
