#include "fs/start/config_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/auth/paths.h"

#define FILE_MAX (1024 * 1024)

/* ---- paths ---- */

#define LOADED "${CREDENTIALS_DIRECTORY}/"

/* A path in the directory of what systemd has loaded: a new string.  NULL: what it
 * has to be. */
static char *loaded_path(const char *value, const char **ret_wanted)
{
	const char *directory = auth_env("CREDENTIALS_DIRECTORY");

	if (directory)
		return g_build_filename(
			directory, value + strlen(LOADED), NULL);
	*ret_wanted = "another path here, since CREDENTIALS_DIRECTORY is not "
		      "set: systemd sets it for a unit with LoadCredential=";
	return NULL;
}

char *config_text_path(const char *value, const char **ret_wanted)
{
	if (g_str_has_prefix(value, LOADED))
		return loaded_path(value, ret_wanted);
	g_autofree char *whole = NULL;

	if (!*value || strchr("$\"'`", *value) ||
		(*value == '~' && value[1] && value[1] != '/')) {
		*ret_wanted = "a path that begins with a slash, or with ~/ for "
			      "your home";
		return NULL;
	}
	if (*value == '~')
		whole = g_build_filename(g_get_home_dir(), value + 1, NULL);
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

/* What is behind one would not be read. */
static gboolean check_bytes(
	const char *path, const GString *text, GError **error)
{
	guint line = 1;

	if (strlen(text->str) == text->len)
		return TRUE;
	for (const char *at = text->str; *at; at++)
		line += *at == '\n';
	return backend_error_false(error, BACKEND_ERROR_CONFIG,
		"%s:%u: a NUL byte stands in this line", path, line);
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
	if (!fine || !check_bytes(path, text, error))
		return NULL;
	return g_string_free(g_steal_pointer(&text), FALSE);
}
