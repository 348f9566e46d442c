#include "fs/start/config_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/auth/paths.h"

#define FILE_MAX (1024 * 1024)

/* ---- what stands twice ---- */

/* The part of a line that tells it from others: "[section]" or a key; NULL for
 * remarks and what is neither.  New string. */
static char *head_of(const char *line)
{
	const char *end;

	while (g_ascii_isspace(*line))
		line++;
	if (*line == '#')
		return NULL;
	end = *line == '[' ? strchr(line, ']') : strchr(line, '=');
	if (!end)
		return NULL;
	return *line == '[' ? g_strndup(line, (gsize)(end + 1 - line))
			    : g_strchomp(g_strndup(line, (gsize)(end - line)));
}

static G_GNUC_PRINTF(2, 3) void add(
	GPtrArray *problems, const char *format, ...)
{
	g_autofree char *what = NULL;
	GError *error = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	backend_error_set(&error, BACKEND_ERROR_CONFIG, "%s", what);
	g_ptr_array_add(problems, error);
}

static void add_twice(GPtrArray *problems, const char *origin, guint line,
	guint before, const char *section, const char *head)
{
	if (*head == '[')
		add(problems, "%s:%u: the section %s stands in line %u already",
			origin, line, head, before);
	else
		add(problems, "%s:%u: %s%s%s stands in line %u already", origin,
			line, section, *section ? " " : "", head, before);
}

/* Nothing, or a remark. */
static gboolean is_silent(const char *line)
{
	while (g_ascii_isspace(*line))
		line++;
	return !*line || *line == '#';
}

GHashTable *config_text_lines(
	const char *text, const char *origin, GPtrArray *problems)
{
	GHashTable *seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *section = g_strdup("");

	for (guint i = 0; lines[i]; i++) {
		g_autofree char *head = head_of(lines[i]);
		g_autofree char *key = NULL;
		guint before;

		/* What it says may be half of a secret. */
		if (!head && !is_silent(lines[i]))
			add(problems,
				"%s:%u: this is no [section], no KEY = VALUE "
				"and no remark, which begins with #",
				origin, i + 1);
		if (!head)
			continue;
		if (*head == '[') {
			g_free(section);
			section = g_strdup(head);
			key = g_strdup(head);
		} else {
			key = g_strconcat(section, head, NULL);
		}
		before = GPOINTER_TO_UINT(g_hash_table_lookup(seen, key));
		if (before)
			add_twice(
				problems, origin, i + 1, before, section, head);
		else
			g_hash_table_insert(seen, g_steal_pointer(&key),
				GUINT_TO_POINTER(i + 1));
	}
	return seen;
}

/* ---- paths ---- */

static const char *home(void)
{
	const char *set = g_getenv("HOME");

	return set && *set ? set : g_get_home_dir();
}

char *config_text_path(const char *value, const char **ret_wanted)
{
	g_autofree char *whole = NULL;

	if (!*value || strchr("$\"'`", *value) ||
		(*value == '~' && value[1] && value[1] != '/')) {
		*ret_wanted = "a path that begins with a slash, or with ~/ for "
			      "your home";
		return NULL;
	}
	if (*value == '~')
		whole = g_build_filename(home(), value + 1, NULL);
	else
		whole = g_strdup(value);
	if (g_path_is_absolute(whole))
		return g_steal_pointer(&whole);
	/* A daemon in the background works in "/". */
	g_autofree char *counted = auth_whole_path(whole);
	return g_canonicalize_filename(counted, NULL);
}

/* ---- whose it is ---- */

/* A pipe that we were given is as good as whoever started us. */
static gboolean is_given(const char *path, const struct stat *attr)
{
	return S_ISCHR(attr->st_mode) ||
	       (S_ISFIFO(attr->st_mode) &&
		       (g_str_has_prefix(path, "/dev/fd/") ||
			       g_str_has_prefix(path, "/proc/self/fd/") ||
			       !strcmp(path, "/dev/stdin")));
}

static gboolean check_owner(
	const char *path, const struct stat *attr, GError **error)
{
	if (is_given(path, attr))
		return TRUE;
	if (attr->st_uid && attr->st_uid != geteuid()) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"%s belongs to user %u: a configuration can name "
			"programs to run, and must be yours or root's",
			path, (unsigned)attr->st_uid);
		return FALSE;
	}
	if (attr->st_mode & S_IWOTH) {
		backend_error_set(error, BACKEND_ERROR_CONFIG,
			"%s may be written by everybody, and a configuration "
			"can name programs to run: chmod o-w",
			path);
		return FALSE;
	}
	return TRUE;
}

static gboolean failed(const char *path, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"the configuration %s cannot be read: %s", path,
		g_strerror(errno));
	return FALSE;
}

static gboolean read_all(
	int fd, const char *path, GString *text, GError **error)
{
	char part[4096];
	ssize_t got;

	while ((got = read(fd, part, sizeof(part)))) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got > 0 && text->len + (gsize)got > FILE_MAX)
			errno = EFBIG;
		if (got < 0 || text->len + (gsize)got > FILE_MAX)
			return failed(path, error);
		g_string_append_len(text, part, got);
	}
	return TRUE;
}

/* Whoever reads one waits for a writer: at the start that is the user's to see. */
static gboolean check_kind(const char *path, const struct stat *attr,
	gboolean again, GError **error)
{
	if (!again || !S_ISFIFO(attr->st_mode))
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"%s is a FIFO, and a configuration that is read again must be "
		"a file",
		path);
	return FALSE;
}

char *config_text_read(const char *path, gboolean again, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	int fd = open(path,
		O_RDONLY | O_CLOEXEC | O_NOCTTY | (again ? O_NONBLOCK : 0));
	struct stat attr;
	gboolean fine;

	if (fd < 0 || fstat(fd, &attr)) {
		failed(path, error);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	fine = check_kind(path, &attr, again, error) &&
	       check_owner(path, &attr, error) &&
	       read_all(fd, path, text, error);
	close(fd);
	if (!fine)
		return NULL;
	return g_string_free(g_steal_pointer(&text), FALSE);
}
