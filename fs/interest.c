#include "interest.h"

#include <pthread.h>

#include "name.h"
#include "node.h"

#define CHUNK 65536u
#define CHUNKS ((CACHE_NUMBER_MAX + 1) / CHUNK)

/* Names that the kernel may believe to be absent; beyond that it asks anew. */
#define DENIED_MAX 10000u

/* Lookups since the last listing that make `ls -l` worth a READDIRPLUS. */
#define STORM 64u

typedef enum {
	LOOKED,   /* an upcall came within the window */
	CHECKING, /* the entry is being invalidated; what stays is held */
	IDLE,     /* nobody looks, or only what holds on does */
} Watching;

/* A provider or workspace directory. */
typedef struct {
	guint32 number, parent;
	Watching watching;
	gint64 since_us; /* of the last upcall, or of the invalidation */
	guint64 held;    /* the kernel's references here and below */
	guint lookups;   /* since the last listing */
} Directory;

struct Interest {
	pthread_mutex_t lock;    /* of all below; never held across the cache */
	GHashTable *directories; /* number -> Directory * */
	GHashTable *denied;      /* "parent/name": a set */
	guint32 *owners[CHUNKS]; /* number -> the directory it is counted for */
	gint64 window_us;
	Cache *cache;
};

Interest *interest_new(Cache *cache, gint64 window_us)
{
	Interest *self = g_new0(Interest, 1);

	pthread_mutex_init(&self->lock, NULL);
	self->directories = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	self->denied =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self->window_us = window_us;
	self->cache = cache;
	return self;
}

void interest_free(Interest *self)
{
	if (!self)
		return;
	for (guint i = 0; i < CHUNKS; i++)
		g_free(self->owners[i]);
	g_hash_table_destroy(self->directories);
	g_hash_table_destroy(self->denied);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}

/* The directory that a number's references are counted for; 0 when unknown.
 * Kept here, since a session's references outlive the session. */
static guint32 *owner_slot(Interest *self, guint32 number)
{
	guint32 **chunk = &self->owners[number / CHUNK];

	if (!*chunk)
		*chunk = g_new0(guint32, CHUNK);
	return &(*chunk)[number % CHUNK];
}

static guint32 owner_of(const Entry *entry)
{
	return entry->workspace ? entry->workspace : entry->provider;
}

/* Asks the cache only for what was never seen. */
static guint32 find_owner(Interest *self, guint32 number)
{
	guint32 owner;
	Entry entry;

	if (!number || number > CACHE_NUMBER_MAX)
		return 0;
	pthread_mutex_lock(&self->lock);
	owner = *owner_slot(self, number);
	pthread_mutex_unlock(&self->lock);
	if (owner || !cache_entry(self->cache, number, &entry))
		return owner;
	owner = owner_of(&entry);
	pthread_mutex_lock(&self->lock);
	*owner_slot(self, number) = owner;
	pthread_mutex_unlock(&self->lock);
	return owner;
}

/* Under the lock. */
static Directory *directory(Interest *self, guint32 number)
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
	pthread_mutex_lock(&self->lock);
	Directory *seen = directory(self, owner);

	seen->watching = LOOKED;
	seen->since_us = g_get_monotonic_time();
	pthread_mutex_unlock(&self->lock);
	cache_look(self->cache, owner);
}

void interest_hold(Interest *self, guint32 number, guint64 count)
{
	guint32 owner = find_owner(self, number);

	if (!owner)
		return;
	pthread_mutex_lock(&self->lock);
	directory(self, owner)->held += count;
	pthread_mutex_unlock(&self->lock);
}

void interest_forget(Interest *self, guint32 number, guint64 count)
{
	guint32 owner = find_owner(self, number);
	gboolean released = FALSE;

	if (!owner)
		return;
	pthread_mutex_lock(&self->lock);
	Directory *seen = directory(self, owner);

	seen->held -= MIN(count, seen->held);
	released = !seen->held && seen->watching == IDLE;
	pthread_mutex_unlock(&self->lock);
	if (released)
		cache_hold(self->cache, owner, FALSE);
}

static char *denied_key(guint32 parent, const char *name)
{
	return g_strdup_printf("%u/%s", parent, name);
}

gboolean interest_denied(Interest *self, guint32 parent, const char *name)
{
	gboolean kept;

	pthread_mutex_lock(&self->lock);
	kept = g_hash_table_size(self->denied) < DENIED_MAX;
	if (kept)
		g_hash_table_add(self->denied, denied_key(parent, name));
	pthread_mutex_unlock(&self->lock);
	return kept;
}

gboolean interest_appeared(Interest *self, guint32 parent, const char *name)
{
	gboolean was = FALSE;

	pthread_mutex_lock(&self->lock);
	if (g_hash_table_size(self->denied)) {
		g_autofree char *key = denied_key(parent, name);

		was = g_hash_table_remove(self->denied, key);
	}
	pthread_mutex_unlock(&self->lock);
	return was;
}

gboolean interest_is_denied(Interest *self, guint32 parent, const char *name)
{
	g_autofree char *key = denied_key(parent, name);
	gboolean is;

	pthread_mutex_lock(&self->lock);
	is = g_hash_table_contains(self->denied, key);
	pthread_mutex_unlock(&self->lock);
	return is;
}

gboolean interest_lookup_storm(Interest *self, guint32 parent)
{
	guint32 owner = find_owner(self, parent);
	gboolean storm = FALSE;

	if (owner != parent || !owner)
		return FALSE;
	pthread_mutex_lock(&self->lock);
	storm = ++directory(self, owner)->lookups == STORM;
	pthread_mutex_unlock(&self->lock);
	return storm;
}

void interest_listed(Interest *self, guint32 parent)
{
	guint32 owner = find_owner(self, parent);

	if (owner != parent || !owner)
		return;
	pthread_mutex_lock(&self->lock);
	directory(self, owner)->lookups = 0;
	pthread_mutex_unlock(&self->lock);
}

guint64 interest_held(Interest *self, guint32 number)
{
	guint64 held;

	pthread_mutex_lock(&self->lock);
	held = directory(self, number)->held;
	pthread_mutex_unlock(&self->lock);
	return held;
}

typedef struct {
	guint32 number;
	gboolean invalidate; /* else: decide whether it is held */
	gboolean held;
} Verdict;

/* Under the lock: what the passing of time means for one directory. */
static gboolean judge(Interest *self, Directory *seen, gint64 now, Verdict *ret)
{
	gint64 age = now - seen->since_us;
	gboolean looked = seen->watching == LOOKED;
	gint64 grace = MIN(self->window_us / 4, G_TIME_SPAN_SECOND);

	if (seen->watching == CHECKING && age >= grace) {
		seen->watching = IDLE;
		*ret = (Verdict){seen->number, FALSE, seen->held > 0};
		return TRUE;
	}
	/* What is held is looked at again, since a file once open may be
	 * closed and its inode kept by the kernel's cache alone. */
	if (seen->held && seen->watching != CHECKING &&
		age >= self->window_us + (looked ? grace : 0)) {
		seen->watching = CHECKING;
		seen->since_us = now;
		*ret = (Verdict){seen->number, TRUE, FALSE};
		return TRUE;
	}
	return FALSE;
}

typedef struct {
	Notify *notify;
	guint32 number;
} Naming;

static gboolean invalidate_named(
	const Entry *entry, const char *name, void *data)
{
	Naming *naming = data;

	if (entry->number == naming->number) {
		notify_entry(naming->notify,
			entry->parent ? node_make(entry->parent, 0) : NODE_ROOT,
			name);
	}
	return FALSE;
}

static void carry_out(Interest *self, Notify *notify, const Verdict *verdict)
{
	Naming naming = {notify, verdict->number};
	Entry entry;

	if (!verdict->invalidate) {
		cache_hold(self->cache, verdict->number, verdict->held);
		return;
	}
	if (cache_entry(self->cache, verdict->number, &entry))
		cache_list(self->cache, entry.parent, entry.number - 1,
			invalidate_named, &naming, NULL);
}

void interest_tick(Interest *self, Notify *notify)
{
	g_autoptr(GArray) verdicts = g_array_new(FALSE, FALSE, sizeof(Verdict));
	gint64 now = g_get_monotonic_time();
	GHashTableIter iter;
	gpointer value;

	pthread_mutex_lock(&self->lock);
	g_hash_table_iter_init(&iter, self->directories);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Verdict verdict;

		if (judge(self, value, now, &verdict))
			g_array_append_val(verdicts, verdict);
	}
	pthread_mutex_unlock(&self->lock);
	for (guint i = 0; i < verdicts->len; i++)
		carry_out(self, notify, &g_array_index(verdicts, Verdict, i));
}
