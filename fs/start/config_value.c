#include "fs/start/config_value.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

gboolean config_value_bool(const char *text, gboolean *ret)
{
	*ret = !strcmp(text, "true");
	return *ret || !strcmp(text, "false");
}

gboolean config_value_int(const char *text, gint64 max, gint64 *ret)
{
	guint64 number;

	if (!g_ascii_string_to_unsigned(
		    text, 10, 0, (guint64)max, &number, NULL))
		return FALSE;
	*ret = (gint64)number;
	return TRUE;
}

gboolean config_value_user(const char *text, gint64 *ret)
{
	const struct passwd *user;

	if (config_value_int(text, G_MAXUINT32 - 1, ret))
		return TRUE;
	user = *text ? getpwnam(text) : NULL;
	if (user)
		*ret = user->pw_uid;
	return user != NULL;
}

gboolean config_value_group(const char *text, gint64 *ret)
{
	const struct group *group;

	if (config_value_int(text, G_MAXUINT32 - 1, ret))
		return TRUE;
	group = *text ? getgrnam(text) : NULL;
	if (group)
		*ret = group->gr_gid;
	return group != NULL;
}

const char *config_value_url_problem(const char *value)
{
	if (!g_str_has_prefix(value, "http://") &&
		!g_str_has_prefix(value, "https://"))
		return "an http or https URL";
	return strpbrk(value, " \t")
		       ? "a URL without blanks (comments stand on "
			 "lines of their own)"
		       : NULL;
}

static const struct {
	const char *name;
	gint level; /* GLogLevelFlags: the least that is shown */
} levels[] = {{"warning", G_LOG_LEVEL_WARNING}, {"note", G_LOG_LEVEL_INFO},
	{"debug", G_LOG_LEVEL_DEBUG}};

const char *config_level_name(gint level)
{
	gsize i = 0;

	while (levels[i].level != level)
		i++;
	return levels[i].name;
}

gboolean config_value_level(const char *text, gint *ret)
{
	for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
		if (!strcmp(text, levels[i].name)) {
			*ret = levels[i].level;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean is_variable(const char *text)
{
	const char *mark = strchr(text, '=');

	if (!mark || mark == text || g_ascii_isdigit(*text))
		return FALSE;
	for (; text < mark; text++) {
		if (!g_ascii_isalnum(*text) && *text != '_')
			return FALSE;
	}
	return TRUE;
}

/* Calls visit for each; FALSE: one of them is none. */
static gboolean each_variable(
	const char *text, void (*visit)(char *one, GString *out), GString *out)
{
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);

	for (char **part = parts; *part; part++) {
		if (!*g_strstrip(*part))
			continue;
		if (!is_variable(*part))
			return FALSE;
		if (visit)
			visit(*part, out);
	}
	return TRUE;
}

gboolean config_value_variables(const char *text, char **ret)
{
	if (!each_variable(text, NULL, NULL))
		return FALSE;
	g_free(*ret);
	*ret = g_strdup(text);
	return TRUE;
}

static void set_one(char *one, GString *out)
{
	char *value = strchr(one, '=');

	*value++ = '\0';
	g_setenv(one, value, TRUE);
}

void config_variables_set(const char *text)
{
	if (text)
		each_variable(text, set_one, NULL);
}

static void name_one(char *one, GString *out)
{
	g_string_append_printf(out, "%s%.*s=***", out->len ? "; " : "",
		(int)strcspn(one, "="), one);
}

char *config_variables_masked(const char *text)
{
	GString *out = g_string_new(NULL);

	each_variable(text, name_one, out);
	return g_string_free(out, FALSE);
}

const char *config_value_secret_hint(const char *key)
{
	static const char *const parts[] = {"access_key", "secret", "password",
		"security_token", "session_token", "token"};
	gboolean found = !strcmp(key, "ak") || !strcmp(key, "sk");

	if (g_str_has_suffix(key, "_file"))
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		found |= strstr(key, parts[i]) != NULL;
	return found ? "; credentials do not stand in this file: put them into "
		       "one of their own (chmod 600), and name it with "
		       "credentials_file, or log in with the vendor's tool"
		     : NULL;
}
