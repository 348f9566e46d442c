#include "cache/model/sizes.h"

#include <string.h>

#include "backends/base/mutex.h"

#define N_SLOTS 4096u

typedef struct {
	guint64 body_hash;
	guint32 number;
	guint32 sizes[N_SESSION_FILES];
} Slot;

struct Sizes {
	Mutex lock;
	/* by number: neighbours never collide */
	Slot slots[N_SLOTS] GUARDED_BY(lock);
};

Sizes *sizes_new(void)
{
	Sizes *self = g_new0(Sizes, 1);

	mutex_init(&self->lock);
	return self;
}

void sizes_free(Sizes *self)
{
	mutex_destroy(&self->lock);
	g_free(self);
}

gboolean sizes_get(Sizes *self, guint32 number, guint64 body_hash,
	guint32 ret_sizes[N_SESSION_FILES])
{
	const Slot *slot = &self->slots[number % N_SLOTS];
	gboolean known;

	mutex_lock(&self->lock);
	known = slot->number == number && slot->body_hash == body_hash;
	if (known)
		memcpy(ret_sizes, slot->sizes, sizeof(slot->sizes));
	mutex_unlock(&self->lock);
	return known;
}

void sizes_put(Sizes *self, guint32 number, guint64 body_hash,
	const guint32 sizes[N_SESSION_FILES])
{
	Slot *slot = &self->slots[number % N_SLOTS];

	mutex_lock(&self->lock);
	slot->number = number;
	slot->body_hash = body_hash;
	memcpy(slot->sizes, sizes, sizeof(slot->sizes));
	mutex_unlock(&self->lock);
}
