#include "dataproc.h"

#include <string.h>

#include "seed.h"
#include "text.h"

#define START_DELAY_MS 58000
#define BUCKET "gs://dataproc-staging-us-central1-emulator/"
#define GATEWAY ".dataproc.emulator.example:443"

static const EntryState states[LIFE_OTHER] = {
	[LIFE_STOPPED] = {"TERMINATED"},
	[LIFE_STARTING] = {"CREATING", LIFE_RUNNING, 100},
	[LIFE_RUNNING] = {"ACTIVE"},
	[LIFE_STOPPING] = {"TERMINATING", LIFE_STOPPED, 100},
	[LIFE_ERROR] = {"FAILED"},
};

static const EntryState workspace_states[LIFE_OTHER] = {
	[LIFE_RUNNING] = {"READY"},
};

char *dataproc_time_text(gint64 ms)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(ms / 1000);
	g_autofree char *seconds =
		g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");

	return g_strdup_printf("%s.%03d000Z", seconds, (gint)(ms % 1000));
}

char *dataproc_name(const char *workspace, const char *id)
{
	return g_strdup_printf("projects/" DATAPROC_PROJECT
			       "/locations/%s/sessions/%s",
		workspace, id);
}

/* ---- states ---- */

/* Something runs only while it is active; what it used is known at the end. */
static char *runtime_info(const char *id, const char *state)
{
	g_autoptr(Json) info = json_object();
	g_autoptr(Json) endpoints = json_object();
	g_autoptr(Json) usage = json_object();
	g_autofree char *url = g_strdup_printf("https://%s" GATEWAY "/", id);
	g_autofree char *output = g_strdup_printf(BUCKET "sessions/%s", id);

	json_set_text(endpoints, "Spark Connect Server", url);
	json_set_text(usage, "milliDcuSeconds", "21600000");
	json_set_text(usage, "shuffleStorageGbSeconds", "2160000");
	if (!strcmp(state, "ACTIVE"))
		json_set_copy(info, "endpoints", endpoints);
	json_set_text(info, "outputUri", output);
	if (!strcmp(state, "TERMINATED"))
		json_set_copy(info, "approximateUsage", usage);
	return json_print(info, FALSE);
}

/* The state that a session leaves becomes history. */
static void put_history(char **record)
{
	g_autofree char *history = text_member(*record, "stateHistory");
	g_autofree char *state = text_member(*record, "state");
	g_autofree char *since = text_member(*record, "stateTime");
	g_autoptr(GString) longer = g_string_new(history ? history : "[]");

	if (!state || !since)
		return;
	g_string_truncate(longer, longer->len - 1);
	g_string_append_printf(longer,
		"%s{\"state\":%s,\"stateStartTime\":%s}]",
		longer->len > 1 ? "," : "", state, since);
	text_put(record, "stateHistory", longer->str);
}

void dataproc_record_tell(
	char **record, const char *id, const char *state, gint64 moved_ms)
{
	g_autofree char *since = dataproc_time_text(moved_ms);
	g_autofree char *info = runtime_info(id, state);

	if (text_member_is(*record, "state", state))
		return;
	put_history(record);
	text_put(record, "runtimeInfo", info);
	text_put_string(record, "stateTime", since);
	text_put_string(record, "state", state);
}

static void record_moved(Entry *entry, const char *workspace)
{
	if (entry->record)
		dataproc_record_tell(&entry->record, entry->id,
			states[entry->life].word, entry->moved_ms);
}

/* ---- records ---- */

/* Clients may send the numbers of an enumeration; answers have its words. */
static char *kernel_spelt(const Json *jupyter)
{
	static const char *const kernels[] = {
		"KERNEL_UNSPECIFIED", "PYTHON", "SCALA"};
	gint64 number = json_get_int(jupyter, "kernel", 0, 2, -1);
	char *text = json_print(jupyter, FALSE);

	if (number >= 0)
		text_put_string(&text, "kernel", kernels[number]);
	return text;
}

/* With the labels that the product sets itself. */
static char *labels_of(const Json *given, const char *id, const char *workspace)
{
	char *text = given ? json_print(given, FALSE) : g_strdup("{}");

	text_put_string(&text, "goog-dataproc-session-id", id);
	text_put_string(&text, "goog-dataproc-location", workspace);
	return text;
}

static char *environment_of(const Json *given)
{
	const Json *execution = json_get(given, "executionConfig");
	char *text = given ? json_print(given, FALSE) : g_strdup("{}");
	g_autofree char *inner =
		execution ? json_print(execution, FALSE) : g_strdup("{}");

	if (!json_get(execution, "ttl"))
		text_put_string(&inner, "ttl", "86400s");
	if (!json_get(execution, "idleTtl"))
		text_put_string(&inner, "idleTtl", "3600s");
	text_put(&text, "executionConfig", inner);
	return text;
}

static char *runtime_of(const Json *given)
{
	char *text = given ? json_print(given, FALSE) : g_strdup("{}");

	if (!json_get(given, "version"))
		text_put_string(&text, "version", "2.2");
	return text;
}

static void copy_text(char **record, const Json *spec, const char *name)
{
	const char *text = json_text(json_get(spec, name));

	if (text && *text)
		text_put_string(record, name, text);
}

/* Each put goes in front: the last one here is the first of the record. */
char *dataproc_record_new(
	const char *id, const char *workspace, const Json *spec, gint64 now_ms)
{
	const Json *jupyter = json_get(spec, "jupyterSession");
	g_autofree char *kind =
		jupyter ? kernel_spelt(jupyter) : g_strdup("{}");
	g_autofree char *labels =
		labels_of(json_get(spec, "labels"), id, workspace);
	g_autofree char *runtime = runtime_of(json_get(spec, "runtimeConfig"));
	g_autofree char *environment =
		environment_of(json_get(spec, "environmentConfig"));
	g_autofree char *created = dataproc_time_text(now_ms);
	g_autofree char *name = dataproc_name(workspace, id);
	g_autofree char *uuid = seed_uuid(seed_mix(g_str_hash(name)));
	char *record = g_strdup("{}");

	copy_text(&record, spec, "sessionTemplate");
	copy_text(&record, spec, "user");
	text_put(&record, "environmentConfig", environment);
	text_put(&record, "runtimeConfig", runtime);
	text_put(&record, "labels", labels);
	text_put_string(&record, "creator", "emulator@example.com");
	if (jupyter || json_get(spec, "sparkConnectSession"))
		text_put(&record,
			jupyter ? "jupyterSession" : "sparkConnectSession",
			kind);
	dataproc_record_tell(&record, id, states[LIFE_STARTING].word, now_ms);
	text_put_string(&record, "createTime", created);
	text_put_string(&record, "uuid", uuid);
	text_put_string(&record, "name", name);
	return record;
}

/* A session made in numbers; what "$x" stands for is put_field's. */
static const char template[] =
	"{\"name\":\"projects/" DATAPROC_PROJECT "/locations/$w/sessions/$i\","
	"\"uuid\":\"$u\",\"createTime\":\"$c\",$k,\"runtimeInfo\":$r,"
	"\"state\":\"$s\",$e\"stateTime\":\"$t\","
	"\"creator\":\"$U@example.com\",\"labels\":{\"team\":\"$T\","
	"\"goog-dataproc-session-id\":\"$i\","
	"\"goog-dataproc-location\":\"$w\"},"
	"\"runtimeConfig\":{\"version\":\"2.2\",\"properties\":"
	"{\"spark.executor.memory\":\"$mg\"}},"
	"\"environmentConfig\":{\"executionConfig\":{\"idleTtl\":\"3600s\","
	"\"ttl\":\"86400s\",\"subnetworkUri\":\"default\"}},"
	"\"stateHistory\":[{\"state\":\"CREATING\","
	"\"stateStartTime\":\"$c\"}]}";

static void take(GString *out, char *text)
{
	g_string_append(out, text);
	g_free(text);
}

static void put_kind(GString *out, const Entry *entry)
{
	if (entry->seed & 32) {
		g_string_append(out, "\"sparkConnectSession\":{}");
		return;
	}
	g_string_append(out, "\"jupyterSession\":{\"kernel\":\"PYTHON\","
			     "\"displayName\":\"");
	seed_name(out, entry);
	g_string_append(out, "\"}");
}

static void put_field(
	GString *out, char field, const Entry *entry, const char *workspace)
{
	guint64 seed = entry->seed;
	const char *word = states[entry->life].word;

	switch (field) {
	case 'w':
		g_string_append(out, workspace);
		break;
	case 'u':
		take(out, seed_uuid(seed));
		break;
	case 'c':
		take(out, dataproc_time_text(entry->created_ms));
		break;
	case 't':
		take(out, dataproc_time_text(
				  MAX(entry->moved_ms, entry->started_ms)));
		break;
	case 'k':
		put_kind(out, entry);
		break;
	case 'r':
		take(out, runtime_info(entry->id, word));
		break;
	case 's':
		g_string_append(out, word);
		break;
	case 'e':
		if (entry->life == LIFE_ERROR)
			g_string_append(out, "\"stateMessage\":\"Driver pod "
					     "was evicted.\",");
		break;
	case 'T':
		g_string_append(out, seed & 16 ? "data" : "research");
		break;
	}
}

static void record_render(
	const Entry *entry, const char *workspace, GString *out)
{
	seed_write(out, template, put_field, entry, workspace);
}

static Entry *record_seeded(const char *workspace, guint64 index)
{
	guint64 seed = seed_of(workspace, index);

	return seed_session(seed, seed_id("s-", seed), index, START_DELAY_MS);
}

static char *record_id(const Json *record)
{
	const char *name = json_text(json_get(record, "name"));
	const char *slash = name ? strrchr(name, '/') : NULL;

	return slash && slash[1] ? g_strdup(slash + 1) : NULL;
}

/* Of a location the API tells nothing. */
static Entry *workspace_named(const char *id, gint64 now_ms)
{
	g_autofree char *record = g_strdup("{}");

	text_put_string(&record, "locationId", id);
	Entry *entry = entry_new(id, g_steal_pointer(&record));
	entry->life = LIFE_RUNNING;
	return entry;
}

static const StoreClass workspace_class = {
	.id_member = "locationId",
	.state_member = "state",
	.states = workspace_states,
	.oldest_first = TRUE,
	.named = workspace_named,
};

const StoreClass dataproc_session_class = {
	.id_member = "name",
	.state_member = "state",
	.states = states,
	.render = record_render,
	.moved = record_moved,
	.seeded = record_seeded,
	.id_of = record_id,
	.workspaces = &workspace_class,
};
