#include "fs/events/polls.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "fs/base/node.h"
#include "fs/base/node_lists.h"
#include "fs/kernel/notify.h"
#include "fs/tree/tree.h"
#include "fs/tree/view.h"

/* Who was told so often, and read nothing that we saw, reads from the page cache,
 * which somebody else filled again: so it is dropped.  Not at once, since that
 * would cut the read of another thread that was just told. */
#define TOLD_MAX 2

struct Poller {
	Polls *polls;
	fuse_ino_t node;
	/* Under Polls.lock. */
	struct fuse_pollhandle *handle; /* who asks to be woken; NULL: nobody */
	gboolean changed; /* a read may have found older bytes than there are */
	guint64 queued;   /* once that was told, none does any more */
	guint told;       /* how often since then who polls was told of it */
	gsize end;        /* of what grows: how long it was when it was read */
};

struct Polls {
	Mutex lock;
	GHashTable *nodes GUARDED_BY(lock); /* node -> GSList of Poller */
};

Polls *polls_new(void)
{
	Polls *self = g_new0(Polls, 1);

	mutex_init(&self->lock);
	self->nodes = g_hash_table_new(NULL, NULL);
	return self;
}

void polls_free(Polls *self)
{
	mutex_destroy(&self->lock);
	g_hash_table_unref(self->nodes);
	g_free(self);
}

/* ---- open files ---- */

Poller *polls_open(Polls *self, Notify *notify, fuse_ino_t node)
{
	Poller *poller = g_new0(Poller, 1);

	poller->polls = self;
	poller->node = node;
	poller->queued = notify_queued(notify);
	poller->changed = !notify_has_told(notify, poller->queued);
	mutex_lock(&self->lock);
	node_list_add(self->nodes, node, poller);
	mutex_unlock(&self->lock);
	return poller;
}

void poller_close(Poller *poller)
{
	Polls *polls;

	if (!poller)
		return;
	polls = poller->polls;
	mutex_lock(&polls->lock);
	node_list_remove(polls->nodes, poller->node, poller);
	mutex_unlock(&polls->lock);
	if (poller->handle)
		fuse_pollhandle_destroy(poller->handle);
	g_free(poller);
}

gboolean poller_read(Poller *poller)
{
	gboolean told;

	mutex_lock(&poller->polls->lock);
	told = poller->told > 0;
	if (told)
		poller->changed = FALSE;
	poller->told = 0;
	mutex_unlock(&poller->polls->lock);
	return told;
}

void poller_read_to(Poller *poller, gsize end)
{
	mutex_lock(&poller->polls->lock);
	poller->end = end;
	mutex_unlock(&poller->polls->lock);
}

/* ---- news ---- */

void polls_stale(Polls *self, Notify *notify, fuse_ino_t node)
{
	g_autoptr(GPtrArray) woken = g_ptr_array_new();
	guint64 queued = notify_queued(notify);

	mutex_lock(&self->lock);
	for (GSList *link = node_list(self->nodes, node); link;
		link = link->next) {
		Poller *poller = link->data;

		poller->changed = TRUE;
		poller->queued = queued;
		poller->told = 0;
		if (poller->handle)
			g_ptr_array_add(woken, poller->handle);
		poller->handle = NULL;
	}
	mutex_unlock(&self->lock);
	for (guint i = 0; i < woken->len; i++)
		notify_poll(notify, g_ptr_array_index(woken, i));
}

void polls_news(Polls *self, Daemon *daemon, const News *news)
{
	gboolean all = news->kind == NEWS_VANISHED;

	for (const TreeRow *row = NULL; (row = tree_next(DIR_SESSION, row));) {
		fuse_ino_t node = node_make(news->number, row->slot);

		if (row->kind == ROW_CONTENT &&
			(all || ((news->files >> row->file) & 1)))
			polls_stale(self, daemon->notify, node);
	}
}

void polls_gone(Polls *self, Daemon *daemon)
{
	g_autoptr(GList) nodes = NULL;
	View view;

	mutex_lock(&self->lock);
	nodes = g_hash_table_get_keys(self->nodes);
	mutex_unlock(&self->lock);
	for (GList *link = nodes; link; link = link->next) {
		fuse_ino_t node = GPOINTER_TO_SIZE(link->data);

		if (!view_resolve(daemon, node, &view))
			polls_stale(self, daemon->notify, node);
	}
}

/* ---- asking ---- */

void poller_await(Poller *poller, struct fuse_pollhandle *handle)
{
	struct fuse_pollhandle *old;

	mutex_lock(&poller->polls->lock);
	old = poller->handle;
	poller->handle = handle;
	mutex_unlock(&poller->polls->lock);
	if (old)
		fuse_pollhandle_destroy(old);
}

/* With the lock: whether to say so now. */
static gboolean may_tell(
	Poller *poller, Notify *notify, gboolean asks, gboolean *ret_drop)
{
	if (!notify_has_told(notify, poller->queued))
		return FALSE;
	*ret_drop = asks && poller->told >= TOLD_MAX;
	return !*ret_drop;
}

/* With the lock: the kernel is made to forget, and then who asks is woken. */
static void tell_later(Poller *poller, Notify *notify, gboolean drop)
{
	if (drop) {
		notify_inode(notify, poller->node);
		poller->queued = notify_queued(notify);
		poller->told = 0;
	}
	if (poller->handle)
		notify_poll(notify, g_steal_pointer(&poller->handle));
}

gboolean poller_tell(Poller *poller, Notify *notify, gboolean asks)
{
	gboolean told = FALSE, drop = FALSE;

	mutex_lock(&poller->polls->lock);
	if (poller->changed) {
		told = may_tell(poller, notify, asks, &drop);
		if (told)
			poller->told++;
		else
			tell_later(poller, notify, drop);
	}
	mutex_unlock(&poller->polls->lock);
	return told;
}

gboolean poller_has_more(Poller *poller, gsize size)
{
	gsize end = LOCKED(&poller->polls->lock, poller->end);

	return size > end;
}
