#include "cache/model/on_demand.h"

#include <string.h>

#include "backends/base/mutex.h"
#include "cache/base/hash.h"
#include "cache/model/pace.h"

#define ENTRIES_MAX 4096u
#define BYTES_MAX (64u * 1024 * 1024)
/* An answer counts so long at least, so that he who waited for it gets it; a
 * refusal so long. */
#define FRESH_US G_USEC_PER_SEC
/* Of one stream; and where all that are held would be too many, of each. */
#define STREAM_MAX (4u * 1024 * 1024)
#define STREAM_MIN (16u * 1024)
/* Asking for a stream may take a quarter of the time. */
#define LOAD_FACTOR 4

typedef struct {
	guint64 key;
	GBytes *bytes;   /* NULL: none were got, or they were dropped */
	Stream *stream;  /* in place of them, of a file that grows */
	guint64 hash;    /* of the last ones */
	gsize size;      /* likewise; of a stream what it keeps in memory */
	gint64 mtime_ns; /* likewise; 0: there never were any */
	gint64 until_ms;
	gint64 fresh_us; /* monotonic: bytes or error count until then */
	GError *error;
	gboolean asking;
	gboolean answered; /* and nothing has happened since */
	StreamPace pace;   /* of a stream */
	gint64 asked_us;   /* monotonic: when it last began to be asked for */
	gint64 took_us;    /* the last time */
	gint64 looked_us;
	guint failures; /* one after the other */
	GList link;     /* in `used`, but not while it is asked for */
} Kept;

struct OnDemand {
	const Clock *clock;
	Mutex lock;
	GHashTable *kept GUARDED_BY(lock); /* by key */
	GQueue used GUARDED_BY(lock);      /* Kept: the longest unused first */
	gsize bytes GUARDED_BY(lock);
	guint streams GUARDED_BY(lock);
	gboolean full GUARDED_BY(lock); /* something went to make room */
};

static guint64 key_of(guint32 number, guint file)
{
	return (guint64)number << 8 | file;
}

static void kept_free(gpointer data)
{
	Kept *kept = data;

	g_clear_pointer(&kept->bytes, g_bytes_unref);
	g_clear_pointer(&kept->stream, stream_unref);
	g_clear_error(&kept->error);
	g_free(kept);
}

OnDemand *on_demand_new(const Clock *clock)
{
	OnDemand *self = g_new0(OnDemand, 1);

	self->clock = clock;
	mutex_init(&self->lock);
	self->kept = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, NULL, kept_free);
	g_queue_init(&self->used);
	return self;
}

void on_demand_free(OnDemand *self)
{
	mutex_destroy(&self->lock);
	g_hash_table_unref(self->kept);
	g_free(self);
}

/* ---- with the lock ---- */

static Kept *kept_find(OnDemand *self, guint32 number, guint file)
	REQUIRES(self->lock)
{
	guint64 key = key_of(number, file);

	return g_hash_table_lookup(self->kept, &key);
}

static void bytes_drop(OnDemand *self, Kept *kept) REQUIRES(self->lock)
{
	if (kept->bytes != NULL)
		self->bytes -= kept->size;
	g_clear_pointer(&kept->bytes, g_bytes_unref);
	kept->answered = FALSE;
}

static void kept_remove(OnDemand *self, Kept *kept) REQUIRES(self->lock)
{
	if (kept->stream != NULL) {
		self->bytes -= kept->size;
		self->streams--;
	}
	bytes_drop(self, kept);
	if (!kept->asking)
		g_queue_unlink(&self->used, &kept->link);
	g_hash_table_remove(self->kept, &kept->key);
}

static gboolean is_held(const Kept *kept)
{
	return kept->stream != NULL && stream_is_held(kept->stream);
}

/* What somebody has open has no other bytes than these. */
static Kept *longest_unused(const OnDemand *self, const Kept *spared)
	REQUIRES(self->lock)
{
	for (GList *link = self->used.head; link != NULL; link = link->next)
		if (link->data != spared && !is_held(link->data))
			return link->data;
	return NULL;
}

static void stream_fit(OnDemand *self, Kept *kept) REQUIRES(self->lock)
{
	gsize share = BYTES_MAX / MAX(1, self->streams);
	gsize kept_before = kept->size;

	stream_trim(kept->stream, CLAMP(share, STREAM_MIN, STREAM_MAX));
	kept->size = stream_kept(kept->stream);
	self->bytes += kept->size;
	self->bytes -= kept_before;
}

/* Keeps within bounds; `spared` was just put in. */
static void make_room(OnDemand *self, const Kept *spared) REQUIRES(self->lock)
{
	while (self->bytes > BYTES_MAX ||
		g_hash_table_size(self->kept) > ENTRIES_MAX) {
		Kept *oldest = longest_unused(self, spared);

		if (oldest == NULL)
			break;
		kept_remove(self, oldest);
		self->full = TRUE;
	}
	for (GList *link = self->used.head;
		link != NULL && self->bytes > BYTES_MAX; link = link->next)
		if (is_held(link->data))
			stream_fit(self, link->data);
}

static Kept *kept_add(OnDemand *self, guint32 number, guint file)
	REQUIRES(self->lock)
{
	Kept *kept;

	if (g_hash_table_size(self->kept) >= ENTRIES_MAX &&
		longest_unused(self, NULL) == NULL)
		return NULL;
	kept = g_new0(Kept, 1);
	kept->key = key_of(number, file);
	kept->link.data = kept;
	g_hash_table_insert(self->kept, &kept->key, kept);
	g_queue_push_tail_link(&self->used, &kept->link);
	make_room(self, kept);
	return kept;
}

static void kept_touch(OnDemand *self, Kept *kept)
{
	if (kept->asking)
		return;
	g_queue_unlink(&self->used, &kept->link);
	g_queue_push_tail_link(&self->used, &kept->link);
}

/* For how long the answer is good, as ContentStat.keep_ms says it. */
static gint64 keep_ms(const OnDemand *self, const Kept *kept)
{
	gint64 fresh_ms =
		(kept->fresh_us - clock_now_us(self->clock) + 999) / 1000;

	if (!kept->answered)
		return 0;
	if (kept->until_ms == 0)
		return -1;
	return MAX(
		0, MAX(fresh_ms, kept->until_ms - clock_wall_ms(self->clock)));
}

/* ---- asking ---- */

static Known answer_of(
	const OnDemand *self, Kept *kept, GBytes **ret, GError **error)
{
	if (keep_ms(self, kept) != 0) {
		*ret = kept->bytes != NULL ? g_bytes_ref(kept->bytes) : NULL;
		return KNOWN_YES;
	}
	if (kept->error != NULL && clock_now_us(self->clock) < kept->fresh_us) {
		g_propagate_error(error, g_error_copy(kept->error));
		return KNOWN_FAILED;
	}
	return KNOWN_NOT_YET;
}

static void begin(OnDemand *self, Kept *kept)
{
	kept->asking = TRUE;
	kept->asked_us = clock_now_us(self->clock);
	g_queue_unlink(&self->used, &kept->link);
}

Known on_demand_open(OnDemand *self, guint32 number, guint file, GBytes **ret,
	gboolean *ret_begin, GError **error)
{
	Known known = KNOWN_NOT_YET;
	Kept *kept;

	mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	if (kept == NULL)
		kept = kept_add(self, number, file);
	if (kept == NULL) {
		backend_error_set(error, BACKEND_ERROR_BUDGET,
			"too many files are being asked for");
		known = KNOWN_FAILED;
	} else if (!kept->asking || keep_ms(self, kept) != 0) {
		known = answer_of(self, kept, ret, error);
		kept_touch(self, kept);
		*ret_begin = known == KNOWN_NOT_YET;
	}
	if (*ret_begin)
		begin(self, kept);
	mutex_unlock(&self->lock);
	return known;
}

gboolean on_demand_would_begin(OnDemand *self, guint32 number, guint file)
{
	g_autoptr(GBytes) bytes = NULL;
	gboolean asks;
	Kept *kept;

	mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	asks = kept == NULL ||
	       (!kept->asking &&
		       answer_of(self, kept, &bytes, NULL) == KNOWN_NOT_YET);
	mutex_unlock(&self->lock);
	return asks;
}

/* What was asked for is there, or not; NULL: it was forgotten meanwhile. */
static Kept *kept_end(OnDemand *self, guint32 number, guint file)
	REQUIRES(self->lock)
{
	Kept *kept = kept_find(self, number, file);

	if (kept == NULL || !kept->asking)
		return NULL;
	kept->asking = FALSE;
	g_queue_push_tail_link(&self->used, &kept->link);
	kept->took_us = clock_now_us(self->clock) - kept->asked_us;
	kept->fresh_us = kept->asked_us + kept->took_us + FRESH_US;
	g_clear_error(&kept->error);
	return kept;
}

static gboolean bytes_put(OnDemand *self, Kept *kept, GBytes *bytes)
	REQUIRES(self->lock)
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
	make_room(self, kept);
	return !same;
}

/* Says when the first ones, or others, came. */
static OnDemandNow note_time(Kept *kept, gboolean others, gint64 mtime_ns)
{
	if (kept->mtime_ns == 0) {
		kept->mtime_ns = MAX(1, mtime_ns);
		return ON_DEMAND_FIRST;
	}
	if (!others)
		return ON_DEMAND_SAME;
	kept->mtime_ns = time_after(kept->mtime_ns);
	return ON_DEMAND_OTHER;
}

static gboolean window_put(OnDemand *self, Kept *kept, GBytes *window)
	REQUIRES(self->lock)
{
	gsize len = 0;
	const char *data = g_bytes_get_data(window, &len);
	gboolean grown;

	if (kept->stream == NULL) {
		kept->stream = stream_new();
		kept->size = 0;
		self->streams++;
	}
	grown = stream_put(kept->stream, data, len);
	stream_fit(self, kept);
	make_room(self, kept);
	return grown;
}

OnDemandNow on_demand_store(OnDemand *self, guint32 number, guint file,
	gboolean grows, GBytes *bytes, gint64 until_ms, gint64 mtime_ns)
{
	OnDemandNow now = ON_DEMAND_SAME;
	gboolean others;
	Kept *kept;

	mutex_lock(&self->lock);
	kept = kept_end(self, number, file);
	if (kept != NULL && bytes != NULL) {
		others = grows ? window_put(self, kept, bytes)
			       : bytes_put(self, kept, g_bytes_ref(bytes));
		now = note_time(kept, others, mtime_ns);
	}
	if (kept != NULL) {
		kept->answered = TRUE;
		kept->until_ms = until_ms;
		kept->failures = 0;
	}
	mutex_unlock(&self->lock);
	g_clear_pointer(&bytes, g_bytes_unref);
	return now;
}

void on_demand_fail(OnDemand *self, guint32 number, guint file, GError *error)
{
	Kept *kept;

	mutex_lock(&self->lock);
	kept = kept_end(self, number, file);
	if (kept != NULL) {
		kept->error = g_steal_pointer(&error);
		/* Nor is what was good before: it would not have been asked. */
		kept->answered = FALSE;
		kept->failures++;
	}
	mutex_unlock(&self->lock);
	g_clear_error(&error);
}

void on_demand_forget(OnDemand *self, guint32 number)
{
	mutex_lock(&self->lock);
	for (guint file = 0; file <= ON_DEMAND_WHOLE; file++) {
		Kept *kept = kept_find(self, number, file);

		if (kept != NULL)
			kept_remove(self, kept);
	}
	mutex_unlock(&self->lock);
}

/* ---- what there is ---- */

/* The kernel asks for the size each time, as long as it may grow, so that we know
 * who looks. */
static void stream_stat(
	const OnDemand *self, const Kept *kept, ContentStat *ret)
{
	gint64 keep = keep_ms(self, kept);

	ret->mtime_ns = kept->mtime_ns;
	ret->keep_ms = keep < 0 ? -1 : 0;
	ret->size = stream_size(kept->stream);
	if (keep == 0 && ret->size == 0 && !is_held(kept))
		ret->size = CACHE_ON_DEMAND_SIZE;
}

gboolean on_demand_stat(
	OnDemand *self, guint32 number, guint file, ContentStat *ret)
{
	const Kept *kept;
	gboolean known;

	mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	known = kept != NULL && kept->mtime_ns != 0;
	if (known && kept->stream != NULL) {
		stream_stat(self, kept, ret);
	} else if (known) {
		ret->keep_ms = keep_ms(self, kept);
		ret->mtime_ns = kept->mtime_ns;
		ret->size = kept->size;
		/* Nobody would read what has no bytes. */
		if (ret->keep_ms == 0 && kept->size == 0)
			ret->size = CACHE_ON_DEMAND_SIZE;
	}
	mutex_unlock(&self->lock);
	return known;
}

GBytes *on_demand_read(OnDemand *self, guint32 number, guint file)
{
	const Kept *kept;
	GBytes *bytes = NULL;

	mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	if (kept != NULL && kept->stream != NULL)
		bytes = stream_read(kept->stream, 0, stream_size(kept->stream));
	else if (kept != NULL && kept->bytes != NULL)
		bytes = g_bytes_ref(kept->bytes);
	mutex_unlock(&self->lock);
	return bytes;
}

guint on_demand_changed(OnDemand *self, guint32 number, gboolean ended)
{
	guint dropped = 0;

	mutex_lock(&self->lock);
	for (SessionFile file = 0;
		g_hash_table_size(self->kept) > 0 && file < N_SESSION_FILES;
		file++) {
		Kept *kept = kept_find(self, number, file);

		if (kept == NULL && self->full)
			dropped |= 1u << file;
		if (kept == NULL ||
			(kept->bytes == NULL && kept->stream == NULL) ||
			(kept->until_ms != 0 && !ended))
			continue;
		bytes_drop(self, kept);
		dropped |= 1u << file;
	}
	mutex_unlock(&self->lock);
	return dropped;
}

/* ---- files that grow ---- */

Stream *on_demand_stream(
	OnDemand *self, guint32 number, guint file, const StreamPace *pace)
{
	Stream *stream = NULL;
	Kept *kept;

	mutex_lock(&self->lock);
	kept = kept_find(self, number, file);
	if (kept != NULL && kept->stream != NULL) {
		stream = stream_ref(kept->stream);
		kept->pace = *pace;
		kept->looked_us = clock_now_us(self->clock);
	}
	mutex_unlock(&self->lock);
	return stream;
}

gboolean on_demand_look(OnDemand *self, guint32 number, guint file)
{
	gint64 now_us = clock_now_us(self->clock);
	gboolean late = FALSE;
	Kept *kept;

	mutex_lock(&self->lock);
	kept = self->streams > 0 ? kept_find(self, number, file) : NULL;
	if (kept != NULL && is_held(kept)) {
		late = now_us - kept->looked_us > kept->pace.idle_us;
		kept->looked_us = now_us;
	}
	mutex_unlock(&self->lock);
	return late;
}

/* With the lock. */
static gint64 follow_us(const OnDemand *self, const Kept *kept, gint64 now_us)
{
	gint64 us = kept->pace.every_us;

	if (kept->asking || !is_held(kept) || keep_ms(self, kept) < 0)
		return G_MAXINT64;
	if (now_us - kept->looked_us > kept->pace.idle_us)
		us = MAX(us, kept->pace.idle_us);
	us = MAX(us, LOAD_FACTOR * kept->took_us);
	return kept->asked_us + pace_backed_off_us(us, kept->failures, TRUE);
}

gboolean on_demand_follow(OnDemand *self, guint32 *ret_number, guint *ret_file,
	gint64 *ret_next_us)
{
	gint64 now_us = clock_now_us(self->clock);
	Kept *due = NULL;

	mutex_lock(&self->lock);
	for (GList *link = self->streams > 0 ? self->used.head : NULL;
		link != NULL && due == NULL; link = link->next) {
		gint64 us = follow_us(self, link->data, now_us);

		*ret_next_us = MIN(*ret_next_us, us);
		due = us <= now_us ? link->data : NULL;
	}
	if (due != NULL) {
		*ret_number = (guint32)(due->key >> 8);
		*ret_file = (guint)(due->key & 0xff);
		begin(self, due);
	}
	mutex_unlock(&self->lock);
	return due != NULL;
}
