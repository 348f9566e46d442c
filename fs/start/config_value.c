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
	return strpbrk(value, " \t") ? "a URL without blanks (remarks stand on "
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
