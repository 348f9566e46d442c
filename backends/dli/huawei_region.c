#include "backends/dli/huawei_region.h"

#include <string.h>

#include "backends/dli/huawei_auth.h"

#define VARIABLE "HUAWEICLOUD_SDK_REGION_"

/* Whose hosts are not below myhuaweicloud.com. */
static const struct {
	const char *region, *domain;
} domains[] = {
	{"eu-west-101", "myhuaweicloud.eu"},
};

/* ---- the environment ---- */

static char *variable_of(const char *service, const char *region)
{
	g_autofree char *whole =
		g_strconcat(VARIABLE, service, "_", region, NULL);

	return g_strdelimit(g_ascii_strup(whole, -1), "-", '_');
}

/* The first of a list: the others are for when that one fails. */
static char *endpoint_of_environment(const char *service, const char *region)
{
	g_autofree char *name = variable_of(service, region);
	const char *value = auth_env(name);

	return value ? g_strndup(value, strcspn(value, ",")) : NULL;
}

/* ---- regions.yaml ---- */

/* What is looked for, and what was found. */
typedef struct {
	const char *service, *region; /* region NULL: any */
	char *id, *endpoint;          /* of the entry that is being read */
	GPtrArray *ids;               /* of entries that have an endpoint */
	char *found;                  /* region's endpoint */
} Reading;

static void entry_end(Reading *reading)
{
	if (reading->id && reading->endpoint) {
		g_ptr_array_add(reading->ids, g_strdup(reading->id));
		if (!reading->found &&
			g_strcmp0(reading->id, reading->region) == 0)
			reading->found = g_strdup(reading->endpoint);
	}
	g_clear_pointer(&reading->id, g_free);
	g_clear_pointer(&reading->endpoint, g_free);
}

static char *unquoted(const char *text)
{
	gsize len = strlen(text);

	if (len >= 2 && (*text == '\'' || *text == '"') &&
		text[len - 1] == *text)
		return g_strndup(text + 1, len - 2);
	return g_strdup(text);
}

static void keep(char **where, const char *text)
{
	g_autofree char *plain = unquoted(text);

	if (!*where && *plain)
		*where = g_steal_pointer(&plain);
}

/* A line below the service: "- id: x", "endpoint: y", "- y". */
static void entry_line(Reading *reading, char *line)
{
	gboolean item = line[0] == '-' && g_ascii_isspace(line[1]);
	char *text = item ? g_strchug(line + 1) : line;
	char *value = strstr(text, ": ");

	if (item && (value || g_str_has_suffix(text, ":")))
		entry_end(reading);
	if (value) {
		*value = '\0';
		g_strchug(value + 1);
		if (g_str_equal(text, "id"))
			keep(&reading->id, value + 1);
		else if (g_str_equal(text, "endpoint"))
			keep(&reading->endpoint, value + 1);
	} else if (item)
		keep(&reading->endpoint, text);
}

static void strip_remark(char *line)
{
	char *remark = strstr(line, " #");

	if (*line == '#')
		*line = '\0';
	if (remark)
		*remark = '\0';
	g_strchomp(line);
}

static gboolean is_heading_of(const char *line, const char *service)
{
	gsize len = strlen(service);

	return g_ascii_strncasecmp(line, service, len) == 0 &&
	       g_str_equal(line + len, ":");
}

static void read_regions(Reading *reading, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	gboolean inside = FALSE;

	for (char **line = lines; *line; line++) {
		strip_remark(*line);
		if (!**line)
			continue;
		if (g_ascii_isspace(**line) || **line == '-') {
			if (inside)
				entry_line(reading, g_strchug(*line));
			continue;
		}
		entry_end(reading);
		inside = is_heading_of(*line, reading->service);
	}
	entry_end(reading);
}

static void read_file(Reading *reading)
{
	const char *own = auth_env("HUAWEICLOUD_SDK_REGIONS_FILE");
	g_autofree char *path =
		own ? g_strdup(own)
		    : auth_home_path(".huaweicloud/regions.yaml");
	g_autoptr(SecretText) text =
		auth_is_file(path) ? auth_read_file(path, NULL) : NULL;

	if (!text)
		return;
	read_regions(reading, text);
	if (reading->ids->len == 0)
		g_debug("%s names no endpoint of %s in a form that is read",
			path, reading->service);
}

/* ---- both ---- */

char *huawei_endpoint(const char *service, const char *region)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	Reading reading = {.service = service, .region = region, .ids = ids};
	const char *domain = "myhuaweicloud.com";
	char *named = endpoint_of_environment(service, region);

	if (named)
		return named;
	read_file(&reading);
	if (reading.found)
		return reading.found;
	for (gsize i = 0; i < G_N_ELEMENTS(domains); i++)
		if (g_str_equal(domains[i].region, region))
			domain = domains[i].domain;
	return g_strdup_printf("https://%s.%s.%s", service, region, domain);
}

static void add_variables(const char *service, GPtrArray *ids)
{
	g_autofree char *prefix = variable_of(service, "");
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++)
		if (g_str_has_prefix(*name, prefix) && auth_env(*name))
			g_ptr_array_add(ids,
				g_strdelimit(
					g_ascii_strdown(
						*name + strlen(prefix), -1),
					"_", '-'));
}

char *huawei_region_only(const char *service)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	Reading reading = {.service = service, .ids = ids};

	add_variables(service, ids);
	if (ids->len == 0)
		read_file(&reading);
	return ids->len == 1 ? g_strdup(g_ptr_array_index(ids, 0)) : NULL;
}

/* The SDKs put https before a bare host. */
static char *with_scheme(const char *url)
{
	return strstr(url, "://") ? g_strdup(url)
				  : g_strconcat("https://", url, NULL);
}

char *huawei_iam_endpoint(
	const char *file, const char *profile, const char *region)
{
	const char *env = auth_env("HUAWEICLOUD_SDK_IAM_ENDPOINT");
	g_autofree char *told =
		env ? NULL
		    : huawei_credentials_value(file, profile, "iam_endpoint");

	if (env || told)
		return with_scheme(env ? env : told);
	return huawei_endpoint("iam", region);
}
