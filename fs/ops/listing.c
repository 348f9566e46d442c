#include "fs/ops/listing.h"

#include <errno.h>

#include "fs/base/node.h"
#include "fs/base/pending.h"
#include "fs/base/reply.h"
#include "fs/kernel/interest.h"
#include "fs/kernel/notify.h"
#include "fs/ops/lookup.h"
#include "fs/tree/link.h"
#include "fs/tree/rows.h"

/* How often one who has got names already gets more: waking him for each page
 * costs more than the page. */
#define MORE_EVERY_US (4 * G_TIME_SPAN_MILLISECOND)

#define COOKIE_DOT 1
#define COOKIE_DOTDOT 2
#define COOKIE_ROW 3 /* + slot */

G_STATIC_ASSERT(COOKIE_ROW + NODE_SLOTS <= CACHE_NUMBER_FIRST);

/* One READDIR while it is answered. */
typedef struct {
	Daemon *daemon;
	fuse_req_t req;
	View dir;
	gboolean plus;
	char *buffer;
	gsize size, used;
	guint64 off;      /* cookie after which to go on */
	GArray *given;    /* fuse_ino_t: nodes to which references are given */
	GPtrArray *names; /* of these, in a directory that is moving */
	gint64 mtime_ns;  /* of such a directory, before it was looked at */
} Listing;

static guint64 row_cookie(const TreeRow *row)
{
	return COOKIE_ROW + row->slot;
}

/* FALSE when it did not fit. */
static gboolean append(Listing *self, const char *name,
	const struct fuse_entry_param *param, guint64 next)
{
	char *at = self->buffer + self->used;
	gsize room = self->size - self->used;
	gsize need = self->plus ? fuse_add_direntry_plus(self->req, at, room,
					  name, param, (off_t)next)
				: fuse_add_direntry(self->req, at, room, name,
					  &param->attr, (off_t)next);

	if (need > room)
		return FALSE;
	self->used += need;
	return TRUE;
}

static gboolean add_view(
	Listing *self, const char *name, const View *view, guint64 next)
{
	gboolean table = view->row && view->row->kind == ROW_TABLE;
	struct fuse_entry_param param = {0};

	/* A name without attributes is legal: the kernel asks for them.  Those of
	 * a table are made for who asks for them. */
	if (!self->plus || table ||
		!lookup_param(self->daemon, view, &param, NULL)) {
		param.ino = 0;
		param.attr.st_ino = view->ino;
		param.attr.st_mode = rows_type(view->row);
	}
	if (!append(self, name, &param, next))
		return FALSE;
	if (!param.ino)
		return TRUE;
	g_array_append_val(self->given, view->ino);
	if (view_is_moving(&self->dir))
		g_ptr_array_add(self->names, g_strdup(name));
	return TRUE;
}

/* "." and ".." instantiate nothing, with READDIRPLUS neither. */
static gboolean add_dots(Listing *self, const char *name, guint64 cookie)
{
	const struct fuse_entry_param param = {
		.attr = {.st_ino = self->dir.ino, .st_mode = S_IFDIR},
	};

	return self->off >= cookie || append(self, name, &param, cookie);
}

static gboolean add_rows(Listing *self)
{
	DirKind kind = view_dir_kind(&self->dir);
	View view;

	for (const TreeRow *row = NULL; (row = tree_next(kind, row));) {
		if (row->hidden || self->off >= row_cookie(row) ||
			!rows_present(self->daemon, row, &self->dir.entry))
			continue;
		view_of_row(&self->dir, row, &view);
		view_of_now(self->daemon, &view);
		if (!add_view(self, row->name, &view, row_cookie(row)))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_entry(const Entry *entry, const char *name, void *data)
{
	Listing *self = data;
	View view;

	view_of_entry(entry, &view);
	return add_view(self, name, &view, entry->number);
}

static gboolean add_link(const View *view, const char *name, void *data)
{
	return add_view(data, name, view, view->entry.number);
}

static Known add_entries(Listing *self, GError **error)
{
	guint32 after =
		(guint32)CLAMP(self->off, CACHE_NUMBER_FIRST - 1, G_MAXUINT32);

	switch (view_dir_kind(&self->dir)) {
	case DIR_SELF:
	case DIR_SESSION:
	case DIR_WAIT:
	case DIR_REQUEST:
		return KNOWN_YES;
	case DIR_REQUESTS:
		cache_requests(self->daemon->cache, self->dir.entry.number,
			after, add_entry, self);
		return KNOWN_YES;
	case DIR_VIEW:
	case DIR_GROUP:
		return link_list(
			self->daemon, &self->dir, after, add_link, self, error);
	default:
		return cache_list(self->daemon->cache, self->dir.entry.number,
			after, add_entry, self, error);
	}
}

/* Fills the buffer with what comes next. */
static Known fill(Listing *self, GError **error)
{
	if (!add_dots(self, ".", COOKIE_DOT) ||
		!add_dots(self, "..", COOKIE_DOTDOT) || !add_rows(self))
		return KNOWN_YES;
	return add_entries(self, error);
}

static fuse_ino_t given(const Listing *self, guint i)
{
	return g_array_index(self->given, fuse_ino_t, i);
}

/* What moved on while the answer was under way was invalidated before the
 * kernel had it. */
static void check_moved(Listing *self)
{
	Daemon *daemon = self->daemon;
	Entry entry;

	if (!self->names->len ||
		view_moved_ns(daemon, &self->dir) == self->mtime_ns)
		return;
	for (guint i = 0; i < self->names->len; i++) {
		fuse_ino_t node = given(self, i);

		if (node_slot(node) ||
			!cache_entry(daemon->cache, node_number(node), &entry))
			notify_entry(daemon->notify, self->dir.ino,
				self->names->pdata[i]);
	}
}

/* References are counted before the reply, since the kernel may give them
 * back at once. */
static void send(Listing *self, gint changes)
{
	Interest *interest = self->daemon->interest;

	if (!node_slot(self->dir.ino))
		interest_listed(interest, self->dir.entry.number, !self->used);
	for (guint i = 0; i < self->given->len; i++)
		interest_hold(interest, given(self, i));
	if (reply_data(self->req, self->buffer, self->used)) {
		for (guint i = 0; i < self->given->len; i++)
			lookup_check_fresh(
				self->daemon, given(self, i), changes);
		check_moved(self);
		return;
	}
	for (guint i = 0; i < self->given->len; i++)
		interest_forget(interest, given(self, i), 1);
}

/* ENOENT is what readdir takes for the end of a directory that was removed: a
 * listing that was refused must not look empty. */
static void refuse(fuse_req_t req, const GError *error)
{
	int number = reply_errno(error);

	reply_error(req, number == ENOENT ? ENXIO : number);
}

/* TRUE when the request was answered. */
static gboolean answer(fuse_req_t req, void *data)
{
	Listing *self = data;
	gint changes = g_atomic_int_get(&self->daemon->changes);
	g_autoptr(GError) error = NULL;
	Known known;

	self->used = 0;
	g_array_set_size(self->given, 0);
	g_ptr_array_set_size(self->names, 0);
	if (view_is_moving(&self->dir))
		self->mtime_ns = view_moved_ns(self->daemon, &self->dir);
	known = fill(self, &error);
	if (!self->used && known == KNOWN_NOT_YET)
		return FALSE;
	if (!self->used && known == KNOWN_FAILED)
		refuse(self->req, error);
	else
		send(self, changes);
	return TRUE;
}

static void listing_free(void *data)
{
	Listing *self = data;

	g_array_unref(self->given);
	g_ptr_array_unref(self->names);
	g_free(self->buffer);
	g_free(self);
}

static void park(Listing *self)
{
	Daemon *daemon = self->daemon;

	pending_park(daemon->pending, self->req,
		&(ParkSpec){
			.key = view_listing(&self->dir),
			.dir = self->dir.entry.number,
			.every_us = self->off < CACHE_NUMBER_FIRST
					    ? 0
					    : MORE_EVERY_US,
			.retry = answer,
			.free = listing_free,
			.data = self,
		});
}

void listing_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, gboolean plus)
{
	Daemon *daemon = fuse_req_userdata(req);
	View dir;

	interest_look(daemon->interest, node_number(ino));
	if (!lookup_node(req, ino, &dir))
		return;
	Listing *self = g_new0(Listing, 1);

	*self = (Listing){
		.daemon = daemon,
		.req = req,
		.dir = dir,
		.plus = plus,
		.buffer = g_malloc(size),
		.size = size,
		.off = off < 0 ? 0 : (guint64)off,
		.given = g_array_new(FALSE, FALSE, sizeof(fuse_ino_t)),
		.names = g_ptr_array_new_with_free_func(g_free),
	};
	if (answer(req, self))
		listing_free(self);
	else
		park(self);
}
