#include "fs/keeper/kept.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs/keeper/fuse_wire.h"
#include "fs/keeper/kept_layout.h"

/* The area of the calling thread.  A process has one Kept. */
static __thread Area *mine;
static pthread_key_t leaving;
static pthread_once_t leaving_made = PTHREAD_ONCE_INIT;
static Kept *of_leaving;

/* ---- the memory ---- */

static guint32 *dirs_of(const Kept *self)
{
	return (guint32 *)(void *)(self->base + AT_DIRS);
}

static guint32 *files_of(const Kept *self)
{
	return (guint32 *)(void *)(self->base + AT_FILES);
}

static guint32 *removed_of(const Kept *self)
{
	return (guint32 *)(void *)(self->base + AT_REMOVED);
}

static void thread_leaves(void *area)
{
	Kept *self = of_leaving;

	if (!self)
		return;
	mutex_lock(&self->lock);
	self->taken[(Area *)area - self->areas] = FALSE;
	mutex_unlock(&self->lock);
}

static void make_leaving(void)
{
	if (pthread_key_create(&leaving, thread_leaves))
		g_error("no key for threads");
}

static Kept *map_memory(int fd)
{
	char *base = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_NORESERVE, fd, 0);
	Kept *self;

	if (base == MAP_FAILED) {
		close(fd);
		return NULL;
	}
	self = g_new0(Kept, 1);
	mutex_init(&self->lock);
	mutex_is_held(&self->lock); /* nobody else knows it yet */
	self->fd = fd;
	self->base = base;
	self->head = (Head *)(void *)base;
	self->areas = (Area *)(void *)(base + AT_AREAS);
	self->handles = (KeptHandle *)(void *)(base + AT_HANDLES);
	self->free_handles = g_array_new(FALSE, FALSE, sizeof(guint16));
	self->free_debts = g_array_new(FALSE, FALSE, sizeof(guint32));
	self->debts = (KeptNews *)(void *)(base + AT_DEBTS);
	pthread_once(&leaving_made, make_leaving);
	of_leaving = self;
	return self;
}

static void find_free(Kept *self)
{
	mutex_lock(&self->lock);
	for (guint32 i = self->head->debts_end; i-- > 0;) {
		if (!self->debts[i].state)
			g_array_append_val(self->free_debts, i);
	}
	for (guint i = self->head->handles_end; i-- > 0;) {
		guint16 place = (guint16)i;

		if (!self->handles[i].number)
			g_array_append_val(self->free_handles, place);
	}
	mutex_unlock(&self->lock);
}

Kept *kept_new(void)
{
	int fd = memfd_create("sessionfs", MFD_CLOEXEC);
	Kept *self;

	if (fd < 0 || ftruncate(fd, (off_t)SIZE_ALL)) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	self = map_memory(fd);
	if (self)
		self->head->layout = LAYOUT;
	return self;
}

Kept *kept_watch(int fd)
{
	Kept *self = map_memory(fd);

	if (self && self->head->layout != LAYOUT) {
		kept_free(self);
		errno = EPROTO;
		return NULL;
	}
	return self;
}

static void take_back(Kept *self, const Area *area);
static void count_forgets(Kept *self, const Area *area);

/* What the dead worker's threads were at.  Claims that nobody can judge yet stay. */
static void settle(Kept *self)
{
	for (guint i = 0; i < AREAS; i++) {
		Area *area = &self->areas[i];

		if (area->given && !area->unique) {
			take_back(self, area);
			area->given = 0;
		}
		count_forgets(self, area);
		memset(area->read, 0, sizeof(guint32));
		area->forgot = 0;
	}
	find_free(self);
}

Kept *kept_attach(int fd)
{
	Kept *self = kept_watch(fd);

	if (self)
		settle(self);
	return self;
}

void kept_free(Kept *self)
{
	if (!self)
		return;
	of_leaving = NULL;
	munmap(self->base, SIZE);
	close(self->fd);
	mutex_destroy(&self->lock);
	g_array_unref(self->free_handles);
	g_array_unref(self->free_debts);
	g_free(self);
}

int kept_fd(const Kept *self)
{
	return self ? self->fd : -1;
}

/* ---- INIT ---- */

void kept_init_set(Kept *self, gboolean reply, const void *bytes, gsize n)
{
	if (!self || n > KEPT_INIT_MAX)
		return;
	memcpy(self->head->init[reply], bytes, n);
	self->head->init_len[reply] = (guint32)n;
}

gsize kept_init_get(const Kept *self, gboolean reply, const void **ret)
{
	if (!self)
		return 0;
	*ret = self->head->init[reply];
	return MIN(self->head->init_len[reply], KEPT_INIT_MAX);
}

/* ---- references ---- */

static guint32 *place_of(const Kept *self, guint64 node)
{
	return node_slot(node) ? &files_of(self)[node]
			       : &dirs_of(self)[node_number(node)];
}

static gboolean is_node(guint64 node)
{
	return node < NUMBERS * NODE_SLOTS;
}

void kept_refs_set(Kept *self, guint64 node, guint32 count)
{
	if (self && is_node(node))
		__atomic_store_n(place_of(self, node), count, __ATOMIC_RELAXED);
}

void kept_removed_set(Kept *self, guint32 number, guint32 times)
{
	if (self && number < NUMBERS)
		removed_of(self)[number] = times;
}

/* Calls for each number that is not 0 of a part of the file, by pages that exist. */
static void each_number(Kept *self, guint64 at, guint64 n, guint64 step,
	KeptEach each, void *data)
{
	off_t end = (off_t)(at + n * sizeof(guint32)), from = (off_t)at;

	while (from < end && (from = lseek(self->fd, from, SEEK_DATA)) >= 0 &&
		from < end) {
		guint64 first = ((guint64)from - at) / sizeof(guint32);
		guint64 last = MIN(n, first + PAGE / sizeof(guint32));
		const guint32 *all = (const guint32 *)(void *)(self->base + at);

		for (guint64 i = first; i < last; i++)
			if (all[i])
				each(i * step, all[i], data);
		from = (off_t)(at + last * sizeof(guint32));
	}
}

void kept_refs_each(Kept *self, KeptEach each, void *data)
{
	if (!self)
		return;
	each_number(self, AT_DIRS, NUMBERS, NODE_SLOTS, each, data);
	each_number(self, AT_FILES, NUMBERS * NODE_SLOTS, 1, each, data);
}

void kept_removed_each(Kept *self, KeptEach each, void *data)
{
	if (self)
		each_number(self, AT_REMOVED, NUMBERS, 1, each, data);
}

static void drop(Kept *self, guint64 node, guint64 count)
{
	guint32 *refs = is_node(node) ? place_of(self, node) : NULL;

	if (refs)
		*refs -= (guint32)MIN(count, *refs);
}

/* ---- threads ---- */

static void take_back(Kept *self, const Area *area)
{
	for (guint i = 0; i < MIN(area->given, GIVEN_MAX); i++)
		drop(self, area->nodes[i], 1);
}

/* Wire facts (linux/fuse.h): what follows the header of a FORGET. */
typedef struct {
	guint64 node, count;
} InForget;

#define OP_FORGET_ONE 2
#define OP_FORGET_MANY 42

/* The pairs of a BATCH_FORGET stand behind a count and padding. */
static InForget forget_at(const Area *area, guint i)
{
	gsize at = sizeof(InHeader) + 8 + i * sizeof(InForget);
	InForget one;
	char bytes[sizeof(one)];

	for (gsize k = 0; k < sizeof(one); k++)
		bytes[k] = at + k < KEPT_READ ? area->read[at + k]
					      : area->rest[at + k - KEPT_READ];
	memcpy(&one, bytes, sizeof(one));
	return one;
}

static void count_forgets(Kept *self, const Area *area)
{
	guint32 count = 0;
	InHeader header;
	guint64 refs;

	memcpy(&header, area->read, sizeof(header));
	if (!header.len || header.len > KEPT_READ + REST_MAX)
		return;
	if (header.opcode == OP_FORGET_ONE && !area->forgot) {
		memcpy(&refs, area->read + sizeof(header), sizeof(refs));
		drop(self, header.node, refs);
	} else if (header.opcode == OP_FORGET_MANY) {
		memcpy(&count, area->read + sizeof(header), sizeof(count));
		count = MIN(count,
			(header.len - sizeof(header)) / sizeof(InForget));
		for (guint i = area->forgot; i < count; i++) {
			InForget one = forget_at(area, i);

			drop(self, one.node, one.count);
		}
	}
}

/* One that no claim of a dead thread is in, if there is one. */
static Area *take_area(Kept *self)
{
	Area *found = NULL;

	mutex_lock(&self->lock);
	for (guint i = 0; i < AREAS; i++) {
		if (self->taken[i])
			continue;
		if (!found || found->given)
			found = &self->areas[i];
	}
	if (found)
		self->taken[found - self->areas] = TRUE;
	mutex_unlock(&self->lock);
	if (found) {
		found->given = 0;
		found->unique = 0;
	}
	return found;
}

static Area *area_of(Kept *self)
{
	if (!mine && self) {
		mine = take_area(self);
		pthread_setspecific(leaving, mine);
	}
	return self ? mine : NULL;
}

void *kept_read_begin(Kept *self)
{
	Area *area = area_of(self);

	if (!area)
		return NULL;
	memset(area->read, 0, sizeof(guint32));
	__atomic_store_n(&area->forgot, 0, __ATOMIC_RELEASE);
	return area->read;
}

void kept_read_rest(Kept *self, const void *rest, gsize n)
{
	Area *area = area_of(self);

	if (area)
		memcpy(area->rest, rest, MIN(n, REST_MAX));
}

void kept_gave(Kept *self, guint64 node)
{
	Area *area = area_of(self);

	if (!area || area->given >= GIVEN_MAX)
		return;
	area->nodes[area->given] = node;
	__atomic_store_n(&area->given, area->given + 1, __ATOMIC_RELEASE);
}

void kept_reply_begin(Kept *self, guint64 unique)
{
	Area *area = area_of(self);

	if (area && area->given)
		__atomic_store_n(&area->unique, unique, __ATOMIC_RELEASE);
}

void kept_reply_end(Kept *self, gboolean counts)
{
	Area *area = area_of(self);

	if (!self)
		return;
	if (counts)
		__atomic_add_fetch(&self->head->answers, 1, __ATOMIC_RELAXED);
	if (!area || !area->given)
		return;
	__atomic_store_n(&area->given, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&area->unique, 0, __ATOMIC_RELEASE);
}

void kept_forgot(Kept *self)
{
	Area *area = area_of(self);

	if (area)
		__atomic_add_fetch(&area->forgot, 1, __ATOMIC_RELEASE);
}

GArray *kept_resent(Kept *self, guint64 unique)
{
	GArray *nodes = NULL;

	if (!self)
		return NULL;
	mutex_lock(&self->lock);
	for (guint i = 0; i < AREAS && !nodes; i++) {
		Area *area = &self->areas[i];

		if (self->taken[i] || !area->given || area->unique != unique)
			continue;
		nodes = g_array_new(FALSE, FALSE, sizeof(guint64));
		g_array_append_vals(
			nodes, area->nodes, MIN(area->given, GIVEN_MAX));
		area->given = 0;
		area->unique = 0;
	}
	mutex_unlock(&self->lock);
	return nodes;
}

guint64 kept_answers(const Kept *self)
{
	return self ? __atomic_load_n(&self->head->answers, __ATOMIC_RELAXED)
		    : 0;
}

void kept_beat(Kept *self, gboolean judged)
{
	if (judged && self)
		__atomic_add_fetch(&self->head->beats, 1, __ATOMIC_RELAXED);
	else if (self)
		__atomic_store_n(&self->head->beats, 0, __ATOMIC_RELAXED);
}

guint64 kept_beats(const Kept *self)
{
	return self ? __atomic_load_n(&self->head->beats, __ATOMIC_RELAXED) : 0;
}
