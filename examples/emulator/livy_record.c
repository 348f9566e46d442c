#include "livy.h"

#include <string.h>

#include "seed.h"
#include "text.h"

#define UI "http://127.0.0.1:8088/proxy/"

/* A driver that cannot start is "starting" as well, for a moment. */
#define LIFE_DOOMED LIFE_STARTED

static const EntryState states[LIFE_OTHER] = {
	[LIFE_STOPPED] = {"killed"},
	[LIFE_PENDING] = {"not_started"},
	[LIFE_STARTING] = {"starting", LIFE_RUNNING, 100},
	[LIFE_DOOMED] = {"starting", LIFE_ERROR, 10},
	[LIFE_RUNNING] = {"idle"},
	[LIFE_BUSY] = {"busy"},
	[LIFE_STOPPING] = {"shutting_down", LIFE_STOPPED, 100},
	[LIFE_ERROR] = {"dead"},
};

/* ---- sessions ---- */

static void tell_application(char **record, const char *id)
{
	g_autofree char *app =
		g_strdup_printf("application_%" G_GINT64_FORMAT "_%04u",
			SEED_FIRST_MS, g_str_hash(id) % 10000);
	g_autofree char *info =
		g_strdup_printf("{\"driverLogUrl\":null,\"sparkUiUrl\":\"" UI
				"%s/\",\"executorLogUrls\":null}",
			app);

	text_put_string(record, "appId", app);
	text_put(record, "appInfo", info);
}

void livy_record_tell(char **record, const char *id, const char *state)
{
	g_autofree char *log = livy_log_short(state);

	text_put_string(record, "state", state);
	text_put(record, "log", log);
	if (livy_yarn && (!strcmp(state, "idle") || !strcmp(state, "busy")))
		tell_application(record, id);
}

void livy_record_bare(char **record)
{
	text_cut(record, "_created");
	text_cut(record, "_ended");
	text_cut(record, "_log");
}

static void record_moved(Entry *entry, const char *workspace)
{
	if (!entry->record)
		return;
	livy_record_tell(&entry->record, entry->id, states[entry->life].word);
	if (!entry->extra)
		entry->extra = g_strdup("{}");
	if (LIFE_BIT(entry->life) & LIFE_ENDED)
		text_put_int(&entry->extra, "_ended", entry->moved_ms);
	else
		text_cut(&entry->extra, "_ended");
}

/* Values of a map are told as strings, whatever they came as. */
static char *conf_of(const Json *spec)
{
	g_autoptr(Json) conf = json_object();

	json_foreach (member, json_get(spec, "conf")) {
		const char *text = json_text(member);
		g_autofree char *printed =
			text ? g_strdup(text) : json_print(member, FALSE);

		json_set_text(conf, json_name(member), printed);
	}
	return json_print(conf, FALSE);
}

/* A member as it came, or how one reads that was never set. */
static void put(
	char **record, const Json *spec, const char *name, const char *unset)
{
	const Json *value = json_get(spec, name);
	g_autofree char *text = value && json_type(value) != JSON_NULL
					? json_print(value, FALSE)
					: g_strdup(unset);

	text_put(record, name, text);
}

/* Each put goes in front: the last one here is the first of the record. */
char *livy_record_new(
	guint64 id, const Json *spec, gint64 now_ms, char **ret_extra)
{
	static const struct {
		const char *name, *unset;
	} echoed[] = {
		{"queue", "null"},
		{"pyFiles", "[]"},
		{"numExecutors", "0"},
		{"jars", "[]"},
		{"heartbeatTimeoutInSecond", "0"},
		{"files", "[]"},
		{"archives", "[]"},
		{"conf", "{}"},
		{"executorCores", "0"},
		{"executorMemory", "null"},
		{"driverCores", "0"},
		{"driverMemory", "null"},
		{"idleTimeout", "null"},
		{"ttl", "null"},
	};
	g_autofree char *conf = conf_of(spec);
	g_autofree char *log = livy_log_short("starting");
	char *record = g_strdup("{}");

	for (gsize i = 0; i < G_N_ELEMENTS(echoed); i++)
		put(&record, spec, echoed[i].name, echoed[i].unset);
	text_put(&record, "conf", conf);
	text_put(&record, "log", log);
	text_put(&record, "appInfo",
		"{\"driverLogUrl\":null,\"sparkUiUrl\":null,"
		"\"executorLogUrls\":null}");
	put(&record, spec, "kind", "\"shared\"");
	text_put(&record, "state", "\"starting\"");
	/* Nobody may be impersonated unless the server is told so. */
	text_put(&record, "proxyUser", "null");
	text_put(&record, "owner", "null");
	text_put(&record, "appId", "null");
	put(&record, spec, "name", "null");
	text_put_int(&record, "id", (gint64)id);
	*ret_extra =
		g_strdup_printf("{\"_created\":%" G_GINT64_FORMAT "}", now_ms);
	return record;
}

static void record_render(
	const Entry *entry, const char *workspace, GString *out)
{
	static const char *const kinds[] = {"spark", "pyspark", "sql"};
	g_autoptr(Json) spec = json_object();
	g_autoptr(GString) name = g_string_new(NULL);
	g_autofree char *extra = NULL;

	seed_name(name, entry);
	json_set_text(spec, "name", name->str);
	json_set_text(spec, "kind", kinds[(entry->seed >> 8) % 3]);
	g_autofree char *record =
		livy_record_new(g_ascii_strtoull(entry->id, NULL, 10), spec,
			entry->created_ms, &extra);
	livy_record_tell(&record, entry->id, states[entry->life].word);
	g_string_append(out, record);
}

static void record_render_extra(
	const Entry *entry, const char *workspace, GString *out)
{
	gboolean ended = (LIFE_BIT(entry->life) & LIFE_ENDED) != 0;

	g_string_append_printf(
		out, "{\"_created\":%" G_GINT64_FORMAT, entry->created_ms);
	if (ended)
		g_string_append_printf(out, ",\"_ended\":%" G_GINT64_FORMAT,
			MAX(entry->moved_ms, entry->created_ms + 60000));
	g_string_append_c(out, '}');
}

static Entry *record_seeded(const char *workspace, guint64 index)
{
	return seed_entry(seed_of(workspace, index),
		g_strdup_printf("%" G_GUINT64_FORMAT, index), index, 10, 80);
}

/* ---- the server ---- */

static const EntryState room_states[LIFE_OTHER] = {
	[LIFE_RUNNING] = {"up"},
};

static Entry *room_named(const char *id, gint64 now_ms)
{
	g_autoptr(GString) quoted = g_string_new(NULL);

	text_quote(quoted, id);
	Entry *entry =
		entry_new(id, g_strdup_printf("{\"server\":%s}", quoted->str));
	entry->life = LIFE_RUNNING;
	return entry;
}

static const StoreClass room_class = {
	.id_member = "server",
	.state_member = "state",
	.states = room_states,
	.oldest_first = TRUE,
	.named = room_named,
};

const StoreClass livy_session_class = {
	.id_member = "id",
	.state_member = "state",
	.states = states,
	.oldest_first = TRUE,
	.counted = TRUE,
	.render = record_render,
	.render_extra = record_render_extra,
	.moved = record_moved,
	.seeded = record_seeded,
	.workspaces = &room_class,
};
