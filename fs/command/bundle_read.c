#include "fs/command/bundle_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/command/status_text.h"

#define FILE_MAX ((gsize)4 * 1024 * 1024)
#define REQUESTS_MAX 200 /* of a mount, the newest */

static const char *const self_files[] = {"version", "config", "status", "log",
	"trace", "calls", "metrics", "crash", NULL};
static const char *const section_files[] = {".status", ".partial", NULL};
static const char *const workspace_files[] = {
	".status", ".partial", ".last_error", NULL};
static const char *const request_files[] = {"state", "error", "result", NULL};

/* On the pipe: this, the path with its NUL, the bytes. */
typedef struct {
	guint32 error, path_len, size;
} Record;

/* ---- the child ---- */

typedef struct {
	const BundleSource *source;
	int out;
	int failure; /* of the pipe: an errno */
} Reader;

static void put(Reader *self, const void *bytes, gsize size)
{
	const char *at = bytes;

	while (size && !self->failure) {
		ssize_t done = write(self->out, at, size);

		if (done < 0) {
			self->failure = errno;
			return;
		}
		at += done;
		size -= (gsize)done;
	}
}

/* 0, or an errno; of a file that is larger, its end is what is of use. */
static int read_file(const char *path, GString *text)
{
	char part[65536];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	int error;

	if (fd < 0)
		return errno;
	while ((got = read(fd, part, sizeof(part))) > 0) {
		g_string_append_len(text, part, got);
		if (text->len > FILE_MAX)
			g_string_erase(text, 0, (gssize)(text->len - FILE_MAX));
	}
	error = got < 0 ? errno : 0;
	close(fd);
	return error;
}

static void put_file(Reader *self, const char *folder, const char *name)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *whole =
		g_build_filename(self->source->mountpoint, path, NULL);
	Record record = {.path_len = (guint32)strlen(path) + 1};

	record.error = (guint32)read_file(whole, text);
	record.size = (guint32)text->len;
	put(self, &record, sizeof(record));
	put(self, path, record.path_len);
	put(self, text->str, record.size);
}

static void put_files(
	Reader *self, const char *folder, const char *const *names)
{
	for (; *names; names++)
		put_file(self, folder, *names);
}

typedef struct {
	char *path;
	gint64 time_s;
} Request;

static void request_clear(void *data)
{
	g_free(((Request *)data)->path);
}

static gint newest_first(const void *a, const void *b)
{
	const Request *x = a, *y = b;

	return x->time_s != y->time_s
		       ? (x->time_s < y->time_s) - (x->time_s > y->time_s)
		       : strcmp(y->path, x->path);
}

static void find_requests(
	const Reader *self, const char *workspace, GArray *found)
{
	g_autofree char *folder = g_build_filename(
		self->source->mountpoint, workspace, ".requests", NULL);
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		Request one = {NULL, 0};

		if (*entry->d_name == '.' ||
			fstatat(dirfd(dir), entry->d_name, &st,
				AT_SYMLINK_NOFOLLOW) ||
			!S_ISDIR(st.st_mode))
			continue;
		one.time_s = st.st_mtime;
		one.path = g_build_filename(
			workspace, ".requests", entry->d_name, NULL);
		g_array_append_val(found, one);
	}
	if (dir)
		closedir(dir);
}

static int read_mount(const void *data, int out)
{
	Reader self = {data, out, 0};
	const GPtrArray *blocks = self.source->blocks;
	g_autoptr(GArray) requests = g_array_new(FALSE, FALSE, sizeof(Request));

	g_array_set_clear_func(requests, request_clear);
	put_files(&self, ".sessionfs", self_files);
	for (guint i = 0; blocks && i < blocks->len; i++) {
		const StatusBlock *block = g_ptr_array_index(blocks, i);

		if (status_text_is_workspace(block)) {
			put_files(&self, block->path, workspace_files);
			find_requests(&self, block->path, requests);
		} else if (*block->path) {
			put_files(&self, block->path, section_files);
		}
	}
	g_array_sort(requests, newest_first);
	for (guint i = 0; i < MIN(requests->len, REQUESTS_MAX); i++)
		put_files(&self, g_array_index(requests, Request, i).path,
			request_files);
	return self.failure;
}

/* ---- the parent ---- */

Probe *bundle_read(const BundleSource *source)
{
	return probe_run(read_mount, source);
}

GArray *bundle_read_files(const Probe *probe)
{
	GArray *files = g_array_new(FALSE, FALSE, sizeof(BundleFile));
	const char *at = probe_text(probe);
	const char *end = at + probe_size(probe);
	Record record;

	while ((gsize)(end - at) >= sizeof(record)) {
		BundleFile file;

		memcpy(&record, at, sizeof(record));
		at += sizeof(record);
		if ((gsize)(end - at) < (gsize)record.path_len + record.size)
			break;
		file.path = at;
		file.error = (int)record.error;
		file.bytes = at + record.path_len;
		file.size = record.size;
		at += record.path_len + record.size;
		g_array_append_val(files, file);
	}
	return files;
}
