#include "alibaba.h"

#include <string.h>

#include "text.h"

/*
 * Two workspaces as a data team might have left them.  Nothing comes or goes by
 * itself; only the two sessions in transitional states arrive where they were going.
 */

#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define TRANSITIONAL_MS (2 * MINUTE_MS)
#define HOURS *60
#define DAYS *24 * 60

#define ANALYTICS "w-9d3c5f1a7b2e4860"
#define ML "w-2f61b0c84e975ad3"

#define CONFIG(key, value)                                                     \
	"{\"configFileName\":\"spark-defaults.conf\",\"configItemKey\":\"" key \
	"\",\"configItemValue\":\"" value "\"}"
#define REASON(code, message)                                                  \
	"{\"code\":\"" code "\",\"message\":\"" message "\"}"

typedef struct {
	const char *workspace, *id, *name, *kind, *queue, *user, *state;
	gint64 made;    /* minutes ago */
	gint64 started; /* minutes ago, the last time; 0: never */
	gint64 idle;    /* minutes until it is stopped; 0: it is not */
	const char *env, *configs, *reason; /* NULL: none; JSON; JSON */
} DemoSession;

/* Newest first in each workspace, as they are listed. */
static const DemoSession sessions[] = {
	{ANALYTICS, "sc-5d04f8b1a36c9e72", "tmp wang", "SQL", "dev_queue",
		"wang.fang", "Stopped", 2 HOURS, 0, 45, NULL, "", NULL},
	{ANALYTICS, "sc-1f48ca07d9e2b563", "clickstream-debug", "NOTEBOOK",
		"dev_queue", "li.na", "Starting", 6 DAYS, 1, 90,
		"env-9tq2mmd1x0yb", CONFIG("spark.executor.instances", "6"),
		NULL},
	{ANALYTICS, "sc-7a2d60c9e4f1835b", "churn_features_v2", "NOTEBOOK",
		"dev_queue", "wang.fang", "Stopped", 12 DAYS, 3 DAYS, 60,
		"env-cpv5tkfl3r2a", CONFIG("spark.executor.memory", "16g"),
		NULL},
	{ANALYTICS, "sc-4b7e19d2c05a836f", "orders-exploration", "NOTEBOOK",
		"dev_queue", "li.na", "Running", 41 DAYS, 7 HOURS + 12, 120,
		"env-cpv5tkfl3r2a",
		CONFIG("spark.executor.memory", "8g") "," CONFIG(
			"spark.dynamicAllocation.maxExecutors", "24"),
		NULL},
	{ANALYTICS, "sc-e6b9273c1f850ad4", "gdpr-erasure-q3", "SQL",
		"root_queue", "zhao.lei", "Error", 51 DAYS, 26 HOURS, 0, NULL,
		CONFIG("spark.driver.memory", "4g"),
		REASON("1000000",
			"Driver exited with code 137 (OOMKilled): the "
			"container used "
			"4.4 GiB of 4.4 GiB. Raise spark.driver.memory.")},
	{ANALYTICS, "sc-93e0b74a6c21f8d5", "attribution backfill", "SQL",
		"root_queue", "airflow", "Stopping", 88 DAYS, 9 HOURS, 0, NULL,
		CONFIG("spark.sql.shuffle.partitions", "2000"), NULL},
	{ANALYTICS, "sc-0e93a6f47d18b25c", "finance month end", "SQL",
		"root_queue", "chen.jie", "Running", 203 DAYS, 2 DAYS + 95, 0,
		NULL, CONFIG("spark.sql.shuffle.partitions", "800"), NULL},
	{ANALYTICS, "sc-c81f5b3e92704da6", "bi-dashboards", "SQL", "root_queue",
		"superset", "Running", 310 DAYS, 19 DAYS, 0, NULL,
		CONFIG("spark.executor.cores", "4") "," CONFIG(
			"spark.sql.adaptive.enabled", "true"),
		NULL},
	{ML, "sc-2ea65c9b07d4f318", "sizing test 96cu", "NOTEBOOK", "dev_queue",
		"kim.seo", "Error", 5 HOURS, 4 HOURS + 51, 60, NULL,
		CONFIG("spark.executor.instances", "24"),
		REASON("1000000", "Insufficient resources in dev_queue: 96 cu "
				  "requested, 41 cu "
				  "available.")},
	{ML, "sc-d94f1760ea3b852c", "onboarding", "NOTEBOOK", "dev_queue",
		"tom.b", "Stopped", 3 DAYS, 0, 45, "env-fx7w30hdkz5p", "",
		NULL},
	{ML, "sc-b2c75e10f489d36a", "embeddings-eval", "NOTEBOOK", "dev_queue",
		"kim.seo", "Running", 4 DAYS, 3 HOURS + 40, 240,
		"env-fx7w30hdkz5p", CONFIG("spark.executor.memory", "32g"),
		NULL},
	{ML, "sc-f07b3d8462ca91e5", "fraud-retraining", "NOTEBOOK",
		"root_queue", "priya.n", "Stopped", 77 DAYS, 8 DAYS, 60,
		"env-fx7w30hdkz5p", CONFIG("spark.executor.instances", "40"),
		NULL},
	{ML, "sc-68d1a9f30be7c524", "feature-store-sync", "SQL", "root_queue",
		"airflow", "Running", 160 DAYS, 11 DAYS, 0, NULL,
		CONFIG("spark.sql.adaptive.enabled", "true"), NULL},
};

/* What the create that made it said, as far as that is known. */
static Json *spec_of(const DemoSession *session)
{
	g_autofree char *configs = g_strdup_printf("[%s]", session->configs);
	g_autoptr(Json) list = json_parse(configs, strlen(configs), NULL);
	g_autoptr(Json) stop = json_object();
	Json *spec = json_object();

	json_set_text(spec, "name", session->name);
	json_set_text(spec, "kind", session->kind);
	json_set_text(spec, "queueName", session->queue);
	json_set_bool(spec, "fusion", !strcmp(session->queue, "root_queue"));
	json_set_bool(stop, "enable", session->idle > 0);
	if (session->idle)
		json_set_int(stop, "idleTimeoutMinutes", session->idle);
	json_set_copy(spec, "autoStopConfiguration", stop);
	json_set_copy(spec, "applicationConfigs", list);
	if (session->env)
		json_set_text(spec, "envId", session->env);
	return spec;
}

static void add_session(Store *store, const DemoSession *session, gint64 now)
{
	g_autoptr(Json) spec = spec_of(session);
	g_autofree char *extra = NULL, *id = NULL, *webui = NULL;
	gboolean transitional = g_str_has_suffix(session->state, "ing") &&
				strcmp(session->state, "Running");
	g_autofree char *record =
		alibaba_record_new(session->id, session->workspace, spec,
			now - session->made * MINUTE_MS, &extra);

	text_put_string(&record, "userName", session->user);
	text_put_string(&record, "state", session->state);
	if (session->started)
		text_put_int(&record, "startTime",
			now - session->started * MINUTE_MS);
	if (session->reason)
		text_put(&record, "stateChangeReason", session->reason);
	if (!strcmp(session->state, "Running")) {
		webui = alibaba_webui(session->id);
		text_put_string(&record, "webUI", webui);
	}
	store_plant(store, session->workspace, record, extra,
		transitional ? now + TRANSITIONAL_MS : 0, &id);
}

void alibaba_demo(Store *store, gint64 now_ms)
{
	store_add_workspace(
		store, ANALYTICS, "{\"workspaceName\":\"analytics\"}", NULL);
	store_add_workspace(
		store, ML, "{\"workspaceName\":\"ml-platform\"}", NULL);
	/* Backwards: the last one made is listed first. */
	for (guint i = G_N_ELEMENTS(sessions); i-- > 0;)
		add_session(store, &sessions[i], now_ms);
}
