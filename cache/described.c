#include "described.h"

#include <pthread.h>
#include <string.h>

#include "core.h"
#include "hash.h"

#define ENTRIES_MAX 4096u
#define BYTES_MAX (64u * 1024 * 1024)
/* An answer counts so long at least, so that he who waited for it gets it; a
 * refusal so long. */
#define FRESH_US G_USEC_PER_SEC

typedef struct {
	guint64 key;
	GBytes *bytes;   /* NULL: none were got, or they were dropped */
	guint64 hash;    /* of the last ones */
	gsize size;      /* likewise */
	gint64 mtime_ns; /* likewise; 0: there never were any */
	gint64 until_ms;
	gint64 fresh_us; /* monotonic: bytes or error count until then */
	GError *error;
	gboolean asking;
	gboolean answered; /* and nothing has happened since */
	GList link;        /* in `used`, but not while it is asked for */
} Kept;

struct Described {
	pthread_mutex_t lock;
	GHashTable *kept; /* by key */
	GQueue used;      /* Kept: the longest unused first */
	gsize bytes;
	gboolean full; /* something went to make room */
};

static guint64 key_of(guint32 number, guint file)
{
	return (guint64)number << 8 | file;
}

static void kept_free(gpointer data)
{
	Kept *kept = data;

	g_clear_pointer(&kept->bytes, g_bytes_unref);
	g_clear_error(&kept->error);
	g_free(kept);
}

Described *described_new(void)
{
	Described *self = g_new0(Described, 1);

	pthread_mutex_init(&self->lock, NULL);
	self->kept = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, NULL, kept_free);
	g_queue_init(&self->used);
	return self;
}

void described_free(Described *self)
{
	if (self == NULL)
		return;
	g_hash_table_unref(self->kept);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}

/* ---- with the lock ---- */

static Kept *kept_find(Described *self, guint32 number, guint file)
{
	guint64 key = key_of(number, file);

	return g_hash_table_lookup(self->kept, &key);
}

static void bytes_drop(Described *self, Kept *kept)
{
	if (kept->bytes != NULL)
		self->bytes -= kept->size;
	g_clear_pointer(&kept->bytes, g_bytes_unref);
	kept->answered = FALSE;
}

static void kept_remove(Described *self, Kept *kept)
{
	bytes_drop(self, kept);
	if (!kept->asking)
		g_queue_unlink(&self->used, &kept->link);
	g_hash_table_remove(self->kept, &kept->key);
}

/* Keeps within bounds; `spared` was just put in. */
static void make_room(Described *self, const Kept *spared)
{
	while (self->bytes > BYTES_MAX ||
		g_hash_table_size(self->kept) > ENTRIES_MAX) {
		Kept *oldest = g_queue_peek_head(&self->used);

		if (oldest == NULL || oldest == spared)
			return;
		kept_remove(self, oldest);
		self->full = TRUE;
	}
}

static Kept *kept_add(Described *self, guint32 number, guint file)
{
	Kept *kept;

	if (g_hash_table_size(self->kept) >= ENTRIES_MAX &&
		g_queue_is_empty(&self->used))
		return NULL;
	kept = g_new0(Kept, 1);
	kept->key = key_of(number, file);
	kept->link.data = kept;
	g_hash_table_insert(self->kept, &kept->key, kept);
	g_queue_push_tail_link(&self->used, &kept->link);
	make_room(self, kept);
	return kept;
}

static void kept_touch(Described *self, Kept *kept)
{
	if (kept->asking)
		return;
	g_queue_unlink(&self->used, &kept->link);
	g_queue_push_tail_link(&self->used, &kept->link);
}

/* For how long the answer is good, as ContentStat.keep_ms says it. */
static gint64 keep_ms(const Kept *kept)
{
	gint64 fresh_ms =
		(kept->fresh_us - g_get_monotonic_time() + 999) / 1000;

	if (!kept->answered)
		return 0;
	if (kept->until_ms == 0)
		return -1;
	return MAX(0, MAX(fresh_ms, kept->until_ms - now_ms()));
}

/* ---- asking ---- */

static Known answer_of(Kept *kept, GBytes **ret, GError **error)
{
	if (keep_ms(kept) != 0) {
		*ret = kept->bytes != NULL ? g_bytes_ref(kept->bytes) : NULL;
		return KNOWN_YES;
	}
	if (kept->error != NULL && g_get_monotonic_time() < kept->fresh_us) {
		if (error != NULL)
			*error = g_error_copy(kept->error);
		return KNOWN_FAILED;
	}
	return KNOWN_NOT_YET;
}

Known described_open(Described *self, guint32 number, guint file, GBytes **ret,
	gboolean *ret_begin, GError **error)
{
	Known known = KNOWN_NOT_YET;
	Kept *kept;

	pthread_mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	if (kept == NULL)
		kept = kept_add(self, number, file);
	if (kept == NULL) {
		backend_error_set(error, BACKEND_ERROR_BUDGET,
			"too many files are being asked for");
		known = KNOWN_FAILED;
	} else if (!kept->asking) {
		known = answer_of(kept, ret, error);
		kept_touch(self, kept);
		*ret_begin = known == KNOWN_NOT_YET;
	}
	if (*ret_begin) {
		kept->asking = TRUE;
		g_queue_unlink(&self->used, &kept->link);
	}
	pthread_mutex_unlock(&self->lock);
	return known;
}

gboolean described_would_begin(Described *self, guint32 number, guint file)
{
	g_autoptr(GBytes) bytes = NULL;
	gboolean begin;
	Kept *kept;

	pthread_mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	begin = kept == NULL ||
		(!kept->asking &&
			answer_of(kept, &bytes, NULL) == KNOWN_NOT_YET);
	pthread_mutex_unlock(&self->lock);
	return begin;
}

/* What was asked for is there, or not; NULL: it was forgotten meanwhile. */
static Kept *kept_end(Described *self, guint32 number, guint file)
{
	Kept *kept = kept_find(self, number, file);

	if (kept == NULL || !kept->asking)
		return NULL;
	kept->asking = FALSE;
	g_queue_push_tail_link(&self->used, &kept->link);
	kept->fresh_us = g_get_monotonic_time() + FRESH_US;
	g_clear_error(&kept->error);
	return kept;
}

static gboolean bytes_put(
	Described *self, Kept *kept, GBytes *bytes, gint64 mtime_ns)
{
	gsize size = 0;
	const void *data = g_bytes_get_data(bytes, &size);
	guint64 hash = hash_bytes(size > 0 ? data : "", size);
	gboolean first = kept->mtime_ns == 0;
	gboolean same = !first && size == kept->size && hash == kept->hash;

	bytes_drop(self, kept);
	kept->bytes = bytes;
	kept->size = size;
	kept->hash = hash;
	self->bytes += size;
	if (first)
		kept->mtime_ns = MAX(1, mtime_ns);
	else if (!same)
		kept->mtime_ns = time_after(kept->mtime_ns);
	make_room(self, kept);
	return !same;
}

gboolean described_settle(Described *self, guint32 number, guint file,
	GBytes *bytes, gint64 until_ms, gint64 mtime_ns)
{
	gboolean others = FALSE;
	Kept *kept;

	pthread_mutex_lock(&self->lock);
	kept = kept_end(self, number, file);
	if (kept != NULL && bytes != NULL)
		others = bytes_put(
			self, kept, g_steal_pointer(&bytes), mtime_ns);
	if (kept != NULL) {
		kept->answered = TRUE;
		kept->until_ms = until_ms;
	}
	pthread_mutex_unlock(&self->lock);
	g_clear_pointer(&bytes, g_bytes_unref);
	return others;
}

void described_fail(Described *self, guint32 number, guint file, GError *error)
{
	Kept *kept;

	pthread_mutex_lock(&self->lock);
	kept = kept_end(self, number, file);
	if (kept != NULL) {
		kept->error = g_steal_pointer(&error);
		/* Nor is what was good before: it would not have been asked. */
		kept->answered = FALSE;
	}
	pthread_mutex_unlock(&self->lock);
	g_clear_error(&error);
}

void described_forget(Described *self, guint32 number)
{
	pthread_mutex_lock(&self->lock);
	for (guint file = 0; file <= DESCRIBED_WHOLE; file++) {
		Kept *kept = kept_find(self, number, file);

		if (kept != NULL)
			kept_remove(self, kept);
	}
	pthread_mutex_unlock(&self->lock);
}

/* ---- what there is ---- */

gboolean described_stat(
	Described *self, guint32 number, guint file, ContentStat *ret)
{
	const Kept *kept;
	gboolean known;

	pthread_mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	known = kept != NULL && kept->mtime_ns != 0;
	if (known) {
		ret->keep_ms = keep_ms(kept);
		ret->mtime_ns = kept->mtime_ns;
		ret->size = kept->size;
		/* Nobody would read what has no bytes. */
		if (ret->keep_ms == 0 && kept->size == 0)
			ret->size = CACHE_COSTLY_SIZE;
	}
	pthread_mutex_unlock(&self->lock);
	return known;
}

GBytes *described_read(Described *self, guint32 number, guint file)
{
	const Kept *kept;
	GBytes *bytes = NULL;

	pthread_mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	if (kept != NULL && kept->bytes != NULL)
		bytes = g_bytes_ref(kept->bytes);
	pthread_mutex_unlock(&self->lock);
	return bytes;
}

guint described_changed(Described *self, guint32 number, gboolean ended)
{
	guint dropped = 0;

	pthread_mutex_lock(&self->lock);
	for (SessionFile file = 0;
		g_hash_table_size(self->kept) > 0 && file < N_SESSION_FILES;
		file++) {
		Kept *kept = kept_find(self, number, file);

		if (kept == NULL && self->full)
			dropped |= 1u << file;
		if (kept == NULL || kept->bytes == NULL ||
			(kept->until_ms != 0 && !ended))
			continue;
		bytes_drop(self, kept);
		dropped |= 1u << file;
	}
	pthread_mutex_unlock(&self->lock);
	return dropped;
}
