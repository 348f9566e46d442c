#include "cache/store/ids.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#include "backends/session.h"
#include "cache/base/hash.h"
#include "cache/base/name.h"

#define CHUNK_MIN 512u
#define CHUNK_MAX 32768u

typedef struct Chunk {
	struct Chunk *next;
	guint64 bytes[]; /* so that entries are aligned */
} Chunk;

struct IdTable {
	const char *const *reserved;
	guint64 key[2]; /* ids come from outside */
	Id **slots;     /* open addressing, a power of two, NULL: free */
	guint n_slots;
	guint count;
	Chunk *chunks;
	gsize chunk_size, chunk_used;
};

IdTable *ids_new(const char *const *reserved)
{
	IdTable *self = g_new0(IdTable, 1);

	self->reserved = reserved;
	/* Without randomness it works all the same, but can be slowed down. */
	if (getrandom(self->key, sizeof(self->key), GRND_NONBLOCK) < 0)
		g_debug("no random key: %s", g_strerror(errno));
	return self;
}

void ids_free(IdTable *self)
{
	while (self->chunks != NULL) {
		Chunk *next = self->chunks->next;

		g_free(self->chunks);
		self->chunks = next;
	}
	g_free(self->slots);
	g_free(self);
}

static void *arena_take(IdTable *self, gsize len)
{
	void *taken;

	len = (len + 3) & ~(gsize)3;
	if (self->chunks == NULL || self->chunk_used + len > self->chunk_size) {
		gsize size =
			MIN(MAX(self->chunk_size * 2, CHUNK_MIN), CHUNK_MAX);
		Chunk *chunk;

		size = MAX(size, len);
		chunk = g_malloc(sizeof(*chunk) + size);
		chunk->next = self->chunks;
		self->chunks = chunk;
		self->chunk_size = size;
		self->chunk_used = 0;
	}
	taken = (char *)self->chunks->bytes + self->chunk_used;
	self->chunk_used += len;
	return taken;
}

static guint32 name_hash(const IdTable *self, const char *name)
{
	return (guint32)hash_keyed(self->key, name, strlen(name));
}

/* The slot that holds the name, or the free one where it belongs. */
static guint slot_of(const IdTable *self, const char *name, guint32 hash)
{
	guint mask = self->n_slots - 1;
	guint at = hash & mask;

	while (self->slots[at] != NULL) {
		const Id *id = self->slots[at];

		if (id->hash == hash && strcmp(id_name(id), name) == 0)
			break;
		at = (at + 1) & mask;
	}
	return at;
}

static void ids_grow(IdTable *self, guint n_slots)
{
	g_autofree Id **old = self->slots;
	guint n_old = self->n_slots;

	self->n_slots = n_slots;
	self->slots = g_new0(Id *, self->n_slots);
	for (guint i = 0; i < n_old; i++) {
		guint at;

		if (old[i] == NULL)
			continue;
		at = old[i]->hash & (self->n_slots - 1);
		while (self->slots[at] != NULL)
			at = (at + 1) & (self->n_slots - 1);
		self->slots[at] = old[i];
	}
}

static gboolean is_full(const IdTable *self, guint64 count, guint64 n_slots)
{
	return (self->count + count) * 4 > n_slots * 3;
}

void ids_expect(IdTable *self, guint count)
{
	guint n_slots = MAX(16, self->n_slots);

	while (is_full(self, count, n_slots))
		n_slots *= 2;
	if (n_slots > self->n_slots)
		ids_grow(self, n_slots);
}

Id *ids_find(const IdTable *self, const char *name)
{
	if (self->n_slots == 0)
		return NULL;
	return self->slots[slot_of(self, name, name_hash(self, name))];
}

Id *ids_get(const IdTable *self, const char *id)
{
	g_autofree char *name = name_escape(id, self->reserved);
	Id *found = ids_find(self, name);

	return found != NULL && strcmp(found->text, id) == 0 ? found : NULL;
}

Id *ids_add(IdTable *self, const char *id, guint32 number)
{
	g_autofree char *name = name_escape(id, self->reserved);
	gsize id_len = strlen(id);
	gboolean same = strcmp(id, name) == 0;
	guint32 hash = name_hash(self, name);
	guint at;
	Id *entry;

	if (id_len == 0 || id_len > SESSION_ID_MAX)
		return NULL;
	ids_expect(self, 1);
	at = slot_of(self, name, hash);
	if (self->slots[at] != NULL)
		return NULL;
	entry = arena_take(self, offsetof(Id, text) + id_len + 1 +
					 (same ? 0 : strlen(name) + 1));
	*entry = (Id){.number = number, .hash = hash};
	entry->id_len = (guint16)id_len;
	entry->name_at = same ? 0 : (guint16)(id_len + 1);
	memcpy(entry->text, id, id_len + 1);
	if (!same)
		memcpy(entry->text + entry->name_at, name, strlen(name) + 1);
	self->slots[at] = entry;
	self->count++;
	return entry;
}

void ids_foreach(
	const IdTable *self, void (*visit)(Id *id, void *data), void *data)
{
	for (guint i = 0; i < self->n_slots; i++)
		if (self->slots[i] != NULL)
			visit(self->slots[i], data);
}
