#include "alibaba.h"

#include <string.h>

#include "seed.h"
#include "text.h"

#define START_DELAY_MS 41000

#define REGION "cn-hangzhou.emr-serverless.example"
#define WEBUI "https://spark-ui." REGION "/ui/"

static const EntryState states[LIFE_OTHER] = {
	[LIFE_STOPPED] = {"Stopped"},
	[LIFE_STARTING] = {"Starting", LIFE_RUNNING, 100},
	[LIFE_RUNNING] = {"Running"},
	[LIFE_STOPPING] = {"Stopping", LIFE_STOPPED, 100},
	[LIFE_ERROR] = {"Error"},
};

static const EntryState workspace_states[LIFE_OTHER] = {
	[LIFE_RUNNING] = {"RUNNING"},
};

/*
 * A session made in numbers, as the list API answers it.  What "$x" stands for
 * is put_field's.
 */
static const char template[] =
	"{\"sessionClusterId\":\"$i\",\"workspaceId\":$w,\"queueName\":\"$q\","
	"\"name\":\"$n\",\"kind\":\"$k\",\"userId\":\"15097893470$u\","
	"\"userName\":\"$U\",\"state\":\"$s\",\"stateChangeReason\":$r,"
	"\"gmtCreate\":$c,\"startTime\":$t,"
	"\"autoStopConfiguration\":{\"enable\":true,\"idleTimeoutMinutes\":45},"
	"\"applicationConfigs\":[{\"configFileName\":\"spark-defaults.conf\","
	"\"configItemKey\":\"spark.executor.memory\",\"configItemValue\":\"$"
	"mg\"}],"
	"\"releaseVersion\":\"esr-4.0.0 (Spark 3.5.2, Scala 2.12)\","
	"\"fusion\":true,\"webUI\":\"$x\","
	"\"domain\":\"gateway." REGION "\","
	"\"connectionToken\":\"$T\",\"publicEndpointEnabled\":false}";

static void put_reason(GString *out, const Entry *entry)
{
	if (entry->life == LIFE_ERROR)
		g_string_append(out,
			"{\"code\":\"1000000\",\"message\":\"Driver "
			"pod exited with code 137 (OOMKilled).\"}");
	else
		g_string_append(
			out, "{\"code\":\"200\",\"message\":\"success\"}");
}

static void put_field(
	GString *out, char field, const Entry *entry, const char *workspace)
{
	guint64 seed = entry->seed;

	switch (field) {
	case 'w':
		text_quote(out, workspace);
		break;
	case 'q':
		g_string_append(out, seed & 16 ? "root_queue" : "dev_queue");
		break;
	case 'k':
		g_string_append(out, seed & 32 ? "SQL" : "NOTEBOOK");
		break;
	case 'u':
		seed_decimal(out, 10001 + (seed >> 8) % 6);
		break;
	case 's':
		g_string_append(out, states[entry->life].word);
		break;
	case 'r':
		put_reason(out, entry);
		break;
	case 'c':
		seed_decimal(out, entry->created_ms);
		break;
	case 't':
		seed_decimal(out, entry->started_ms);
		break;
	case 'x':
		if (entry->life != LIFE_RUNNING)
			break;
		g_string_append(out, WEBUI);
		g_string_append(out, entry->id);
		break;
	case 'T':
		seed_token(out, seed);
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

	return seed_session(seed, seed_id("sc-", seed), index, START_DELAY_MS);
}

/* A UI is only where something runs, and an old reason is no reason any more. */
static void record_moved(Entry *entry, const char *workspace)
{
	g_autofree char *webui = NULL;

	if (entry->life == LIFE_STARTING)
		entry->started_ms = entry->moved_ms;
	if (!entry->record)
		return;
	if (entry->life == LIFE_RUNNING)
		webui = alibaba_webui(entry->id);
	text_put_string(&entry->record, "webUI", webui ? webui : "");
	if (entry->started_ms)
		text_put_int(&entry->record, "startTime", entry->started_ms);
	text_put_string(&entry->record, "state", states[entry->life].word);
	text_put(&entry->record, "stateChangeReason",
		"{\"code\":\"200\",\"message\":\"success\"}");
}

char *alibaba_webui(const char *id)
{
	return g_strconcat(WEBUI, id, NULL);
}

static Entry *workspace_named(const char *id, gint64 now_ms)
{
	g_autoptr(GString) quoted = g_string_new(NULL);
	char *record;
	Entry *entry;

	text_quote(quoted, id);
	record = g_strdup_printf(
		"{\"workspaceId\":%s,\"workspaceName\":%s,"
		"\"workspaceStatus\":\"RUNNING\",\"regionId\":\"cn-hangzhou\","
		"\"createTime\":%" G_GINT64_FORMAT ",\"releaseType\":\"PRO\","
		"\"storage\":\"oss://emulator-bucket/spark\","
		"\"resourceSpec\":\"100cu\",\"paymentType\":\"PayAsYouGo\","
		"\"paymentStatus\":\"NORMAL\",\"autoRenew\":false,"
		"\"resourceGroupId\":\"rg-acfmzabcdemulat\",\"tags\":[]}",
		quoted->str, quoted->str, SEED_FIRST_MS - 86400000);
	entry = entry_new(id, record);
	entry->life = LIFE_RUNNING;
	return entry;
}

static const StoreClass workspace_class = {
	.id_member = "workspaceId",
	.state_member = "workspaceStatus",
	.states = workspace_states,
	.oldest_first = TRUE,
	.named = workspace_named,
};

const StoreClass alibaba_session_class = {
	.id_member = "sessionClusterId",
	.state_member = "state",
	.states = states,
	.render = record_render,
	.moved = record_moved,
	.seeded = record_seeded,
	.workspaces = &workspace_class,
};

char *alibaba_id_new(void)
{
	return seed_id("sc-", seed_random());
}

/* "esr-4.0.0" is answered with what it is made of. */
static const char *long_release(const char *release)
{
	static const char *const known[] = {
		"esr-2.5.0 (Spark 3.3.1, Scala 2.12)",
		"esr-3.3.0 (Spark 3.4.4, Scala 2.12)",
		"esr-3.3.1 (Spark 3.4.4, Scala 2.12)",
		"esr-4.0.0 (Spark 3.5.2, Scala 2.12)",
		"esr-4.3.0 (Spark 3.5.2, Scala 2.12)",
	};
	gsize len = strlen(release);

	for (guint i = 0; i < G_N_ELEMENTS(known); i++)
		if (!strncmp(known[i], release, len) && known[i][len] == ' ')
			return known[i];
	return release;
}

static void copy_or(
	Json *record, const Json *spec, const char *name, const char *fallback)
{
	const Json *value = json_get(spec, name);

	if (value)
		json_set_copy(record, name, value);
	else if (fallback)
		json_set_text(record, name, fallback);
}

static void set_switches(Json *record, const Json *spec)
{
	static const char *const switches[] = {
		"autoStartConfiguration", "autoStopConfiguration"};
	static const char *const flags[] = {"fusion", "publicEndpointEnabled"};

	for (guint i = 0; i < G_N_ELEMENTS(switches); i++) {
		g_autoptr(Json) off = json_object();
		const Json *value = json_get(spec, switches[i]);

		json_set_bool(off, "enable", FALSE);
		json_set_copy(record, switches[i], value ? value : off);
	}
	for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
		json_set_bool(
			record, flags[i], json_get_bool(spec, flags[i], FALSE));
}

static void set_connection(Json *record, const char *id)
{
	g_autoptr(GString) token = g_string_new(NULL);

	seed_token(token, seed_mix(g_str_hash(id)));
	json_set_text(record, "domain", "gateway." REGION);
	json_set_text(record, "domainInner", "gateway-inner." REGION);
	json_set_text(record, "connectionToken", token->str);
	json_set_text(record, "draftId", "TASK-5e6cbf9d\n");
	json_set_text(record, "extra", "{}");
}

char *alibaba_record_new(const char *id, const char *workspace,
	const Json *spec, gint64 now_ms, char **ret_extra)
{
	g_autoptr(Json) record = json_object();
	g_autoptr(Json) reason = json_object();
	g_autoptr(GString) extra = g_string_new("{\"envId\":");
	const char *env = json_text(json_get(spec, "envId"));
	const char *release = json_text(json_get(spec, "releaseVersion"));

	release = long_release(release ? release : "esr-4.0.0");
	json_set_text(reason, "code", "200");
	json_set_text(reason, "message", "success");
	json_set_text(record, "sessionClusterId", id);
	json_set_text(record, "workspaceId", workspace);
	copy_or(record, spec, "queueName", "root_queue");
	copy_or(record, spec, "name", "");
	copy_or(record, spec, "kind", "SQL");
	json_set_text(record, "userId", "1509789347010000");
	json_set_text(record, "userName", "emulator");
	json_set_text(record, "state", states[LIFE_STOPPED].word);
	json_set_copy(record, "stateChangeReason", reason);
	json_set_int(record, "gmtCreate", now_ms);
	set_switches(record, spec);
	copy_or(record, spec, "applicationConfigs", NULL);
	json_set_text(record, "releaseVersion", release);
	copy_or(record, spec, "displayReleaseVersion", release);
	json_set_text(record, "webUI", "");
	set_connection(record, id);
	if (env)
		text_quote(extra, env);
	g_string_append_c(extra, '}');
	*ret_extra = env ? g_strdup(extra->str) : NULL;
	return json_print(record, FALSE);
}
