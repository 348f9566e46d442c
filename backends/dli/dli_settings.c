#include "backends/dli/dli_settings.h"

#include <string.h>

#include "backends/dli/dli_project.h"
#include "backends/dli/huawei_chain.h"
#include "backends/dli/huawei_region.h"
#include "backends/error.h"
#include "backends/provider/api_backend.h"

/* No session runs on a queue for SQL. */
static gboolean is_general(const Json *record)
{
	return !g_str_equal(json_get_text(record, "queue_type", 64, ""), "sql");
}

static const DliKind kinds[] = {
	{"queues", "ListQueues", "v1.0", "/queues", "queue_type=general",
		{"queues", "queue_name", "queue_name", {"create_time"}, {NULL},
			is_general},
		"queue"},
	{"clusters", "ListClusters", "v2.0", "/clusters", NULL,
		{"clusters", "cluster_name", "cluster_name", {"create_time"}},
		"cluster_name"},
};

static const DliKind *choose_kind(const char *key, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (!key || g_str_equal(key, kinds[i].containers))
			return &kinds[i];
	return backend_error_null(error, BACKEND_ERROR_CONFIG,
		"containers must be queues or clusters, not \"%.64s\"", key);
}

static char *choose_region(GHashTable *keys, GError **error)
{
	g_autofree char *found = g_hash_table_lookup(keys, "region")
					 ? NULL
					 : huawei_region_only("dli");

	return api_backend_region(keys, found, "cn-north-4", "", error);
}

static gboolean choose_project(
	DliSettings *settings, const char *key, GError **error)
{
	g_autofree char *project =
		key ? g_strdup(key)
		    : huawei_chain_project(settings->file, settings->profile);

	if (project && !dli_project_legal(project)) {
		g_autofree char *shown = g_utf8_make_valid(project, -1);
		return backend_error_false(error, BACKEND_ERROR_CONFIG,
			"project must be an id of 32 hex digits, not \"%.64s\"",
			shown);
	}
	settings->project = g_steal_pointer(&project);
	return TRUE;
}

gboolean dli_settings_read(GHashTable *keys, DliSettings *ret, GError **error)
{
	const char *iam = g_hash_table_lookup(keys, "iam_endpoint");
	g_auto(DliSettings) settings = {
		.kind = choose_kind(
			g_hash_table_lookup(keys, "containers"), error),
		.profile = g_strdup(g_hash_table_lookup(keys, "profile")),
		.file = g_strdup(g_hash_table_lookup(keys, "credentials_file")),
	};

	if (!settings.kind)
		return FALSE;
	settings.region = choose_region(keys, error);
	if (!settings.region ||
		!choose_project(
			&settings, g_hash_table_lookup(keys, "project"), error))
		return FALSE;
	settings.endpoint = huawei_endpoint("dli", settings.region);
	settings.iam = iam ? g_strdup(iam)
			   : huawei_iam_endpoint(settings.file,
				     settings.profile, settings.region);
	while (g_str_has_suffix(settings.iam, "/"))
		settings.iam[strlen(settings.iam) - 1] = '\0';
	*ret = settings;
	settings = (DliSettings){NULL};
	return TRUE;
}

void dli_settings_clear(DliSettings *settings)
{
	g_free(settings->region);
	g_free(settings->endpoint);
	g_free(settings->profile);
	g_free(settings->file);
	g_free(settings->project);
	g_free(settings->iam);
	*settings = (DliSettings){NULL};
}
