#include "cache/store/node_ids.h"

#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "cache/cache.h"

#define CHUNK 4096u
#define N_CHUNKS ((CACHE_NUMBER_MAX + 1) / CHUNK)
#define RESERVED_AT_ONCE 4096u

struct NodeIds {
	Mutex lock;
	NumbersReserve reserve;
	void *data;
	guint32 next GUARDED_BY(lock), limit GUARDED_BY(lock);
	gpointer *chunks[N_CHUNKS];
};

NodeIds *node_ids_new(NumbersReserve reserve, void *data)
{
	NodeIds *self = g_new0(NodeIds, 1);

	mutex_init(&self->lock);
	self->reserve = reserve;
	self->data = data;
	self->next = self->limit = CACHE_NUMBER_FIRST;
	return self;
}

void node_ids_free(NodeIds *self)
{
	for (guint i = 0; i < N_CHUNKS; i++)
		g_free(self->chunks[i]);
	mutex_destroy(&self->lock);
	g_free(self);
}

static gpointer *slot_of(NodeIds *self, guint32 number)
{
	gpointer *chunk;

	if (number > CACHE_NUMBER_MAX)
		return NULL;
	chunk = __atomic_load_n(
		&self->chunks[number / CHUNK], __ATOMIC_ACQUIRE);
	return chunk != NULL ? &chunk[number % CHUNK] : NULL;
}

static void owner_set(NodeIds *self, guint32 number, gpointer owner)
{
	gpointer *slot = slot_of(self, number);

	if (slot == NULL) {
		gpointer *chunk = g_new0(gpointer, CHUNK);

		__atomic_store_n(
			&self->chunks[number / CHUNK], chunk, __ATOMIC_RELEASE);
		slot = &chunk[number % CHUNK];
	}
	__atomic_store_n(slot, owner, __ATOMIC_RELEASE);
}

gpointer node_ids_owner(NodeIds *self, guint32 number)
{
	gpointer *slot = slot_of(self, number);

	return slot != NULL ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : NULL;
}

void node_ids_skip(NodeIds *self, guint32 limit)
{
	mutex_lock(&self->lock);
	self->next = MAX(self->next, MIN(limit, CACHE_NUMBER_MAX + 1));
	self->limit = MAX(self->limit, self->next);
	mutex_unlock(&self->lock);
}

gboolean node_ids_claim(NodeIds *self, guint32 number, gpointer owner)
{
	gpointer now;
	gboolean ok;

	if (number < CACHE_NUMBER_FIRST || number > CACHE_NUMBER_MAX)
		return FALSE;
	mutex_lock(&self->lock);
	now = node_ids_owner(self, number);
	ok = now == NULL || now == owner;
	if (ok && now == NULL)
		owner_set(self, number, owner);
	self->next = MAX(self->next, number + 1);
	self->limit = MAX(self->limit, self->next);
	mutex_unlock(&self->lock);
	return ok;
}

static gboolean room_for_next(NodeIds *self, GError **error)
	REQUIRES(self->lock)
{
	guint32 limit;

	if (self->next > CACHE_NUMBER_MAX)
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"all numbers are used up; start with an empty state "
			"directory");
	if (self->next < self->limit)
		return TRUE;
	limit = MIN(self->next + RESERVED_AT_ONCE, CACHE_NUMBER_MAX + 1);
	if (self->reserve != NULL && !self->reserve(limit, self->data, error))
		return FALSE;
	self->limit = limit;
	return TRUE;
}

gboolean node_ids_take(
	NodeIds *self, gpointer owner, guint32 *ret_number, GError **error)
{
	gboolean ok;

	mutex_lock(&self->lock);
	ok = room_for_next(self, error);
	if (ok) {
		owner_set(self, self->next, owner);
		*ret_number = self->next++;
	}
	mutex_unlock(&self->lock);
	return ok;
}

void node_ids_assign(NodeIds *self, guint32 number, gpointer owner)
{
	mutex_lock(&self->lock);
	owner_set(self, number, owner);
	mutex_unlock(&self->lock);
}

guint32 node_ids_next(NodeIds *self)
{
	return LOCKED(&self->lock, self->next);
}
