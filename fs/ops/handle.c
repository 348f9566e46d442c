#include "fs/ops/handle.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "fs/base/node.h"

struct Handles {
	Mutex lock; /* of open, and of snapshot and news of each */
	GHashTable *open GUARDED_BY(lock); /* Handle *: a set */
};

Handles *handles_new(void)
{
	Handles *self = g_new0(Handles, 1);

	mutex_init(&self->lock);
	self->open = g_hash_table_new(NULL, NULL);
	return self;
}

static void handle_free(Handle *handle)
{
	g_clear_pointer(&handle->snapshot, g_bytes_unref);
	g_clear_pointer(&handle->stream, stream_unref);
	g_clear_pointer(&handle->control, control_release);
	g_clear_pointer(&handle->wait, wait_unref);
	g_clear_pointer(&handle->events, eventfile_unref);
	g_clear_pointer(&handle->poller, poller_close);
	g_clear_pointer(&handle->reader, reader_close);
	g_free(handle);
}

void handles_free(Handles *self)
{
	GHashTableIter iter;
	gpointer handle;

	mutex_destroy(&self->lock);
	g_hash_table_iter_init(&iter, self->open);
	while (g_hash_table_iter_next(&iter, &handle, NULL))
		handle_free(handle);
	g_hash_table_destroy(self->open);
	g_free(self);
}

Handle *handles_open(Handles *self, fuse_ino_t node, const Handle *holds)
{
	Handle *handle = g_memdup2(holds, sizeof(*holds));

	handle->node = node;
	mutex_lock(&self->lock);
	g_hash_table_add(self->open, handle);
	mutex_unlock(&self->lock);
	return handle;
}

GArray *handles_numbers(Handles *self)
{
	GArray *numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
	GHashTableIter iter;
	gpointer handle;

	mutex_lock(&self->lock);
	g_hash_table_iter_init(&iter, self->open);
	while (g_hash_table_iter_next(&iter, &handle, NULL)) {
		guint32 number = node_number(((Handle *)handle)->node);

		g_array_append_val(numbers, number);
	}
	mutex_unlock(&self->lock);
	return numbers;
}

GBytes *handles_snapshot(Handles *self, Handle *handle)
{
	return LOCKED(&self->lock, g_bytes_ref(handle->snapshot));
}

gboolean handles_has_news(Handles *self, Handle *handle, guint64 news)
{
	return LOCKED(&self->lock, handle->news == news);
}

void handles_renew(Handles *self, Handle *handle, GBytes *bytes, guint64 news)
{
	GBytes *old;

	mutex_lock(&self->lock);
	old = handle->snapshot;
	handle->snapshot = g_bytes_ref(bytes);
	handle->news = news;
	mutex_unlock(&self->lock);
	g_bytes_unref(old);
}

void handles_close(Handles *self, Handle *handle)
{
	if (!handle)
		return;
	mutex_lock(&self->lock);
	g_hash_table_remove(self->open, handle);
	mutex_unlock(&self->lock);
	handle_free(handle);
}
