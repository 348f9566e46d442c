#include "cache/store/disk.h"

#include <string.h>
#include <sys/stat.h>

#include "cache/cache.h"

#define NS_PER_MS 1000000
/* So that it still grows as nanoseconds: a year before their end. */
#define TIME_MAX_MS                                                            \
	(G_MAXINT64 / NS_PER_MS - G_GINT64_CONSTANT(366) * 24 * 3600 * 1000)

typedef struct {
	Disk *disk;
	DiskLoaded *load;
	GArray *rows; /* in the order of the records; a NULL id takes one out */
	gboolean sorted;
	guint refused;
} Loader;

static Id *id_of(Loader *self, const guint8 *text, gsize len, guint32 number)
{
	char id[SESSION_ID_MAX + 1];
	Id *entry;

	if (len == 0 || len > SESSION_ID_MAX || memchr(text, 0, len) != NULL)
		return NULL;
	memcpy(id, text, len);
	id[len] = '\0';
	if (!node_ids_claim(self->load->node_ids, number, self->load->owner))
		return NULL;
	/* Nearly all are new. */
	entry = ids_add(self->load->ids, id, number);
	if (entry == NULL)
		entry = ids_get(self->load->ids, id);
	/* One that came again as another session has its newest number. */
	if (entry != NULL)
		entry->number = MAX(entry->number, number);
	return entry;
}

static void add_row(Loader *self, const Row *row)
{
	guint n = self->rows->len;

	if (n > 0 &&
		g_array_index(self->rows, Row, n - 1).number >= row->number)
		self->sorted = FALSE;
	g_array_append_val(self->rows, *row);
}

/* Such a time can be counted with, in whatever unit. */
static gboolean time_makes_sense(gint64 time, gint64 per_ms)
{
	return time >= 0 && time / per_ms <= TIME_MAX_MS;
}

static gboolean word_of(
	Loader *self, const guint8 *text, gsize len, guint16 *ret_word)
{
	char word[WORD_MAX_BYTES + 1];

	if (len > WORD_MAX_BYTES || memchr(text, 0, len) != NULL)
		return FALSE;
	memcpy(word, text, len);
	word[len] = '\0';
	*ret_word = state_names_index(self->load->state_names, word);
	return TRUE;
}

/* A later version may have more files, an older one had fewer. */
static guint times_of(const DiskRow *in)
{
	return in->times == 1 ? DISK_TIMES_FIRST : in->times;
}

static Mtimes *load_mtimes(const guint8 *data, guint n, gint64 since_ms)
{
	Mtimes *times = g_new0(Mtimes, 1);

	times->refs = 1;
	for (SessionFile file = 0; file < N_SESSION_FILES; file++)
		times->ns[file] = since_ms * NS_PER_MS;
	memcpy(times->ns, data, MIN(n, N_SESSION_FILES) * sizeof(*times->ns));
	for (SessionFile file = 0; file < N_SESSION_FILES; file++)
		if (!time_makes_sense(times->ns[file], NS_PER_MS))
			times->ns[file] = since_ms * NS_PER_MS;
	return times;
}

static gboolean load_session(Loader *self, const guint8 *data, gsize len)
{
	const guint8 *at = data + sizeof(DiskRow);
	gsize born, times;
	DiskRow in;
	Row row = {0};

	if (len < sizeof(in))
		return FALSE;
	memcpy(&in, data, sizeof(in));
	born = (in.flags & DISK_CREATED) != 0 ? sizeof(row.born) : 0;
	times = times_of(&in) * sizeof(gint64);
	if (len != sizeof(in) + born + times + in.id_len + in.word_len ||
		in.phase >= N_PHASES || in.body_len > SESSION_BODY_MAX ||
		!time_makes_sense(in.since_ms, 1))
		return FALSE;
	memcpy(&row.born, at, born);
	at += born;
	row.id = id_of(self, at + times, in.id_len, in.number);
	if (row.id == NULL ||
		!word_of(self, at + times + in.id_len, in.word_len, &row.word))
		return FALSE;
	row.number = in.number;
	row.phase = in.phase;
	row.partial = (in.flags & DISK_PARTIAL) != 0;
	row.since_ms = in.since_ms;
	row.body_at = in.body_at;
	row.body_len = in.body_len;
	row.body_hash = in.body_hash;
	if (times > 0)
		row.mtimes = load_mtimes(at, times_of(&in), in.since_ms);
	add_row(self, &row);
	return TRUE;
}

static gboolean load_number(const guint8 *data, gsize len, guint32 *ret_number)
{
	if (len < sizeof(*ret_number))
		return FALSE;
	memcpy(ret_number, data, sizeof(*ret_number));
	return TRUE;
}

static gboolean load_time(
	const guint8 *data, gsize len, gint64 per_ms, gint64 *ret_time)
{
	gint64 time;

	if (len != sizeof(time))
		return FALSE;
	memcpy(&time, data, sizeof(time));
	if (!time_makes_sense(time, per_ms))
		return FALSE;
	*ret_time = time;
	return TRUE;
}

static gboolean load_remove(Loader *self, const guint8 *data, gsize len)
{
	Row row = {0};

	if (!load_number(data, len, &row.number))
		return FALSE;
	add_row(self, &row);
	return TRUE;
}

static void load_record(guint32 type, const guint8 *data, gsize len, void *user)
{
	Loader *self = user;
	guint32 number;
	gboolean ok = FALSE;

	switch (type) {
	case DISK_SESSION:
		ok = load_session(self, data, len);
		break;
	case DISK_REMOVE:
		ok = load_remove(self, data, len);
		break;
	case DISK_TOMB:
		ok = load_number(data, len, &number) &&
		     id_of(self, data + sizeof(number), len - sizeof(number),
			     number) != NULL;
		break;
	case DISK_COMPLETE:
		ok = load_time(data, len, 1, &self->load->complete_ms);
		break;
	case DISK_TOUCH:
		ok = load_time(data, len, NS_PER_MS, &self->load->mtime_ns);
		break;
	case DISK_LAST:
		ok = load_number(data, len, &self->load->last);
		break;
	default:
		break;
	}
	if (!ok)
		self->refused++;
}

/* Of the records of one number the last is the truth. */
static void reconcile(Loader *self)
{
	GArray *rows = self->rows;
	guint kept = 0;

	if (!self->sorted)
		rows_sort(rows);
	for (guint i = 0; i < rows->len; i++) {
		Row *row = &g_array_index(rows, Row, i);
		gboolean last =
			i + 1 == rows->len || row[1].number != row->number;

		if (last && row->id != NULL && row->id->number == row->number) {
			g_array_index(rows, Row, kept++) = *row;
			continue;
		}
		mtimes_unref(row->mtimes);
		self->disk->garbage += sizeof(DiskRow);
	}
	g_array_set_size(rows, kept);
}

/* A row whose body is not there shows its state until the next refresh. */
static void check_bodies(Loader *self)
{
	guint64 end = body_store_len(self->disk->store);
	guint lost = 0;

	for (guint i = 0; i < self->rows->len; i++) {
		Row *row = &g_array_index(self->rows, Row, i);

		if (row->body_at > end || end - row->body_at < row->body_len) {
			row->body_at = row->body_hash = row->body_len = 0;
			lost++;
		}
		self->disk->live_bytes += row->body_len;
	}
	if (lost > 0)
		g_warning("%s: the bodies of %u sessions are missing",
			self->disk->path, lost);
}

/* What a record takes at least, for a guess of how many there are: a table that grows
 * as they come is filled again and again. */
#define RECORD_BYTES (sizeof(DiskRow) + 36)

static void expect_rows(Loader *self, const char *path)
{
	struct stat st;
	guint count = 0;

	if (stat(path, &st) == 0 && st.st_size > 0)
		count = (guint)MIN(
			(guint64)st.st_size / RECORD_BYTES, CACHE_NUMBER_MAX);
	ids_expect(self->load->ids, count);
	self->load->rows = self->rows =
		g_array_sized_new(FALSE, FALSE, sizeof(Row), count);
}

/* FALSE without an error: there is no index. */
static gboolean load_index(Loader *self, const char *path, GError **error)
{
	Disk *disk = self->disk;

	disk->record_log = record_log_open(path, load_record, self, error);
	reconcile(self);
	if (disk->record_log == NULL)
		return FALSE;
	if (self->refused > 0)
		g_warning("%s: %u records make no sense: left out", path,
			self->refused);
	/* What was left out may be sessions: whoever asks for one of them must
	 * not hear that there is none. */
	self->load->damaged =
		self->refused > 0 || record_log_is_damaged(disk->record_log);
	if (self->load->damaged)
		self->load->complete_ms = 0;
	return disk_open_bodies(
		disk, record_log_generation(disk->record_log), error);
}

gboolean disk_load(Disk *self, DiskLoaded *load, GError **error)
{
	g_autofree char *path = g_build_filename(self->path, "index", NULL);
	g_autoptr(GError) local = NULL;
	Loader loader = {.disk = self, .load = load, .sorted = TRUE};
	guint64 bytes;

	expect_rows(&loader, path);
	if (!disk_check_place(self, &local) ||
		!load_index(&loader, path, &local)) {
		g_clear_pointer(&self->record_log, record_log_free);
		disk_loaded_clear(load);
		if (local == NULL)
			return TRUE;
		self->in_memory = TRUE;
		g_propagate_error(error, g_steal_pointer(&local));
		return FALSE;
	}
	check_bodies(&loader);
	bytes = record_log_len(self->record_log) + body_store_len(self->store);
	__atomic_store_n(&self->bytes, bytes, __ATOMIC_RELAXED);
	return TRUE;
}

/* ---- numbers alone ---- */

static void note_highest(
	guint32 type, const guint8 *data, gsize len, void *user)
{
	guint32 *highest = user, number = 0;
	DiskRow row;

	if (type == DISK_SESSION && len >= sizeof(row)) {
		memcpy(&row, data, sizeof(row));
		number = row.number;
	} else if (type == DISK_TOMB && !load_number(data, len, &number)) {
		number = 0;
	}
	if (number <= CACHE_NUMBER_MAX)
		*highest = MAX(*highest, number);
}

guint32 disk_highest(const char *index)
{
	guint32 highest = 0;

	record_log_peek(index, note_highest, &highest);
	return highest;
}

void disk_loaded_clear(DiskLoaded *load)
{
	for (guint i = 0; load->rows != NULL && i < load->rows->len; i++)
		mtimes_unref(g_array_index(load->rows, Row, i).mtimes);
	g_clear_pointer(&load->rows, g_array_unref);
	load->complete_ms = load->mtime_ns = 0;
	load->last = 0;
	load->damaged = FALSE;
}
