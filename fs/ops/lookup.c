#include "fs/ops/lookup.h"

#include <errno.h>
#include <string.h>

#include "fs/base/node.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/events/events.h"
#include "fs/events/polls.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/kernel/readers.h"
#include "fs/tree/link.h"
#include "fs/tree/rows.h"

/* How long the kernel may believe that a name which decides nothing by itself
 * is absent: desktop probes (.git, .Trash) in directories without dot names. */
#define DOT_ABSENT 3600.0

gboolean lookup_attr(Daemon *daemon, const View *view, struct stat *ret,
	double *ret_timeout, GError **error)
{
	gsize size;

	if (!rows_attr(daemon, view, ret, ret_timeout, error))
		return FALSE;
	if (view->row && view->row->kind == ROW_CONTENT &&
		readers_size(daemon->readers, view->ino, &size))
		ret->st_size = (off_t)size;
	return TRUE;
}

gboolean lookup_param(Daemon *daemon, const View *view,
	struct fuse_entry_param *ret, GError **error)
{
	struct fuse_entry_param param = {
		.ino = view->ino,
		.generation = 1,
		.entry_timeout = view_entry_timeout(daemon, view),
	};

	if (!lookup_attr(daemon, view, &param.attr, &param.attr_timeout, error))
		return FALSE;
	if (view_is_dir(view))
		param.generation = interest_generation(
			daemon->interest, view->entry.number);
	/* It may have moved while the answer was under way.  Of a GETATTR the
	 * kernel sees that; not so of an inode that is new to it. */
	if (view_is_dir(view) && view_is_moving(view))
		param.attr_timeout = 0;
	*ret = param;
	return TRUE;
}

/* A table has no size before its index is made. */
static Known find_row(Daemon *daemon, const View *dir, const char *name,
	View *ret, GError **error)
{
	const TreeRow *row = tree_by_name(view_dir_kind(dir), name);

	if (!row || !rows_present(daemon, row, &dir->entry))
		return KNOWN_NO;
	view_of_row(dir, row, ret);
	view_of_now(daemon, ret);
	if (row->kind != ROW_TABLE)
		return KNOWN_YES;
	return cache_view_ready(daemon->cache, dir->entry.number, error);
}

static Known find_request(
	Daemon *daemon, const View *dir, const char *name, View *ret)
{
	Entry entry;

	if (!cache_request_find(daemon->cache, dir->entry.number, name, &entry))
		return KNOWN_NO;
	view_of_entry(&entry, ret);
	return KNOWN_YES;
}

static gboolean has_entries(DirKind kind)
{
	return kind == DIR_ROOT || kind == DIR_PROVIDER ||
	       kind == DIR_WORKSPACE;
}

/* Whether what is not there never will be; events.1 may come. */
static gboolean is_steady(DirKind kind)
{
	return !has_entries(kind) && kind != DIR_SELF;
}

/* Whether a session or workspace of that name may come one day. */
static gboolean may_appear(const View *dir, const char *name)
{
	return *name != '.' && has_entries(view_dir_kind(dir));
}

Known lookup_find(Daemon *daemon, const View *dir, const char *name, View *ret,
	GError **error)
{
	Known known;
	Entry entry;

	if (view_has_links(dir))
		return link_find(daemon, dir, name, ret, error);
	if (view_dir_kind(dir) == DIR_REQUESTS)
		return find_request(daemon, dir, name, ret);
	known = find_row(daemon, dir, name, ret, error);
	if (known != KNOWN_NO || !may_appear(dir, name))
		return known;
	known = cache_find(
		daemon->cache, dir->entry.number, name, &entry, error);
	if (known == KNOWN_YES)
		view_of_entry(&entry, ret);
	return known;
}

void lookup_check_fresh(Daemon *daemon, fuse_ino_t ino, gint changes)
{
	if (node_number(ino) && node_slot(ino) &&
		changes != g_atomic_int_get(&daemon->changes)) {
		notify_inode(daemon->notify, ino);
		polls_stale(daemon->polls, daemon->notify, ino);
	}
}

/* Whether the name still leads to what was found.  Otherwise the invalidation
 * may have come before the answer that it was for. */
static gboolean is_still(
	Daemon *daemon, const View *dir, const char *name, fuse_ino_t found)
{
	guint32 number = node_number(found);
	Entry entry;
	View now;

	if (view_has_links(dir))
		return link_find(daemon, dir, name, &now, NULL) == KNOWN_YES &&
		       now.ino == found;
	return !number || cache_entry(daemon->cache, number, &entry);
}

gboolean lookup_is_still(
	Daemon *daemon, fuse_ino_t parent, const char *name, fuse_ino_t found)
{
	View dir;

	return view_resolve(daemon, parent, &dir) &&
	       is_still(daemon, &dir, name, found);
}

/* The kernel counts a reference as soon as the reply is out, and may give it
 * back at once: so it is counted before. */
static void reply_found(fuse_req_t req, Daemon *daemon, const View *view,
	const View *dir, const char *name)
{
	g_autoptr(GError) error = NULL;
	struct fuse_entry_param param;
	guint32 number = view->entry.number;
	gint changes = g_atomic_int_get(&daemon->changes);

	if (!lookup_param(daemon, view, &param, &error)) {
		reply_failure(req, error);
		return;
	}
	/* A directory that the kernel knew already is asked again because
	 * somebody walks through it. */
	if (!view->row && interest_held(daemon->interest, number))
		interest_look(daemon->interest, number);
	interest_hold(daemon->interest, view->ino);
	interest_present(daemon->interest, dir->ino, name);
	if (!reply_entry(req, &param))
		interest_forget(daemon->interest, view->ino, 1);
	else if (!is_still(daemon, dir, name, view->ino))
		notify_entry(daemon->notify, dir->ino, name);
	else
		lookup_check_fresh(daemon, view->ino, changes);
}

static void reply_negative(
	fuse_req_t req, Daemon *daemon, const View *dir, const char *name)
{
	struct fuse_entry_param param = {.ino = 0};
	guint32 number = dir->entry.number;
	gboolean kept = may_appear(dir, name) && !events_are_owed(daemon) &&
			interest_is_denied(daemon->interest, number, name);

	if (view_is_moving(dir))
		param.entry_timeout = 0;
	else if (kept || (*name != '.' && is_steady(view_dir_kind(dir))))
		param.entry_timeout = VIEW_KEEP;
	else if (!tree_by_name(view_dir_kind(dir), name) && *name == '.')
		param.entry_timeout = DOT_ABSENT;
	interest_negative(daemon->interest, dir->ino, name);
	reply_entry(req, &param);
	/* It may have appeared while the answer was under way, or vanished
	 * again. */
	if (kept && (!interest_is_denied(daemon->interest, number, name) ||
			    events_are_owed(daemon)))
		notify_entry(daemon->notify, dir->ino, name);
}

typedef struct {
	Daemon *daemon;
	fuse_ino_t parent;
	char *name;
} Question;

static void question_free(void *data)
{
	Question *question = data;

	g_free(question->name);
	g_free(question);
}

/* Only of what the kernel will be told to be absent an appearance is to be told
 * to it: that would cut off who has just come to work there.  It is asked for
 * again, so that an appearance from here on is seen. */
static Known find(Daemon *daemon, const View *dir, const char *name, View *ret,
	GError **error)
{
	Known known = lookup_find(daemon, dir, name, ret, error);

	if (known == KNOWN_NO && may_appear(dir, name)) {
		interest_denied(daemon->interest, dir->entry.number, name);
		known = lookup_find(daemon, dir, name, ret, error);
	}
	if (known != KNOWN_NO)
		interest_appeared(daemon->interest, dir->entry.number, name);
	return known;
}

/* TRUE when the request was answered. */
static gboolean answer(fuse_req_t req, void *data)
{
	const Question *question = data;
	Daemon *daemon = question->daemon;
	g_autoptr(GError) error = NULL;
	Known known = KNOWN_NO;
	View dir, found;

	if (view_resolve(daemon, question->parent, &dir))
		known = find(daemon, &dir, question->name, &found, &error);
	if (known == KNOWN_NOT_YET)
		return FALSE;
	if (known == KNOWN_YES)
		reply_found(req, daemon, &found, &dir, question->name);
	else if (!view_resolve(daemon, question->parent, &dir))
		reply_stale(req);
	else if (known == KNOWN_NO)
		reply_negative(req, daemon, &dir, question->name);
	else
		reply_failure(req, error);
	return TRUE;
}

static guint32 listing_of(Daemon *daemon, fuse_ino_t dir)
{
	View view;

	return view_resolve(daemon, dir, &view) ? view_listing(&view)
						: node_number(dir);
}

static void park(fuse_req_t req, Daemon *daemon, const Question *question)
{
	Question *kept = g_new(Question, 1);

	*kept = *question;
	kept->name = g_strdup(question->name);
	pending_park(daemon->pending, req,
		&(ParkSpec){
			.key = listing_of(daemon, question->parent),
			.dir = node_number(question->parent),
			.retry = answer,
			.free = question_free,
			.data = kept,
		});
}

/* `ls -l` asks for each name; told to list anew, the kernel asks with
 * READDIRPLUS and gets hundreds in one answer. */
static void watch_for_storm(Daemon *daemon, fuse_ino_t parent)
{
	if (!node_slot(parent) &&
		interest_lookup_storm(daemon->interest, node_number(parent)))
		notify_inode(daemon->notify, parent);
}

void lookup_name(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	Daemon *daemon = fuse_req_userdata(req);
	Question question = {daemon, parent, (char *)name};

	interest_look(daemon->interest, node_number(parent));
	watch_for_storm(daemon, parent);
	if (!answer(req, &question))
		park(req, daemon, &question);
}

gboolean lookup_node(fuse_req_t req, fuse_ino_t ino, View *ret)
{
	gboolean known = view_resolve(fuse_req_userdata(req), ino, ret);

	if (!known)
		reply_stale(req);
	return known;
}

void lookup_getattr(fuse_req_t req, fuse_ino_t ino)
{
	Daemon *daemon = fuse_req_userdata(req);
	g_autoptr(GError) error = NULL;
	struct stat attr;
	double timeout;
	View view;

	interest_look(daemon->interest, node_number(ino));
	if (!lookup_node(req, ino, &view))
		return;
	if (lookup_attr(daemon, &view, &attr, &timeout, &error))
		reply_attr(req, &attr, timeout);
	else
		reply_failure(req, error);
}
