#include "cache/store/record_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/error.h"
#include "cache/base/descriptors.h"
#include "cache/base/hash.h"
#include "cache/store/body_store.h"

#define MAGIC "sfsledg1"
#define MAGIC_LEN 7 /* then the version */
#define READ_AT_ONCE (1024u * 1024)

typedef struct {
	char magic[8];
	guint32 generation;
	guint32 check; /* of the above */
} FileHead;

typedef struct {
	guint32 check; /* of what follows in the head, and the payload */
	guint32 type;
	guint32 len;
} RecordHead;

#define CHECKED_AT sizeof(guint32)

struct RecordLog {
	KeptFile *file;
	guint32 generation;
	guint64 len;
	gboolean damaged;
	char *path;
};

static guint32 head_check(const FileHead *head)
{
	return (guint32)hash_bytes(head, sizeof(*head) - sizeof(head->check));
}

static RecordLog *record_log_new(int fd, const char *path, const FileHead *head)
{
	RecordLog *self = g_new0(RecordLog, 1);

	self->file = kept_file_new(fd, path);
	self->generation = head->generation;
	self->len = sizeof(*head);
	self->path = g_strdup(path);
	return self;
}

void record_log_free(RecordLog *self)
{
	if (self == NULL)
		return;
	kept_file_free(self->file);
	g_free(self->path);
	g_free(self);
}

/* ---- replay ---- */

/* Visits the whole records at the front of a buffer; returns their length.
 * *ret_bad: the next one is there but wrong. */
static gsize replay_buffer(const guint8 *data, gsize len, LedgerVisit visit,
	void *user, gboolean *ret_bad)
{
	gsize at = 0;

	while (len - at >= sizeof(RecordHead)) {
		RecordHead head;

		memcpy(&head, data + at, sizeof(head));
		if (head.len > RECORD_LOG_RECORD_MAX) {
			*ret_bad = TRUE;
			break;
		}
		if (len - at < sizeof(head) + head.len)
			break;
		if ((guint32)hash_bytes(data + at + CHECKED_AT,
			    sizeof(head) - CHECKED_AT + head.len) !=
			head.check) {
			*ret_bad = TRUE;
			break;
		}
		visit(head.type, data + at + sizeof(head), head.len, user);
		at += sizeof(head) + head.len;
	}
	return at;
}

/* Later appends must not be followed by what was once behind the damage. */
static void cut_tail(RecordLog *self, int fd)
{
	struct stat st;
	guint64 size;

	if (fstat(fd, &st) != 0)
		return;
	size = (guint64)st.st_size;
	if (size <= self->len)
		return;
	self->damaged = TRUE;
	g_warning("%s is damaged at byte %" G_GUINT64_FORMAT
		  ": dropped the last %" G_GUINT64_FORMAT " bytes",
		self->path, self->len, size - self->len);
	if (ftruncate(fd, (off_t)self->len) != 0)
		g_warning("cannot cut %s: %s", self->path, g_strerror(errno));
}

/* mend: what is behind the last whole record goes. */
static gboolean replay(
	RecordLog *self, LedgerVisit visit, void *user, gboolean mend)
{
	g_autofree guint8 *buffer = g_malloc(READ_AT_ONCE);
	int fd = kept_file_hold(self->file);
	gboolean bad = FALSE;
	gssize n = -1;
	gsize used = 1;

	if (fd < 0)
		return FALSE;
	while (!bad && used > 0) {
		n = body_file_read(fd, buffer, READ_AT_ONCE, self->len);
		if (n < 0)
			break;
		used = replay_buffer(buffer, (gsize)n, visit, user, &bad);
		self->len += used;
	}
	if (n >= 0 && mend)
		cut_tail(self, fd);
	kept_file_release(self->file);
	return n >= 0;
}

/* What cannot be read is kept for whoever wants to know why; one file of it. */
static void put_aside(const char *path, GError **error)
{
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);

	if (rename(path, aside) != 0) {
		file_error(error, "put aside", path);
		return;
	}
	g_warning("%s is damaged or of another version: ignored, and kept as "
		  "%s",
		path, aside);
}

static gboolean head_is_good(const FileHead *head, gssize len)
{
	return len == sizeof(*head) &&
	       memcmp(head->magic, MAGIC, sizeof(head->magic)) == 0 &&
	       head_check(head) == head->check;
}

static gboolean is_newer(
	const FileHead *head, gssize len, const char *path, GError **error)
{
	if (len < (gssize)sizeof(head->magic) ||
		memcmp(head->magic, MAGIC, MAGIC_LEN) != 0 ||
		!g_ascii_isdigit(head->magic[MAGIC_LEN]) ||
		head->magic[MAGIC_LEN] <= MAGIC[MAGIC_LEN])
		return FALSE;
	backend_error_set(error, BACKEND_ERROR_LOCAL,
		"a newer version of sessionfs wrote %s: run that one, or name "
		"another state_dir",
		path);
	return TRUE;
}

RecordLog *record_log_open(
	const char *path, LedgerVisit visit, void *user, GError **error)
{
	g_autoptr(RecordLog) self = NULL;
	FileHead head;
	int fd = descriptors_openat(AT_FDCWD, path, O_RDWR);
	gssize n;

	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0) {
		file_error(error, "open", path);
		return NULL;
	}
	n = body_file_read(fd, &head, sizeof(head), 0);
	if (n < 0)
		file_error(error, "read", path);
	else if (is_newer(&head, n, path, error))
		g_debug("%s is left as it is", path);
	else if (!head_is_good(&head, n))
		put_aside(path, error);
	else
		self = record_log_new(fd, path, &head);
	if (self == NULL) {
		close(fd);
		return NULL;
	}
	if (!replay(self, visit, user, TRUE)) {
		file_error(error, "read", path);
		return NULL;
	}
	return g_steal_pointer(&self);
}

void record_log_peek(const char *path, LedgerVisit visit, void *user)
{
	g_autoptr(RecordLog) self = NULL;
	FileHead head;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (!head_is_good(&head, body_file_read(fd, &head, sizeof(head), 0))) {
		close(fd);
		return;
	}
	self = record_log_new(fd, path, &head);
	if (!replay(self, visit, user, FALSE))
		g_debug("cannot read %s: %s", path, g_strerror(errno));
}

/* ---- writing ---- */

RecordLog *record_log_create(
	const char *path, guint32 generation, GError **error)
{
	FileHead head = {.generation = generation};
	int fd = descriptors_openat(AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC);

	if (fd < 0) {
		file_error(error, "make", path);
		return NULL;
	}
	memcpy(head.magic, MAGIC, sizeof(head.magic));
	head.check = head_check(&head);
	if (!body_file_write(fd, path, &head, sizeof(head), 0, error)) {
		close(fd);
		unlink(path);
		return NULL;
	}
	return record_log_new(fd, path, &head);
}

gboolean record_log_rename(RecordLog *self, const char *path, GError **error)
{
	if (rename(self->path, path) != 0)
		return file_error(error, "replace", path);
	g_free(self->path);
	self->path = g_strdup(path);
	kept_file_rename(self->file, path);
	return TRUE;
}

gboolean record_log_is_damaged(const RecordLog *self)
{
	return self->damaged;
}

guint32 record_log_generation(const RecordLog *self)
{
	return self->generation;
}

guint64 record_log_len(const RecordLog *self)
{
	return self->len;
}

void record_log_record(GByteArray *batch, guint32 type, const void *a,
	gsize a_len, const void *b, gsize b_len)
{
	RecordHead head = {.type = type, .len = (guint32)(a_len + b_len)};
	guint at = batch->len;

	g_assert(head.len <= RECORD_LOG_RECORD_MAX);
	g_byte_array_append(batch, (const guint8 *)&head, sizeof(head));
	g_byte_array_append(batch, a, (guint)a_len);
	if (b_len > 0)
		g_byte_array_append(batch, b, (guint)b_len);
	head.check = (guint32)hash_bytes(batch->data + at + CHECKED_AT,
		sizeof(head) - CHECKED_AT + head.len);
	memcpy(batch->data + at, &head.check, sizeof(head.check));
}

gboolean record_log_append(
	RecordLog *self, const GByteArray *batch, GError **error)
{
	return batch->len == 0 ||
	       body_file_append(self->file, self->path, batch->data, batch->len,
		       &self->len, error);
}

void record_log_rest(const RecordLog *self)
{
	kept_file_rest(self->file);
}

int record_log_dup(const RecordLog *self)
{
	return kept_file_dup(self->file);
}

gboolean record_log_sync(RecordLog *self, GError **error)
{
	return body_file_sync(self->file, self->path, error);
}
