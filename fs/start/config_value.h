#pragma once

#include <glib.h>

/* What a value of the configuration may be.  Each sets *ret only if it returns
 * TRUE. */

/* "true" or "false". */
gboolean config_value_bool(const char *text, gboolean *ret);
/* Decimal digits, up to max. */
gboolean config_value_int(const char *text, gint64 max, gint64 *ret);
/* A number, or the name of a user or group that this machine knows. */
gboolean config_value_user(const char *text, gint64 *ret);
gboolean config_value_group(const char *text, gint64 *ret);

/* What a URL must be, static; NULL: it is right. */
const char *config_value_url_problem(const char *value);

/* "warning", "note" or "debug": of GLogLevelFlags the least that is shown.  And the
 * other way round: static. */
gboolean config_value_level(const char *text, gint *ret);
const char *config_level_name(gint level);

/* "NAME=VALUE; NAME=VALUE": *ret becomes a copy. */
gboolean config_value_variables(const char *text, char **ret);
/* Sets such variables of this process, NULL none; before there are threads. */
void config_variables_set(const char *text);
/* The names alone: new string. */
char *config_variables_masked(const char *text);

/* What to do instead of a key that looks like credentials, "; credentials do not...":
 * static; NULL: it does not look so. */
const char *config_value_secret_hint(const char *key);
