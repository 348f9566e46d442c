#include "fs/ops/handle.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "fs/base/node.h"

struct Handles {
	Kept *kept;
	Mutex lock; /* of open, and of snapshot and news of each */
	GHashTable *open GUARDED_BY(lock); /* number -> Handle * */
	guint64 last GUARDED_BY(lock);     /* the number given last */
};

Handles *handles_new(Kept *kept)
{
	Handles *self = g_new0(Handles, 1);

	self->kept = kept;
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
	while (g_hash_table_iter_next(&iter, NULL, &handle))
		handle_free(handle);
	g_hash_table_destroy(self->open);
	g_free(self);
}

guint64 handles_number(Handles *self, fuse_ino_t node)
{
	return self->kept ? kept_handle_open(self->kept, node)
			  : LOCKED(&self->lock, ++self->last);
}

static void keep_bytes(Handles *self, guint64 number, GBytes *bytes)
{
	KeptHandle *kept = kept_handle(self->kept, number);
	const void *data;
	gsize n;

	if (!kept)
		return;
	data = g_bytes_get_data(bytes, &n);
	kept->size = 0;
	kept->hash = kept_hash(data, n);
	if (n > KEPT_COLLECTED_MAX || (kept->flags & HANDLE_PAGED))
		return;
	kept_text_add(self->kept, number, 0, data, n);
	kept->size = n;
}

/* Once: it is of what was shown when it was opened. */
static void keep(Handles *self, guint64 number, const Handle *holds)
{
	KeptHandle *kept = kept_handle(self->kept, number);

	if (!kept || kept->hash || kept->flags)
		return;
	kept->flags = holds->flags;
	if (holds->snapshot)
		keep_bytes(self, number, holds->snapshot);
}

GBytes *handles_stored(Handles *self, guint64 number)
{
	const KeptHandle *kept = kept_handle(self->kept, number);
	g_autoptr(GByteArray) text = NULL;

	if (kept && kept->size)
		text = kept_text(self->kept, number, kept->size);
	if (!text || kept_hash(text->data, text->len) != kept->hash)
		return NULL;
	return g_byte_array_free_to_bytes(g_steal_pointer(&text));
}

void handles_open(
	Handles *self, guint64 number, fuse_ino_t node, const Handle *holds)
{
	Handle *handle = g_memdup2(holds, sizeof(*holds));
	gpointer key = GSIZE_TO_POINTER(number);

	handle->number = number;
	handle->node = node;
	keep(self, number, holds);
	mutex_lock(&self->lock);
	if (!g_hash_table_contains(self->open, key))
		g_hash_table_insert(self->open, key, g_steal_pointer(&handle));
	mutex_unlock(&self->lock);
	if (handle)
		handle_free(handle);
}

GArray *handles_numbers(Handles *self)
{
	GArray *numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
	GHashTableIter iter;
	gpointer handle;

	mutex_lock(&self->lock);
	g_hash_table_iter_init(&iter, self->open);
	while (g_hash_table_iter_next(&iter, NULL, &handle)) {
		guint32 number = node_number(((Handle *)handle)->node);

		g_array_append_val(numbers, number);
	}
	mutex_unlock(&self->lock);
	return numbers;
}

const KeptHandle *handles_before(Handles *self, guint64 number)
{
	return kept_handle(self->kept, number);
}

Handle *handles_find(Handles *self, guint64 number)
{
	return LOCKED(&self->lock, (Handle *)g_hash_table_lookup(self->open,
					   GSIZE_TO_POINTER(number)));
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
	keep_bytes(self, handle->number, bytes);
}

void handles_close(Handles *self, guint64 number)
{
	gpointer handle = NULL;

	mutex_lock(&self->lock);
	g_hash_table_steal_extended(
		self->open, GSIZE_TO_POINTER(number), NULL, &handle);
	mutex_unlock(&self->lock);
	kept_handle_close(self->kept, number);
	if (handle)
		handle_free(handle);
}
