#include "fs/tree/eventlog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "cache/base/metric.h"
#include "fs/base/node.h"

/* Begins with a dot, as no section's directory does. */
#define NAME ".events."
#define CHUNK (256 * 1024)
#define LOOK_BACK 4096

struct EventFile {
	EventLog *log;
	guint64 generation;
	int fd;
	/* Under EventLog.lock. */
	int refs;
	gsize size;
	gint64 mtime_ns;
};

struct EventLog {
	char *folder;
	gsize limit;
	Mutex lock; /* no I/O under it */
	/* EventFile, not owned: all that are in use */
	GPtrArray *files GUARDED_BY(lock);
	/* Changed by the observer alone, under the lock: it reads them without. */
	EventFile *now, *before;
	gint64 turned_ns GUARDED_BY(lock);
	guint64 lines GUARDED_BY(lock), dropped GUARDED_BY(lock);
	/* The observer's own. */
	guint64 generation; /* the last that was begun */
	gboolean failing;
	GString *added; /* lines that are not written yet */
};

static gint64 ns_of(struct timespec time)
{
	return (gint64)time.tv_sec * 1000000000 + time.tv_nsec;
}

static char *path_of(const EventLog *self, guint64 generation)
{
	return g_strdup_printf(
		"%s/" NAME "%" G_GUINT64_FORMAT, self->folder, generation);
}

/* ---- one generation ---- */

void eventfile_unref(EventFile *file)
{
	EventLog *log = file->log;
	gboolean last;

	mutex_lock(&log->lock);
	last = --file->refs == 0;
	if (last)
		g_ptr_array_remove_fast(log->files, file);
	mutex_unlock(&log->lock);
	if (!last)
		return;
	close(file->fd);
	g_free(file);
}

guint eventfile_slot(const EventFile *file)
{
	return NODE_EVENTS + (guint)(file->generation % NODE_EVENTS_N);
}

guint eventfile_age(const EventFile *file)
{
	EventLog *log = file->log;
	guint age = 2;

	mutex_lock(&log->lock);
	if (file == log->now)
		age = 0;
	else if (file == log->before)
		age = 1;
	mutex_unlock(&log->lock);
	return age;
}

void eventfile_stat(EventFile *file, gsize *ret_size, gint64 *ret_mtime_ns)
{
	mutex_lock(&file->log->lock);
	*ret_size = file->size;
	*ret_mtime_ns = file->mtime_ns;
	mutex_unlock(&file->log->lock);
}

ssize_t eventfile_read(EventFile *file, void *buffer, gsize size, off_t off)
{
	gint64 mtime_ns;
	gsize end;

	eventfile_stat(file, &end, &mtime_ns);
	if (off < 0 || (guint64)off >= end)
		return 0;
	return pread(file->fd, buffer, MIN(size, end - (gsize)off), off);
}

/* ---- what a daemon that ended left ---- */

/* Where the last whole line ends. */
static off_t end_of_lines(int fd, off_t size)
{
	char bytes[LOOK_BACK];

	while (size > 0) {
		off_t from = MAX(0, size - LOOK_BACK);
		ssize_t got = pread(fd, bytes, (gsize)(size - from), from);
		const char *last =
			got > 0 ? memrchr(bytes, '\n', (gsize)got) : NULL;

		if (last)
			return from + (last - bytes) + 1;
		size = from;
	}
	return 0;
}

/* It was last written when its last line came, not when that was mended. */
static gboolean mend(int fd, const struct stat *attr, gsize *ret_size)
{
	const struct timespec times[] = {
		{.tv_nsec = UTIME_OMIT}, attr->st_mtim};
	off_t end = end_of_lines(fd, attr->st_size);

	*ret_size = (gsize)end;
	if (end == attr->st_size)
		return TRUE;
	return !ftruncate(fd, end) && !futimens(fd, times);
}

/* NULL with errno: it cannot be opened so, or is no file. */
static EventFile *file_open(
	EventLog *log, guint64 generation, int flags, struct stat *ret)
{
	g_autofree char *path = path_of(log, generation);
	int fd = open(path,
		O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);
	EventFile *file;

	if (fd < 0)
		return NULL;
	if (fstat(fd, ret) || !S_ISREG(ret->st_mode)) {
		close(fd);
		errno = EEXIST;
		return NULL;
	}
	file = g_new0(EventFile, 1);
	file->log = log;
	file->generation = generation;
	file->fd = fd;
	file->refs = 1;
	file->mtime_ns = ns_of(ret->st_mtim);
	return file;
}

/* NULL: it is not there, or nothing that can be used. */
static EventFile *file_load(EventLog *log, guint64 generation)
	REQUIRES(log->lock)
{
	struct stat attr;
	EventFile *file = file_open(log, generation, 0, &attr);

	if (!file)
		return NULL;
	g_ptr_array_add(log->files, file);
	if (!mend(file->fd, &attr, &file->size))
		g_clear_pointer(&file, eventfile_unref);
	return file;
}

static gboolean generation_of(const char *name, guint64 *ret)
{
	return g_str_has_prefix(name, NAME) &&
	       g_ascii_string_to_unsigned(
		       name + strlen(NAME), 10, 1, G_MAXINT64, ret, NULL);
}

static GArray *generations(const char *folder)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(guint64));
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	guint64 generation;

	while (dir && (name = g_dir_read_name(dir))) {
		if (generation_of(name, &generation))
			g_array_append_val(found, generation);
	}
	return found;
}

static void file_remove(const EventLog *self, guint64 generation)
{
	g_autofree char *path = path_of(self, generation);

	if (unlink(path) && errno != ENOENT)
		g_warning("%s: %s", path, g_strerror(errno));
}

static void load(EventLog *self) REQUIRES(self->lock)
{
	g_autoptr(GArray) found = generations(self->folder);

	for (guint i = 0; i < found->len; i++)
		self->generation =
			MAX(self->generation, g_array_index(found, guint64, i));
	for (guint i = 0; i < found->len; i++) {
		guint64 generation = g_array_index(found, guint64, i);

		if (generation + 1 < self->generation)
			file_remove(self, generation);
	}
	if (self->generation > 0)
		self->now = file_load(self, self->generation);
	if (self->generation > 1)
		self->before = file_load(self, self->generation - 1);
}

/* ---- a new generation ---- */

static gboolean turn(EventLog *self)
{
	struct stat attr;
	EventFile *next =
		file_open(self, self->generation + 1, O_CREAT | O_TRUNC, &attr);
	EventFile *oldest;

	if (!next)
		return FALSE;
	self->generation++;
	mutex_lock(&self->lock);
	oldest = self->before;
	self->before = self->now;
	self->now = next;
	g_ptr_array_add(self->files, next);
	self->turned_ns =
		MAX(self->turned_ns + 1, clock_wall_us(&clock_real) * 1000);
	mutex_unlock(&self->lock);
	if (self->generation > 2)
		file_remove(self, self->generation - 2);
	g_clear_pointer(&oldest, eventfile_unref);
	return TRUE;
}

/* ---- writing ---- */

static guint64 count_lines(const char *bytes, gsize len)
{
	const char *end = bytes + len;
	guint64 lines = 0;

	while ((bytes = memchr(bytes, '\n', (gsize)(end - bytes)))) {
		lines++;
		bytes++;
	}
	return lines;
}

static void publish(EventLog *self, gsize size, guint64 lines, guint64 dropped)
{
	EventFile *file = self->now;
	gint64 ns = 0;
	struct stat attr;

	if (lines && !fstat(file->fd, &attr))
		ns = ns_of(attr.st_mtim);
	mutex_lock(&self->lock);
	if (lines) {
		file->size += size;
		file->mtime_ns = MAX(file->mtime_ns + 1, ns);
	}
	self->lines += lines;
	self->dropped += dropped;
	mutex_unlock(&self->lock);
}

static void note_failure(EventLog *self, gboolean failed)
{
	if (failed && !self->failing)
		g_warning("events cannot be written into %s and are missing "
			  "from .sessionfs/events: %s",
			self->folder, g_strerror(errno));
	else if (!failed && self->failing)
		g_message("events are written again");
	self->failing = failed;
}

/* Whole lines, of which those are kept that find room. */
static void write_lines(EventLog *self, const char *bytes, gsize len)
{
	EventFile *file = self->now;
	guint64 all = count_lines(bytes, len), lines;
	off_t at = (off_t)file->size;
	ssize_t wrote = pwrite(file->fd, bytes, len, at);
	const char *last =
		wrote > 0 ? memrchr(bytes, '\n', (gsize)wrote) : NULL;
	gsize kept = last ? (gsize)(last - bytes) + 1 : 0;

	/* A disk that is just full takes a part and gives no reason. */
	if (wrote >= 0)
		errno = ENOSPC;
	note_failure(self, kept < len);
	lines = count_lines(bytes, kept);
	publish(self, kept, lines, all - lines);
	if (wrote > (ssize_t)kept && ftruncate(file->fd, at + (off_t)kept))
		g_debug("a torn line stays behind the end");
}

/* Whether a file is there that these bytes may be appended to. */
static gboolean make_room(EventLog *self, gsize len)
{
	const EventFile *file = self->now;

	return (file && (!file->size || file->size + len <= self->limit)) ||
	       turn(self);
}

void eventlog_flush(EventLog *self)
{
	GString *lines = self->added;

	if (!lines->len)
		return;
	if (make_room(self, lines->len)) {
		write_lines(self, lines->str, lines->len);
	} else {
		note_failure(self, TRUE);
		publish(self, 0, 0, count_lines(lines->str, lines->len));
	}
	g_string_truncate(lines, 0);
}

void eventlog_add(EventLog *self, const char *line, gsize len)
{
	if (self->added->len + len > MIN(CHUNK, self->limit))
		eventlog_flush(self);
	g_string_append_len(self->added, line, (gssize)len);
}

/* ---- looking ---- */

gint64 eventlog_turned_ns(EventLog *self)
{
	return LOCKED(&self->lock, self->turned_ns);
}

EventFile *eventlog_file(EventLog *self, guint age)
{
	EventFile *file;

	mutex_lock(&self->lock);
	file = age ? self->before : self->now;
	if (file)
		file->refs++;
	mutex_unlock(&self->lock);
	return file;
}

EventFile *eventlog_find(EventLog *self, guint slot)
{
	EventFile *found = NULL;

	mutex_lock(&self->lock);
	for (guint i = 0; i < self->files->len; i++) {
		EventFile *file = g_ptr_array_index(self->files, i);

		if (eventfile_slot(file) == slot &&
			(!found || file->generation > found->generation))
			found = file;
	}
	if (found)
		found->refs++;
	mutex_unlock(&self->lock);
	return found;
}

void eventlog_metrics(EventLog *self, GString *out)
{
	guint64 lines, dropped;

	mutex_lock(&self->lock);
	lines = self->lines;
	dropped = self->dropped;
	mutex_unlock(&self->lock);
	metric_head(out, "sessionfs_event_lines_total", "counter",
		"Lines that were written to the event log.");
	g_string_append_printf(out,
		"sessionfs_event_lines_total %" G_GUINT64_FORMAT "\n", lines);
	metric_head(out, "sessionfs_event_lines_dropped_total", "counter",
		"Lines that could not be written to it.");
	g_string_append_printf(out,
		"sessionfs_event_lines_dropped_total %" G_GUINT64_FORMAT "\n",
		dropped);
}

EventLog *eventlog_open(const char *folder, gsize limit)
{
	EventLog *self = g_new0(EventLog, 1);

	mutex_init(&self->lock);
	self->folder = g_strdup(folder);
	self->limit = limit;
	self->files = g_ptr_array_new();
	self->added = g_string_new(NULL);
	load(self);
	if (!self->now)
		note_failure(self, !turn(self));
	return self;
}

void eventlog_free(EventLog *self)
{
	g_clear_pointer(&self->now, eventfile_unref);
	g_clear_pointer(&self->before, eventfile_unref);
	mutex_destroy(&self->lock);
	g_ptr_array_unref(self->files);
	g_string_free(self->added, TRUE);
	g_free(self->folder);
	g_free(self);
}
