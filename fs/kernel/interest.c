#include "fs/kernel/interest.h"

#include "backends/base/mutex.h"
#include "cache/base/failpoint.h"
#include "cache/base/locked.h"
#include "fs/base/node.h"
#include "fs/base/proc.h"
#include "fs/kernel/negative_names.h"
#include "fs/kernel/kernel_refs.h"
#include "fs/tree/tree.h"

/* Names that the kernel may believe to be absent; beyond that it asks anew. */
#define DENIED_MAX 10000u

/* Names that the kernel is known to remember as absent; beyond that it is made to
 * forget them. */
#define NEGATIVE_NAMES_MAX 20000u

/* Lookups since the last listing that make `ls -l` worth a READDIRPLUS. */
#define STORM 64u

/* Sessions of a workspace that are told to be watched; the listing brings the
 * others. */
#define WATCHED_MAX 1024u

typedef enum {
	LOOKED,   /* an upcall came within the window */
	CHECKING, /* the kernel was asked to forget; what stays is held */
	IDLE,     /* nobody looks, or only what holds on does */
} Watching;

/* A provider or workspace directory. */
typedef struct {
	guint32 number, parent;
	Watching watching;
	gint64 since_us; /* of the last upcall, or of that question */
	guint64 refs;    /* the kernel's references here and below */
	guint lookups;   /* since the last listing */
	gboolean listed; /* the kernel has all of that listing */
	guint64 emitted; /* of these references, those that the emitter got since
	                     the kernel was asked to forget */
} Directory;

struct Interest {
	const Clock *clock;
	Mutex lock; /* never held across the cache */
	GHashTable *directories GUARDED_BY(lock); /* number -> Directory * */
	GHashTable *denied GUARDED_BY(lock);      /* "parent/name": a set */
	NegativeNames *negative GUARDED_BY(lock);
	KernelRefs *refs GUARDED_BY(lock);
	gint64 window_us;
	char *mountpoint;
	Cache *cache;
	Kept *kept;
};

static void hold_again(guint64 node, guint32 count, void *data);
static void removed_before(guint64 number, guint32 times, void *data);

Interest *interest_new(Cache *cache, const Clock *clock, const char *mountpoint,
	gint64 window_us, Kept *kept)
{
	Interest *self = g_new0(Interest, 1);

	self->clock = clock;
	mutex_init(&self->lock);
	self->directories = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	self->denied =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->negative = negative_names_new();
	self->refs = kernel_refs_new(kept);
	self->window_us = window_us;
	self->mountpoint = g_strdup(mountpoint);
	self->cache = cache;
	self->kept = kept;
	if (!failpoint_flaw("regenerated"))
		kept_removed_each(kept, removed_before, self);
	if (!failpoint_flaw("unheld"))
		kept_refs_each(kept, hold_again, self);
	return self;
}

void interest_free(Interest *self)
{
	mutex_destroy(&self->lock);
	negative_names_free(self->negative);
	kernel_refs_free(self->refs);
	g_free(self->mountpoint);
	g_hash_table_destroy(self->directories);
	g_hash_table_destroy(self->denied);
	g_free(self);
}

/* Asks the cache only for what was never seen. */
static guint32 find_owner(Interest *self, guint32 number)
{
	guint32 owner;
	Entry entry;

	if (!number || number > CACHE_NUMBER_MAX)
		return 0;
	owner = LOCKED(&self->lock, kernel_refs_owner(self->refs, number));
	if (owner || !cache_entry(self->cache, number, &entry))
		return owner;
	owner = entry.workspace ? entry.workspace : entry.provider;
	mutex_lock(&self->lock);
	kernel_refs_own(self->refs, number, owner,
		entry.kind == ENTRY_GROUP ? entry.by : BY_NAME);
	mutex_unlock(&self->lock);
	return owner;
}

static Directory *directory(Interest *self, guint32 number) REQUIRES(self->lock)
{
	Directory *found = g_hash_table_lookup(
		self->directories, GUINT_TO_POINTER(number));

	if (!found) {
		found = g_new0(Directory, 1);
		found->number = number;
		found->watching = IDLE;
		g_hash_table_insert(
			self->directories, GUINT_TO_POINTER(number), found);
	}
	return found;
}

void interest_look(Interest *self, guint32 number)
{
	guint32 owner = find_owner(self, number);

	if (!owner)
		return;
	mutex_lock(&self->lock);
	Directory *seen = directory(self, owner);

	seen->watching = LOOKED;
	seen->since_us = clock_now_us(self->clock);
	mutex_unlock(&self->lock);
	cache_look(self->cache, number);
}

static void hold(Interest *self, fuse_ino_t node, guint64 count)
{
	guint32 owner = find_owner(self, node_number(node));

	mutex_lock(&self->lock);
	kernel_refs_add(self->refs, node, count);
	if (owner)
		directory(self, owner)->refs += count;
	mutex_unlock(&self->lock);
}

void interest_hold(Interest *self, fuse_ino_t node)
{
	hold(self, node, 1);
	kept_gave(self->kept, node);
}

/* Whoever held it then may look at it now. */
static void hold_again(guint64 node, guint32 count, void *data)
{
	Interest *self = data;
	guint32 number = node_number(node);

	hold(self, node, count);
	if (cache_home(self->cache, number) == number)
		interest_look(self, number);
}

static void removed_before(guint64 number, guint32 times, void *data)
{
	Interest *self = data;

	mutex_lock(&self->lock);
	kernel_refs_removed_before(self->refs, (guint32)number, times);
	mutex_unlock(&self->lock);
}

static void doubt(guint64 node, guint32 count, void *data)
{
	Notify *notify = data;

	if (node_slot(node))
		notify_inode(notify, node);
	else
		notify_listing(notify, node);
}

void interest_doubt_all(Interest *self, Notify *notify)
{
	notify_anew(notify);
	notify_listing(notify, NODE_ROOT);
	kept_refs_each(self->kept, doubt, notify);
}

void interest_forget(Interest *self, fuse_ino_t node, guint64 count)
{
	guint32 owner = find_owner(self, node_number(node));
	gboolean released = FALSE;

	mutex_lock(&self->lock);
	kernel_refs_drop(self->refs, node, count);
	if (owner) {
		Directory *seen = directory(self, owner);

		seen->refs -= MIN(count, seen->refs);
		released = !seen->refs && seen->watching != CHECKING;
	}
	mutex_unlock(&self->lock);
	if (released)
		cache_hold(self->cache, owner, FALSE);
}

void interest_emitted(Interest *self, guint32 number)
{
	mutex_lock(&self->lock);
	directory(self, number)->emitted++;
	mutex_unlock(&self->lock);
}

gboolean interest_holds(Interest *self, fuse_ino_t node)
{
	return LOCKED(&self->lock,
		node == NODE_ROOT || kernel_refs_count(self->refs, node));
}

void interest_removed(Interest *self, fuse_ino_t node)
{
	if (node_slot(node))
		return;
	mutex_lock(&self->lock);
	kernel_refs_removed(self->refs, node_number(node));
	mutex_unlock(&self->lock);
}

guint64 interest_generation(Interest *self, guint32 number)
{
	return LOCKED(&self->lock, kernel_refs_generation(self->refs, number));
}

guint32 interest_slots(Interest *self, guint32 number)
{
	return LOCKED(&self->lock, kernel_refs_slots(self->refs, number));
}

ByWhat interest_group(Interest *self, guint32 number)
{
	return LOCKED(&self->lock, kernel_refs_group(self->refs, number));
}

GArray *interest_numbers(Interest *self, guint32 owner)
{
	return LOCKED(&self->lock, kernel_refs_numbers(self->refs, owner));
}

void interest_negative(Interest *self, fuse_ino_t dir, const char *name)
{
	guint32 owner = find_owner(self, node_number(dir));

	if (!owner)
		return;
	mutex_lock(&self->lock);
	negative_names_add(self->negative, owner, dir, name);
	mutex_unlock(&self->lock);
}

gboolean interest_present(Interest *self, fuse_ino_t dir, const char *name)
{
	gboolean was = FALSE;
	guint32 owner;

	mutex_lock(&self->lock);
	owner = kernel_refs_owner(self->refs, node_number(dir));
	if (owner && negative_names_count(self->negative))
		was = negative_names_remove(self->negative, owner, dir, name);
	mutex_unlock(&self->lock);
	return was;
}

static char *denied_key(guint32 parent, const char *name)
{
	return g_strdup_printf("%u/%s", parent, name);
}

void interest_denied(Interest *self, guint32 parent, const char *name)
{
	mutex_lock(&self->lock);
	if (g_hash_table_size(self->denied) < DENIED_MAX)
		g_hash_table_add(self->denied, denied_key(parent, name));
	mutex_unlock(&self->lock);
}

gboolean interest_appeared(Interest *self, guint32 parent, const char *name)
{
	gboolean was = FALSE;

	mutex_lock(&self->lock);
	if (g_hash_table_size(self->denied)) {
		g_autofree char *key = denied_key(parent, name);

		was = g_hash_table_remove(self->denied, key);
	}
	mutex_unlock(&self->lock);
	return interest_present(
		       self, parent ? node_make(parent, 0) : NODE_ROOT, name) ||
	       was;
}

gboolean interest_is_denied(Interest *self, guint32 parent, const char *name)
{
	g_autofree char *key = denied_key(parent, name);

	return LOCKED(&self->lock, g_hash_table_contains(self->denied, key));
}

gboolean interest_lookup_storm(Interest *self, guint32 parent)
{
	guint32 owner = find_owner(self, parent);
	gboolean storm = FALSE;

	if (owner != parent || !owner)
		return FALSE;
	mutex_lock(&self->lock);
	Directory *seen = directory(self, owner);

	storm = seen->listed && ++seen->lookups == STORM;
	mutex_unlock(&self->lock);
	return storm;
}

void interest_listed(Interest *self, guint32 parent, gboolean to_the_end)
{
	guint32 owner = find_owner(self, parent);

	if (owner != parent || !owner)
		return;
	mutex_lock(&self->lock);
	Directory *seen = directory(self, owner);

	seen->lookups = 0;
	seen->listed = to_the_end;
	mutex_unlock(&self->lock);
}

guint64 interest_held(Interest *self, guint32 number)
{
	const Directory *seen;
	guint64 refs;

	mutex_lock(&self->lock);
	seen = g_hash_table_lookup(self->directories, GUINT_TO_POINTER(number));
	refs = seen ? seen->refs : 0;
	mutex_unlock(&self->lock);
	return refs;
}

typedef struct {
	guint32 number;
	gboolean forget; /* else: decide whether it is held */
	gboolean refs;
} Verdict;

/* Under the lock: what the passing of time means for one directory. */
static gboolean judge(Interest *self, Directory *seen, gint64 now, Verdict *ret)
{
	gint64 age = now - seen->since_us;
	gint64 grace = MIN(self->window_us / 4, G_TIME_SPAN_SECOND);

	if (seen->watching == CHECKING && age >= grace) {
		seen->watching = IDLE;
		/* More than the emitter's way.  (When that was forgotten, so was
		 * all else.) */
		*ret = (Verdict){
			seen->number, FALSE, seen->refs > seen->emitted};
		return TRUE;
	}
	/* Again each window, since what was let go may be cached still. */
	if (seen->refs && seen->watching != CHECKING &&
		age >= self->window_us + grace) {
		seen->watching = CHECKING;
		seen->since_us = now;
		seen->emitted = 0;
		*ret = (Verdict){seen->number, TRUE, FALSE};
		return TRUE;
	}
	return FALSE;
}

/* All of an owner's, or everybody's (0); where somebody is parked, later. */
static void drop_negative(Interest *self, Notify *notify, guint32 owner)
{
	g_autoptr(GPtrArray) entries = NULL;

	entries =
		LOCKED(&self->lock, negative_names_take(self->negative, owner));
	for (guint i = 0; i < entries->len; i++) {
		const char *name;
		guint64 dir = negative_names_parent(entries->pdata[i], &name);

		if (!notify_drop(notify, dir, name))
			interest_negative(self, dir, name);
	}
}

/* FALSE when this kernel cannot. */
static gboolean prune(Interest *self, Notify *notify, guint32 owner)
{
	g_autoptr(GArray) nodes = NULL;

	drop_negative(self, notify, owner);
	nodes = LOCKED(&self->lock, kernel_refs_nodes(self->refs, owner));
	return notify_prune(notify, nodes);
}

/*
 * For kernels that cannot prune.  Invalidating the entry makes them drop what
 * is merely cached, but also cuts off a process that works there: its getcwd(3)
 * fails.  So who works there is looked for first, and counts as a holder.
 */
static void invalidate(Interest *self, Notify *notify, const Entry *entry)
{
	g_autofree char *name = cache_name(self->cache, entry->number);
	g_autofree char *below = cache_path(self->cache, entry->number);
	g_autofree char *path = NULL;

	if (!name || !below)
		return;
	path = g_build_filename(self->mountpoint, below, NULL);
	if (!proc_works_below(path))
		notify_entry(notify,
			entry->parent ? node_make(entry->parent, 0) : NODE_ROOT,
			name);
}

/* Groups and requests say nothing of a session. */
static void keep_sessions(Interest *self, GArray *numbers)
{
	guint n = 0;
	Entry entry;

	for (guint i = 0; i < numbers->len; i++) {
		guint32 number = g_array_index(numbers, guint32, i);

		if (cache_entry(self->cache, number, &entry) &&
			entry.kind == ENTRY_SESSION)
			g_array_index(numbers, guint32, n++) = number;
	}
	g_array_set_size(numbers, n);
}

/* What was merely cached is forgotten by now. */
static void reconcile(Interest *self, const Verdict *verdict)
{
	g_autoptr(GArray) refs = interest_numbers(self, verdict->number);

	keep_sessions(self, refs);
	cache_hold(self->cache, verdict->number, verdict->refs);
	cache_watch(self->cache, verdict->number,
		(const guint32 *)(void *)refs->data,
		MIN(refs->len, WATCHED_MAX));
}

static void carry_out(Interest *self, Notify *notify, const Verdict *verdict)
{
	Entry entry;

	if (!verdict->forget)
		reconcile(self, verdict);
	else if (!prune(self, notify, verdict->number) &&
		 cache_entry(self->cache, verdict->number, &entry))
		invalidate(self, notify, &entry);
}

/* Too many to remember: the kernel is told to ask for each of them again. */
static void flush_denied(Interest *self, Notify *notify)
{
	g_autoptr(GHashTable) full = NULL;
	GHashTableIter iter;
	gpointer key;

	mutex_lock(&self->lock);
	if (g_hash_table_size(self->denied) >= DENIED_MAX) {
		full = self->denied;
		self->denied = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, NULL);
	}
	mutex_unlock(&self->lock);
	if (!full)
		return;
	g_hash_table_iter_init(&iter, full);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		char *name;
		guint64 parent = g_ascii_strtoull(key, &name, 10);

		notify_entry(notify,
			parent ? node_make((guint32)parent, 0) : NODE_ROOT,
			name + 1);
	}
}

static void flush_negative(Interest *self, Notify *notify)
{
	gboolean full = LOCKED(&self->lock,
		negative_names_count(self->negative) >= NEGATIVE_NAMES_MAX);

	if (full)
		drop_negative(self, notify, 0);
}

void interest_tick(Interest *self, Notify *notify)
{
	g_autoptr(GArray) verdicts = g_array_new(FALSE, FALSE, sizeof(Verdict));
	gint64 now = clock_now_us(self->clock);
	GHashTableIter iter;
	gpointer value;

	mutex_lock(&self->lock);
	g_hash_table_iter_init(&iter, self->directories);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Verdict verdict;

		if (judge(self, value, now, &verdict))
			g_array_append_val(verdicts, verdict);
	}
	mutex_unlock(&self->lock);
	flush_denied(self, notify);
	flush_negative(self, notify);
	for (guint i = 0; i < verdicts->len; i++)
		carry_out(self, notify, &g_array_index(verdicts, Verdict, i));
}
