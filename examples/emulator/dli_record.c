#include "dli.h"

#include <string.h>

#include "seed.h"
#include "text.h"

#define UI_HOST "https://dli-proxy.cn-north-4.emulator.example:26001/proxy/"

static const EntryState states[LIFE_OTHER] = {
	[LIFE_STOPPED] = {"dead"},
	[LIFE_PENDING] = {"not_started"},
	[LIFE_STARTING] = {"starting", LIFE_RUNNING, 100},
	[LIFE_RUNNING] = {"idle"},
	[LIFE_BUSY] = {"busy"},
	[LIFE_STOPPING] = {"shutting_down", LIFE_STOPPED, 100},
	[LIFE_ERROR] = {"error"},
};

static const EntryState workspace_states[LIFE_OTHER] = {
	[LIFE_RUNNING] = {"AVAILABLE"},
};

/* ---- sessions ---- */

gboolean dli_is_cluster(const char *workspace)
{
	return strstr(workspace, "cluster") != NULL;
}

static gboolean is_up(const char *state)
{
	return !strcmp(state, "idle") || !strcmp(state, "busy");
}

/* "application_1735689600000_0042" */
static char *app_id(const char *id)
{
	return g_strdup_printf("application_%" G_GINT64_FORMAT "_%04u",
		SEED_FIRST_MS, g_str_hash(id) % 10000);
}

static char *app_info(const char *id, gboolean up)
{
	g_autofree char *app = app_id(id);

	if (!up)
		return g_strdup("{\"driverLogUrl\":null,\"sparkUiUrl\":null}");
	return g_strdup_printf("{\"driverLogUrl\":\"" UI_HOST
			       "logs/%s/\",\"sparkUiUrl\":\"" UI_HOST "%s/\"}",
		app, app);
}

/* About ten lines, as each record has them. */
static char *short_log(const char *id, gboolean cluster, const char *state)
{
	g_autofree char *app = app_id(id);

	if (!strcmp(state, "error") || !strcmp(state, "dead"))
		return g_strdup("[\"stdout: \",\"\\nstderr: \",\"ERROR\\tSpark"
				"Context: driver exited with code 137: "
				"container killed on request\"]");
	if (is_up(state) && cluster)
		return g_strdup_printf(
			"[\"stdout: \",\"\\nstderr: \",\"\\t tracking URL: "
			"" UI_HOST "%s/\",\"\\t user: emulator\"]",
			app);
	if (is_up(state))
		return g_strdup(
			"[\"stdout: \",\"\\nstderr: \",\"INFO\\tClient: "
			"Application report (state: RUNNING)\"]");
	return g_strdup("[]");
}

void dli_record_tell(
	char **record, const char *id, const char *workspace, const char *state)
{
	gboolean cluster = dli_is_cluster(workspace), up = is_up(state);
	g_autofree char *log = short_log(id, cluster, state);
	g_autofree char *info = app_info(id, up);
	g_autofree char *app = app_id(id);

	text_put_string(record, "state", state);
	text_put(record, "log", log);
	if (up)
		text_put_string(record, "appId", app);
	if (!cluster)
		text_put(record, "appInfo", info);
}

char *dli_extra_new(gint64 update_ms)
{
	return g_strdup_printf(
		"{\"update_time\":%" G_GINT64_FORMAT "}", update_ms);
}

static void record_moved(Entry *entry, const char *workspace)
{
	if (!entry->record)
		return;
	dli_record_tell(
		&entry->record, entry->id, workspace, states[entry->life].word);
	g_free(entry->extra);
	entry->extra = dli_extra_new(
		entry->moved_ms > entry->created_ms ? entry->moved_ms : 0);
}

/* Any number that a create names makes the size its own. */
static const char *size_of(const Json *spec)
{
	static const char *const numbers[] = {"driverMemory", "executorMemory",
		"driverCores", "executorCores", "numExecutors"};
	const char *size = json_get_text(spec, "sc_type", 64, "");

	for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
		const Json *value = json_get(spec, numbers[i]);

		if (value && json_type(value) != JSON_NULL)
			return "CUSTOMIZED";
	}
	return *size ? size : "A";
}

/* What was never set is null in the older flavour, and empty in the other. */
static void put_unset(char **record, const char *name, gboolean cluster)
{
	text_put(record, name, cluster ? "null" : "\"\"");
}

/* Each put goes in front: the last one here is the first of the record. */
char *dli_record_new(
	const char *id, const char *workspace, const Json *spec, gint64 now_ms)
{
	gboolean cluster = dli_is_cluster(workspace);
	const char *name = json_get_text(spec, "name", G_MAXINT32, "");
	char *record = g_strdup("{}");

	dli_record_tell(&record, id, workspace, states[LIFE_STARTING].word);
	text_put_int(&record, "create_time", now_ms);
	if (!cluster)
		text_put_string(&record, "queue", workspace);
	text_put_string(&record, "cluster_name", cluster ? workspace : "");
	text_put_string(&record, "sc_type", size_of(spec));
	text_put_string(&record, "kind", "spark");
	put_unset(&record, "proxyUser", cluster);
	text_put_string(&record, "owner", "emulator");
	put_unset(&record, "name", cluster);
	if (*name)
		text_put_string(&record, "name", name);
	put_unset(&record, "appId", cluster);
	text_put_string(&record, "id", id);
	return record;
}

static void record_render(
	const Entry *entry, const char *workspace, GString *out)
{
	static const char *const sizes[] = {"A", "B", "C"};
	g_autoptr(Json) spec = json_object();
	g_autoptr(GString) name = g_string_new(NULL);

	seed_name(name, entry);
	json_set_text(spec, "name", name->str);
	json_set_text(spec, "sc_type", sizes[(entry->seed >> 8) % 3]);
	g_autofree char *record =
		dli_record_new(entry->id, workspace, spec, entry->created_ms);
	text_put_string(&record, "owner", seed_user(entry->seed));
	dli_record_tell(
		&record, entry->id, workspace, states[entry->life].word);
	g_string_append(out, record);
}

static void record_render_extra(
	const Entry *entry, const char *workspace, GString *out)
{
	g_autofree char *extra =
		dli_extra_new(MAX(entry->moved_ms, entry->created_ms));

	g_string_append(out, extra);
}

static Entry *record_seeded(const char *workspace, guint64 index)
{
	guint64 seed = seed_of(workspace, index);

	return seed_entry(seed, seed_uuid(seed), index, 30, 60);
}

/* ---- queues and clusters ---- */

static char *cluster_record(const char *quoted)
{
	return g_strdup_printf(
		"{\"cluster_name\":%s,\"status\":\"AVAILABLE\",\"create_time\":"
		"%" G_GINT64_FORMAT ",\"cu_count\":64,\"description\":\"\","
		"\"owner\":\"emulator\",\"resource_mode\":1}",
		quoted, SEED_FIRST_MS - 86400000);
}

static char *queue_record(const char *quoted)
{
	return g_strdup_printf(
		"{\"queue_id\":17,\"queue_name\":%s,\"queue_type\":\"general\","
		"\"description\":\"\",\"owner\":\"emulator\",\"create_time\":"
		"%" G_GINT64_FORMAT ",\"charging_mode\":1,\"cu_count\":64,"
		"\"resource_mode\":1,\"resource_id\":"
		"\"26afb850-d3c9-42c1-81c0-583d1163e80f\","
		"\"resource_type\":\"container\",\"enterprise_project_id\":"
		"\"0\",\"cuSpec\":64,\"cu_scale_out_limit\":64,"
		"\"cu_scale_in_limit\":64}",
		quoted, SEED_FIRST_MS - 86400000);
}

static Entry *workspace_named(const char *id, gint64 now_ms)
{
	g_autoptr(GString) quoted = g_string_new(NULL);

	text_quote(quoted, id);
	Entry *entry =
		entry_new(id, dli_is_cluster(id) ? cluster_record(quoted->str)
						 : queue_record(quoted->str));
	entry->life = LIFE_RUNNING;
	return entry;
}

static char *workspace_id(const Json *record)
{
	const char *queue = json_text(json_get(record, "queue_name"));
	const char *cluster = json_text(json_get(record, "cluster_name"));

	return g_strdup(queue ? queue : cluster);
}

static const StoreClass workspace_class = {
	.id_member = "queue_name",
	.state_member = "status",
	.states = workspace_states,
	.oldest_first = TRUE,
	.named = workspace_named,
	.id_of = workspace_id,
};

const StoreClass dli_session_class = {
	.id_member = "id",
	.state_member = "state",
	.states = states,
	.render = record_render,
	.render_extra = record_render_extra,
	.moved = record_moved,
	.seeded = record_seeded,
	.workspaces = &workspace_class,
};
