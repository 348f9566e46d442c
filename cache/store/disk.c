#include "cache/store/disk.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/error.h"
#include "cache/base/failpoint.h"
#include "cache/base/hash.h"

/* What a record weighs beside its payload, nearly. */
#define RECORD_OVERHEAD 12

Disk *disk_new(char *path)
{
	Disk *self = g_new0(Disk, 1);

	self->path = path;
	self->records = g_byte_array_new();
	self->bodies = g_byte_array_new();
	return self;
}

void disk_free(Disk *self)
{
	if (self == NULL)
		return;
	record_log_free(self->record_log);
	body_store_unref(self->store);
	g_byte_array_unref(self->records);
	g_byte_array_unref(self->bodies);
	g_free(self->path);
	g_free(self);
}

void disk_rest(const Disk *self)
{
	if (self->record_log != NULL)
		record_log_rest(self->record_log);
	if (self->store != NULL)
		body_store_rest(self->store);
}

/* ---- opening ---- */

static void drop_other_heaps(Disk *self, const char *keep)
{
	g_autoptr(GDir) dir = g_dir_open(self->path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = NULL;

		if (!g_str_has_prefix(name, "bodies.") ||
			g_str_equal(name, keep))
			continue;
		path = g_build_filename(self->path, name, NULL);
		unlink(path);
	}
}

gboolean disk_open_bodies(Disk *self, guint32 generation, GError **error)
{
	g_autofree char *name = g_strdup_printf("bodies.%u", generation);
	g_autofree char *path = g_build_filename(self->path, name, NULL);

	self->store = body_store_open(path, error);
	if (self->store == NULL)
		return FALSE;
	drop_other_heaps(self, name);
	return TRUE;
}

static void bytes_count(Disk *self)
{
	guint64 bytes = body_store_len(self->store);

	if (self->record_log != NULL)
		bytes += record_log_len(self->record_log);
	__atomic_store_n(&self->bytes, bytes, __ATOMIC_RELAXED);
}

static gboolean is_open(const Disk *self)
{
	return self->store != NULL &&
	       (self->record_log != NULL || self->in_memory);
}

/* Neither the workspace's directory nor the section's may lead elsewhere. */
gboolean disk_check_place(const Disk *self, GError **error)
{
	g_autofree char *above = g_path_get_dirname(self->path);
	const char *const places[] = {above, self->path};
	struct stat st;

	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		if (lstat(places[i], &st) != 0 || S_ISDIR(st.st_mode))
			continue;
		return backend_error_false(error, BACKEND_ERROR_LOCAL,
			"%s is no directory: nothing is read or written there",
			places[i]);
	}
	return TRUE;
}

static gboolean disk_make(Disk *self, GError **error)
{
	g_autofree char *path = g_build_filename(self->path, "index", NULL);

	if (self->in_memory) {
		self->store = body_store_memory(error);
		return self->store != NULL;
	}
	if (!disk_check_place(self, error))
		return FALSE;
	if (g_mkdir_with_parents(self->path, 0700) != 0)
		return file_error(error, "make", self->path);
	/* What a damaged index or a failed try left behind. */
	g_clear_pointer(&self->store, body_store_unref);
	drop_other_heaps(self, "");
	if (!disk_open_bodies(self, 1, error))
		return FALSE;
	self->record_log = record_log_create(path, 1, error);
	return self->record_log != NULL;
}

/* ---- the batch ---- */

gboolean disk_put(Disk *self, Row *row, const Row *old, const char *word,
	const char *body, gsize len, GError **error)
{
	g_autoptr(GByteArray) names = g_byte_array_sized_new(64);
	DiskRow out = {.number = row->number, .phase = row->phase};

	if (!is_open(self) && !disk_make(self, error))
		return FALSE;
	if (body != NULL) {
		row->body_at = body_store_len(self->store) + self->bodies->len;
		row->body_len = (guint32)len;
		row->body_hash = hash_bytes(body, len);
		g_byte_array_append(
			self->bodies, (const guint8 *)body, (guint)len);
		self->live_more += (gint64)len;
		self->live_more -= old != NULL ? old->body_len : 0;
	}
	out.body_at = row->body_at;
	out.body_hash = row->body_hash;
	out.body_len = row->body_len;
	out.since_ms = row->since_ms;
	out.id_len = row->id->id_len;
	out.word_len = (guint16)strlen(word);
	out.times = row->mtimes != NULL ? N_SESSION_FILES : 0;
	out.flags = (row->partial ? DISK_PARTIAL : 0) |
		    (row->born != 0 ? DISK_CREATED : 0);
	if (row->born != 0)
		g_byte_array_append(
			names, (const guint8 *)&row->born, sizeof(row->born));
	if (row->mtimes != NULL)
		g_byte_array_append(names, (const guint8 *)row->mtimes->ns,
			sizeof(row->mtimes->ns));
	g_byte_array_append(names, (const guint8 *)row->id->text, out.id_len);
	g_byte_array_append(names, (const guint8 *)word, out.word_len);
	record_log_record(self->records, DISK_SESSION, &out, sizeof(out),
		names->data, names->len);
	if (old != NULL)
		self->garbage_more +=
			RECORD_OVERHEAD + sizeof(out) + names->len;
	return TRUE;
}

void disk_remove(Disk *self, const Row *row)
{
	if (!is_open(self))
		return;
	record_log_record(self->records, DISK_REMOVE, &row->number,
		sizeof(row->number), NULL, 0);
	self->live_more -= row->body_len;
	self->garbage_more += sizeof(DiskRow) + 2 * RECORD_OVERHEAD;
}

void disk_tomb(Disk *self, const Id *id)
{
	record_log_record(self->records, DISK_TOMB, &id->number,
		sizeof(id->number), id->text, id->id_len);
}

static void put_time(Disk *self, guint32 type, gint64 time)
{
	record_log_record(self->records, type, &time, sizeof(time), NULL, 0);
	self->garbage_more += sizeof(time) + RECORD_OVERHEAD;
}

void disk_complete(Disk *self, gint64 complete_ms)
{
	put_time(self, DISK_COMPLETE, complete_ms);
}

void disk_touch(Disk *self, gint64 mtime_ns)
{
	put_time(self, DISK_TOUCH, mtime_ns);
}

void disk_last(Disk *self, guint32 number)
{
	record_log_record(
		self->records, DISK_LAST, &number, sizeof(number), NULL, 0);
	self->garbage_more += sizeof(number) + RECORD_OVERHEAD;
}

void disk_abandon(Disk *self)
{
	g_byte_array_set_size(self->records, 0);
	g_byte_array_set_size(self->bodies, 0);
	self->live_more = 0;
	self->garbage_more = 0;
}

gboolean disk_commit(Disk *self, GError **error)
{
	gboolean ok;

	if (self->records->len == 0)
		return TRUE;
	ok = is_open(self) || disk_make(self, error);
	ok = ok && body_store_append(self->store, self->bodies->data,
			   self->bodies->len, error);
	ok = ok &&
	     (self->in_memory || failpoint_flaw("unkept") ||
		     record_log_append(self->record_log, self->records, error));
	if (ok) {
		self->live_bytes += (guint64)self->live_more;
		self->garbage += self->garbage_more;
		self->commits++;
		bytes_count(self);
	}
	disk_abandon(self);
	return ok;
}

guint64 disk_share(Disk *self, int ret_files[2])
{
	if (self->commits == self->synced || self->in_memory)
		return self->synced;
	ret_files[0] = body_store_dup(self->store);
	ret_files[1] = record_log_dup(self->record_log);
	return self->commits;
}

void disk_shared_synced(Disk *self, guint64 commits)
{
	self->synced = MAX(self->synced, commits);
}

gboolean disk_sync(Disk *self, GError **error)
{
	if (self->commits == self->synced || self->in_memory)
		return TRUE;
	if (!body_store_sync(self->store, error) ||
		!record_log_sync(self->record_log, error))
		return FALSE;
	self->synced = self->commits;
	return TRUE;
}

/* ---- what failed last ---- */

#define ERROR_MAX 16384

static char *error_path(const Disk *self)
{
	return g_build_filename(self->path, "last_error", NULL);
}

char *disk_error(const Disk *self)
{
	g_autofree char *path = error_path(self);
	g_autofree char *text = NULL;
	struct stat st;
	gsize len;

	if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
		st.st_size > ERROR_MAX ||
		!g_file_get_contents(path, &text, &len, NULL) || len == 0 ||
		text[len - 1] != '\n' ||
		!g_utf8_validate(text, (gssize)len, NULL))
		return NULL;
	return g_steal_pointer(&text);
}

void disk_keep_error(const Disk *self, const char *text)
{
	g_autofree char *path = error_path(self);
	g_autoptr(GError) error = NULL;

	if (self->in_memory)
		return;
	if (!disk_check_place(self, &error) ||
		g_mkdir_with_parents(self->path, 0700) != 0 ||
		!g_file_set_contents_full(path, text, -1,
			G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		g_info("%s cannot be kept: %s", path,
			error != NULL ? error->message : g_strerror(errno));
}

guint64 disk_bytes(Disk *self)
{
	return __atomic_load_n(&self->bytes, __ATOMIC_RELAXED);
}
