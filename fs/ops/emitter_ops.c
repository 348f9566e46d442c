#include "fs/ops/emitter_ops.h"

#include <errno.h>

#include "fs/base/node.h"
#include "fs/base/reply.h"
#include "fs/emitter/emitter.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/ops/lookup.h"
#include "fs/tree/rows.h"
#include "fs/tree/view.h"

/* What stands for nothing any more is asked for by the emitter alone: its
 * attributes hold while it is at it, its name not at all. */
#define VANISHED_ATTR 10.0

/* Between users and what they look at the kernel has to go on asking, so that the
 * emitter's passing answers for them no longer than it takes. */
#define TRANSITIONAL 0.02

/* What a new modification time may come with. */
#define TIMES                                                                  \
	(FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW | FUSE_SET_ATTR_CTIME)

gboolean emitter_ops_is(fuse_req_t req)
{
	Daemon *daemon = fuse_req_userdata(req);

	return emitter_is(daemon->emitter, fuse_req_ctx(req)->pid);
}

/* Of what the model does not know (any more). */
static void bare_attr(
	const Daemon *daemon, const EmitterStep *step, struct stat *ret)
{
	*ret = (struct stat){
		.st_ino = step->ino,
		.st_mode = step->type | (S_ISDIR(step->type) ? 0755 : 0644),
		.st_nlink = 1,
		.st_uid = daemon->uid,
		.st_gid = daemon->gid,
	};
}

static void bare_param(const Daemon *daemon, const EmitterStep *step,
	struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){.ino = step->ino,
		.generation = 1,
		.attr_timeout = VANISHED_ATTR};
	if (S_ISDIR(step->type))
		ret->generation = interest_generation(
			daemon->interest, node_number(step->ino));
	bare_attr(daemon, step, &ret->attr);
}

static void keep_short(
	Daemon *daemon, const View *view, struct fuse_entry_param *param)
{
	if (view->row ||
		(view->dir != DIR_PROVIDER && view->dir != DIR_WORKSPACE))
		return;
	param->entry_timeout = param->attr_timeout = TRANSITIONAL;
	if (view->dir == DIR_PROVIDER)
		interest_emitted(daemon->interest, view->entry.number);
}

static void reply_step(fuse_req_t req, Daemon *daemon, fuse_ino_t parent,
	const char *name, const EmitterStep *step)
{
	gint changes = g_atomic_int_get(&daemon->changes);
	struct fuse_entry_param param;
	View view;

	if (!step->replaced && view_resolve(daemon, step->ino, &view) &&
		lookup_param(daemon, &view, &param, NULL) &&
		(param.attr.st_mode & S_IFMT) == step->type)
		keep_short(daemon, &view, &param);
	else
		bare_param(daemon, step, &param);
	interest_hold(daemon->interest, step->ino);
	if (!reply_entry(req, &param))
		interest_forget(daemon->interest, step->ino, 1);
	else if (param.entry_timeout > 0 &&
		 !lookup_is_still(daemon, parent, name, step->ino))
		notify_entry(daemon->notify, parent, name);
	else
		lookup_check_fresh(daemon, step->ino, changes);
}

/*
 * The kernel has come to something else than the event is about, by a name that
 * it had from a look of somebody else's.  ESTALE makes it ask for every name of
 * the way again, and then it is led along the event's.  Where it does not, as before
 * it makes something, the event is tried again.
 */
static void reply_astray(fuse_req_t req)
{
	reply_error(req, ESTALE);
}

void emitter_ops_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	Daemon *daemon = fuse_req_userdata(req);
	EmitterStep step;

	if (!emitter_step(daemon->emitter, parent, name, &step)) {
		reply_astray(req);
		return;
	}
	if (step.negative) {
		interest_negative(daemon->interest, parent, name);
		reply_error(req, ENOENT);
		return;
	}
	if (step.last)
		emitter_asked(daemon->emitter);
	reply_step(req, daemon, parent, name, &step);
}

static void reply_attributes(fuse_req_t req, Daemon *daemon, fuse_ino_t ino)
{
	gint changes = g_atomic_int_get(&daemon->changes);
	double timeout = 0;
	struct stat attr;
	EmitterStep step;
	View view;

	if (view_resolve(daemon, ino, &view) &&
		lookup_attr(daemon, &view, &attr, &timeout, NULL)) {
		reply_attr(req, &attr,
			timeout < VIEW_KEEP ? MIN(timeout, TRANSITIONAL)
					    : timeout);
		lookup_check_fresh(daemon, ino, changes);
	} else if (emitter_step_of(daemon->emitter, ino, &step)) {
		bare_attr(daemon, &step, &attr);
		reply_attr(req, &attr, VANISHED_ATTR);
	} else {
		reply_astray(req);
	}
}

void emitter_ops_getattr(fuse_req_t req, fuse_ino_t ino)
{
	reply_attributes(req, fuse_req_userdata(req), ino);
}

static gboolean touches(Daemon *daemon, fuse_ino_t ino)
{
	EmitterStep step;

	return emitter_step_of(daemon->emitter, ino, &step) && step.last &&
	       step.kind == SYNTH_EVENT_TOUCH;
}

void emitter_ops_setattr(fuse_req_t req, fuse_ino_t ino, int set)
{
	Daemon *daemon = fuse_req_userdata(req);

	if (!touches(daemon, ino) || (set & ~TIMES))
		reply_error(req, EPERM);
	else
		reply_attributes(req, daemon, ino);
}

void emitter_ops_open(
	fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info)
{
	Daemon *daemon = fuse_req_userdata(req);

	if (!touches(daemon, ino)) {
		reply_astray(req);
		return;
	}
	info->fh = 0;
	info->keep_cache = info->noflush = 1;
	reply_open(req, info);
}

void emitter_ops_make(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	Daemon *daemon = fuse_req_userdata(req);
	EmitterStep step;

	if (!emitter_step(daemon->emitter, parent, name, &step) ||
		!step.negative || step.type != (mode & S_IFMT)) {
		reply_astray(req);
		return;
	}
	emitter_made(daemon->emitter);
	interest_present(daemon->interest, parent, name);
	reply_step(req, daemon, parent, name, &step);
}

void emitter_ops_move(fuse_req_t req, fuse_ino_t parent, const char *name,
	fuse_ino_t to_parent, const char *to)
{
	Daemon *daemon = fuse_req_userdata(req);

	if (!emitter_moves(daemon->emitter, parent, name, to_parent, to)) {
		reply_astray(req);
		return;
	}
	interest_negative(daemon->interest, parent, name);
	reply_error(req, 0);
}

/*
 * The kernel tells the name alone, and what it removes is whatever it has of that
 * name: it may be what somebody else was just told of, and it would be dead for
 * everybody.  It asks under the lock of the directory, so that after an answer to
 * this event it is what the event is about.
 */
void emitter_ops_remove(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	Daemon *daemon = fuse_req_userdata(req);
	EmitterStep step;

	if (!emitter_step(daemon->emitter, parent, name, &step) || !step.last ||
		step.kind != SYNTH_EVENT_REMOVE || !step.asked) {
		reply_astray(req);
		return;
	}
	if (S_ISDIR(step.type))
		interest_removed(daemon->interest, step.ino);
	interest_negative(daemon->interest, parent, name);
	reply_error(req, 0);
}
