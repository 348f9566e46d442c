#include "alibaba.h"

#include <string.h>
#include <sys/random.h>

#include "text.h"

/* When the first session made in numbers was created, and how far apart. */
#define FIRST_MS G_GINT64_CONSTANT(1735689600000)
#define APART_MS 25000
#define START_DELAY_MS 41000

#define REGION "cn-hangzhou.emr-serverless.example"
#define WEBUI "https://spark-ui." REGION "/ui/"

static const char *const states[] = {
	[LIFE_STOPPED] = "Stopped",
	[LIFE_STARTING] = "Starting",
	[LIFE_RUNNING] = "Running",
	[LIFE_STOPPING] = "Stopping",
	[LIFE_ERROR] = "Error",
};

/*
 * A session made in numbers, as the list API answers it.  What "$x" stands for
 * is put_field's: a page is written several times faster this way than by a
 * JSON builder.
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

/* Sebastiano Vigna's splitmix64 step: one to one, so ids do not collide. */
static guint64 mix(guint64 x)
{
	x += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void put_hex(GString *out, guint64 x)
{
	char digits[16];

	for (int i = 15; i >= 0; i--, x >>= 4)
		digits[i] = "0123456789abcdef"[x & 15];
	g_string_append_len(out, digits, sizeof(digits));
}

static void put_decimal(GString *out, guint64 x)
{
	char digits[20];
	gsize at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + x % 10);
		x /= 10;
	} while (x);
	g_string_append_len(out, digits + at, sizeof(digits) - at);
}

static void put_name(GString *out, const Entry *entry)
{
	static const char *const subjects[] = {"orders", "clicks", "billing",
		"inventory", "churn", "ads", "payments", "search"};
	static const char *const jobs[] = {"daily", "adhoc", "backfill",
		"report", "features", "dashboard"};

	g_string_append(out, subjects[(entry->seed >> 20) % 8]);
	g_string_append_c(out, '-');
	g_string_append(out, jobs[(entry->seed >> 28) % 6]);
	g_string_append_c(out, '-');
	put_decimal(out, (entry->created_ms - FIRST_MS) / APART_MS);
}

static void put_token(GString *out, guint64 seed)
{
	for (guint i = 1; i <= 4; i++)
		put_hex(out, mix(seed + i));
}

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
	static const char *const users[] = {
		"li.na", "wang.fang", "chen.jie", "zhao.lei", "airflow", "dbt"};
	guint64 seed = entry->seed;

	switch (field) {
	case 'i':
		g_string_append(out, entry->id);
		break;
	case 'w':
		text_quote(out, workspace);
		break;
	case 'q':
		g_string_append(out, seed & 16 ? "root_queue" : "dev_queue");
		break;
	case 'n':
		put_name(out, entry);
		break;
	case 'k':
		g_string_append(out, seed & 32 ? "SQL" : "NOTEBOOK");
		break;
	case 'u':
		put_decimal(out, 10001 + (seed >> 8) % 6);
		break;
	case 'U':
		g_string_append(out, users[(seed >> 8) % 6]);
		break;
	case 's':
		g_string_append(out, states[entry->life]);
		break;
	case 'r':
		put_reason(out, entry);
		break;
	case 'c':
		put_decimal(out, entry->created_ms);
		break;
	case 't':
		put_decimal(out, entry->started_ms);
		break;
	case 'm':
		put_decimal(out, 4 << (seed >> 16) % 4);
		break;
	case 'x':
		if (entry->life != LIFE_RUNNING)
			break;
		g_string_append(out, WEBUI);
		g_string_append(out, entry->id);
		break;
	case 'T':
		put_token(out, seed);
		break;
	}
}

static void record_render(
	const Entry *entry, const char *workspace, GString *out)
{
	const char *at = template, *dollar;

	while ((dollar = strchr(at, '$'))) {
		g_string_append_len(out, at, dollar - at);
		put_field(out, dollar[1], entry, workspace);
		at = dollar + 2;
	}
	g_string_append(out, at);
}

static Entry *record_seeded(const char *workspace, guint64 index)
{
	Entry *entry = g_new0(Entry, 1);
	GString *id = g_string_sized_new(20);
	guint percent;

	entry->seed = mix((guint64)g_str_hash(workspace) << 32 ^ index);
	percent = entry->seed % 100;
	g_string_append(id, "sc-");
	put_hex(id, entry->seed);
	entry->id = g_string_free(id, FALSE);
	entry->created_ms = FIRST_MS + (gint64)index * APART_MS;
	entry->started_ms = entry->created_ms + START_DELAY_MS;
	entry->life = percent < 60   ? LIFE_STOPPED
		      : percent < 96 ? LIFE_RUNNING
				     : LIFE_ERROR;
	return entry;
}

/* A UI is only where something runs, and an old reason is no reason any more. */
static void record_moved(Entry *entry, const char *workspace)
{
	g_autofree char *webui = NULL;

	if (!entry->record)
		return;
	if (entry->life == LIFE_RUNNING)
		webui = alibaba_webui(entry->id);
	text_put_string(&entry->record, "webUI", webui ? webui : "");
	if (entry->started_ms)
		text_put_int(&entry->record, "startTime", entry->started_ms);
	text_put_string(&entry->record, "state", states[entry->life]);
	text_put(&entry->record, "stateChangeReason",
		"{\"code\":\"200\",\"message\":\"success\"}");
}

char *alibaba_webui(const char *id)
{
	return g_strconcat(WEBUI, id, NULL);
}

static Life record_life(const char *state)
{
	for (guint i = 0; i < G_N_ELEMENTS(states); i++)
		if (!g_ascii_strcasecmp(states[i], state))
			return i;
	return LIFE_OTHER;
}

static char *record_workspace(const char *id)
{
	g_autoptr(GString) quoted = g_string_new(NULL);

	text_quote(quoted, id);
	return g_strdup_printf(
		"{\"workspaceId\":%s,\"workspaceName\":%s,"
		"\"workspaceStatus\":\"RUNNING\",\"regionId\":\"cn-hangzhou\","
		"\"createTime\":%" G_GINT64_FORMAT ",\"releaseType\":\"PRO\","
		"\"storage\":\"oss://emulator-bucket/spark\","
		"\"resourceSpec\":\"100cu\",\"paymentType\":\"PayAsYouGo\","
		"\"paymentStatus\":\"NORMAL\",\"autoRenew\":false,"
		"\"resourceGroupId\":\"rg-acfmzabcdemulat\",\"tags\":[]}",
		quoted->str, quoted->str, FIRST_MS - 86400000);
}

const StoreClass alibaba_session_class = {
	.id_member = "sessionClusterId",
	.state_member = "state",
	.render = record_render,
	.moved = record_moved,
	.seeded = record_seeded,
	.life = record_life,
	.workspace = record_workspace,
};

char *alibaba_id_new(void)
{
	guint64 number = 0;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (guint64)g_get_real_time();
	return g_strdup_printf("sc-%016" G_GINT64_MODIFIER "x", mix(number));
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

	put_token(token, mix(g_str_hash(id)));
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
	g_autoptr(GString) extra = g_string_new("\"envId\":");
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
	json_set_text(record, "state", states[LIFE_STOPPED]);
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
	*ret_extra = env ? g_strdup(extra->str) : NULL;
	return json_print(record, FALSE);
}
