#include "fs/kernel/kernel_refs.h"

#include "fs/base/node.h"

#define CHUNK 65536u
#define CHUNKS ((CACHE_NUMBER_MAX + 1) / CHUNK)

/* Of one number; kept here, since references outlive a session. */
typedef struct {
	guint32 owner;
	guint32 refs;         /* to its directory */
	guint32 removed : 28; /* how often that was removed */
	guint32 group : 4;    /* ByWhat */
} Slot;

/* Directories by number, since `ls -l` has the kernel hold all of them. */
struct KernelRefs {
	Slot *chunks[CHUNKS];
	GHashTable *files; /* node -> count */
	Kept *kept;
};

KernelRefs *kernel_refs_new(Kept *kept)
{
	KernelRefs *self = g_new0(KernelRefs, 1);

	self->kept = kept;
	self->files = g_hash_table_new(NULL, NULL);
	return self;
}

void kernel_refs_free(KernelRefs *self)
{
	for (guint i = 0; i < CHUNKS; i++)
		g_free(self->chunks[i]);
	g_hash_table_destroy(self->files);
	g_free(self);
}

static const Slot *find(const KernelRefs *self, guint32 number)
{
	static const Slot none;
	const Slot *chunk = number <= CACHE_NUMBER_MAX
				    ? self->chunks[number / CHUNK]
				    : NULL;

	return chunk ? &chunk[number % CHUNK] : &none;
}

/* NULL for what can be no number. */
static Slot *slot(KernelRefs *self, guint32 number)
{
	Slot **chunk;

	if (number > CACHE_NUMBER_MAX)
		return NULL;
	chunk = &self->chunks[number / CHUNK];
	if (!*chunk)
		*chunk = g_new0(Slot, CHUNK);
	return &(*chunk)[number % CHUNK];
}

guint32 kernel_refs_owner(KernelRefs *self, guint32 number)
{
	return find(self, number)->owner;
}

void kernel_refs_own(
	KernelRefs *self, guint32 number, guint32 owner, ByWhat group)
{
	Slot *own = slot(self, number);

	if (!own)
		return;
	own->owner = owner;
	own->group = group;
}

ByWhat kernel_refs_group(const KernelRefs *self, guint32 number)
{
	return find(self, number)->group;
}

guint64 kernel_refs_count(const KernelRefs *self, guint64 node)
{
	if (!node_slot(node))
		return find(self, node_number(node))->refs;
	return GPOINTER_TO_SIZE(
		g_hash_table_lookup(self->files, GSIZE_TO_POINTER(node)));
}

static void set(KernelRefs *self, guint64 node, guint64 count)
{
	gpointer key = GSIZE_TO_POINTER(node);
	Slot *own;

	kept_refs_set(self->kept, node, (guint32)count);
	if (node_slot(node)) {
		if (count)
			g_hash_table_insert(
				self->files, key, GSIZE_TO_POINTER(count));
		else
			g_hash_table_remove(self->files, key);
		return;
	}
	own = slot(self, node_number(node));
	if (own)
		own->refs = (guint32)count;
}

void kernel_refs_add(KernelRefs *self, guint64 node, guint64 count)
{
	set(self, node, kernel_refs_count(self, node) + count);
}

void kernel_refs_drop(KernelRefs *self, guint64 node, guint64 count)
{
	guint64 refs = kernel_refs_count(self, node);

	set(self, node, refs - MIN(count, refs));
}

void kernel_refs_removed(KernelRefs *self, guint32 number)
{
	Slot *own = slot(self, number);

	if (own)
		kept_removed_set(self->kept, number, ++own->removed);
}

void kernel_refs_removed_before(KernelRefs *self, guint32 number, guint32 times)
{
	Slot *own = slot(self, number);

	if (own)
		own->removed = times;
}

guint32 kernel_refs_generation(const KernelRefs *self, guint32 number)
{
	return find(self, number)->removed + 1;
}

guint32 kernel_refs_slots(const KernelRefs *self, guint32 number)
{
	guint32 slots = 0;

	for (guint i = 0; i < NODE_SLOTS; i++) {
		if (kernel_refs_count(self, node_make(number, i)))
			slots |= 1u << i;
	}
	return slots;
}

static void add_directories(const KernelRefs *self, guint32 owner, GArray *ret)
{
	for (guint32 n = 0; n <= CACHE_NUMBER_MAX; n++) {
		const Slot *chunk = self->chunks[n / CHUNK];
		guint64 node = node_make(n, 0);

		if (!chunk)
			n += CHUNK - 1;
		else if (chunk[n % CHUNK].refs &&
			 chunk[n % CHUNK].owner == owner && n != owner)
			g_array_append_val(ret, node);
	}
}

static void add_files(const KernelRefs *self, guint32 owner, GArray *ret)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, self->files);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		guint64 node = GPOINTER_TO_SIZE(key);

		if (find(self, node_number(node))->owner == owner)
			g_array_append_val(ret, node);
	}
}

GArray *kernel_refs_nodes(KernelRefs *self, guint32 owner)
{
	GArray *nodes = g_array_new(FALSE, FALSE, sizeof(guint64));
	guint64 own = node_make(owner, 0);

	add_files(self, owner, nodes);
	add_directories(self, owner, nodes);
	g_array_append_val(nodes, own);
	return nodes;
}

GArray *kernel_refs_numbers(KernelRefs *self, guint32 owner)
{
	GArray *numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
	g_autoptr(GArray) nodes = kernel_refs_nodes(self, owner);
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < nodes->len; i++) {
		guint32 number = node_number(g_array_index(nodes, guint64, i));

		if (number != owner &&
			g_hash_table_add(seen, GUINT_TO_POINTER(number)))
			g_array_append_val(numbers, number);
	}
	return numbers;
}
