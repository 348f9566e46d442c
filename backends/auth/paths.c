#include "backends/auth/paths.h"

#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER_MAX 4096 /* bytes of an entry in the list of users */

static char *start; /* NULL: nobody said */

const char *auth_env(const char *name)
{
	const char *value = g_getenv(name);

	return value && *value ? value : NULL;
}

gboolean auth_env_true(const char *name)
{
	const char *value = auth_env(name);

	return value && g_ascii_strcasecmp(value, "true") == 0;
}

void auth_start_here(void)
{
	g_free(start);
	start = g_get_current_dir();
}

char *auth_whole_path(const char *path)
{
	if (!start || g_path_is_absolute(path))
		return g_strdup(path);
	return g_build_filename(start, path, NULL);
}

char *auth_home_path(const char *rest)
{
	const char *home = auth_env("HOME");

	return g_build_filename(home ? home : g_get_home_dir(), rest, NULL);
}

/* ---- expanding ---- */

static gboolean is_word(char c)
{
	return g_ascii_isalnum(c) || c == '_';
}

/* Behind the "$" at `at`; what stands there is copied where no variable is
 * named. */
static const char *expand_name(GString *out, const char *at)
{
	const char *name = at + 1, *end = name;
	gboolean braced = *name == '{';

	if (braced)
		end = strchr(++name, '}');
	else
		while (is_word(*end))
			end++;
	g_autofree char *text = end ? g_strndup(name, end - name) : NULL;
	const char *value = text && *text ? g_getenv(text) : NULL;
	if (!value) {
		g_string_append_c(out, '$');
		return at + 1;
	}
	g_string_append(out, value);
	return end + braced;
}

static char *expand_names(const char *path)
{
	GString *out = g_string_new(NULL);

	while (*path)
		if (*path == '$')
			path = expand_name(out, path);
		else
			g_string_append_c(out, *path++);
	return g_string_free(out, FALSE);
}

static char *home_of(const char *user)
{
	char room[USER_MAX];
	struct passwd entry, *found = NULL;

	if (getpwnam_r(user, &entry, room, sizeof(room), &found) != 0 || !found)
		return NULL;
	return g_strdup(found->pw_dir);
}

char *auth_expand_path(const char *path)
{
	g_autofree char *text = expand_names(path);
	gsize len = strcspn(text, "/");

	if (text[0] != '~')
		return g_steal_pointer(&text);
	if (len == 1)
		return auth_home_path(text + 1);
	g_autofree char *user = g_strndup(text + 1, len - 1);
	g_autofree char *home = home_of(user);
	return home ? g_build_filename(home, text + len, NULL)
		    : g_steal_pointer(&text);
}

/* ---- looking ---- */

gboolean auth_is_file(const char *path)
{
	g_autofree char *whole = auth_whole_path(path);

	return g_file_test(whole, G_FILE_TEST_IS_REGULAR);
}

/* Size and inode besides the time: tools that replace a file may keep that. */
void auth_append_stat(GString *out, char *path)
{
	g_autofree char *owned = path;
	g_autofree char *whole = auth_whole_path(path);
	struct stat st;

	if (stat(whole, &st) != 0)
		return;
	g_string_append_printf(out, "%s %ju %jd %jd.%09ld\n", owned,
		(uintmax_t)st.st_ino, (intmax_t)st.st_size,
		(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}
