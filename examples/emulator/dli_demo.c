#include "dli.h"

#include <string.h>

#include "text.h"

/*
 * Two queues and a cluster as a data team might have left them.  Nothing comes
 * or goes by itself, but for the one session that is starting.
 */

#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define TRANSITIONAL_MS (2 * MINUTE_MS)
#define HOURS *60
#define DAYS *24 * 60

#define ADHOC "adhoc"
#define ETL "etl_prod"
#define LEGACY "cluster_2019"

typedef struct {
	const char *workspace, *id, *name, *owner, *state;
	const char *spec; /* what else the create said */
	gint64 made;      /* minutes ago */
	gint64 changed;   /* minutes ago; 0: never since */
} DemoSession;

/* Newest first in each workspace, as they are listed. */
static const DemoSession sessions[] = {
	{ADHOC, "6f0c1f7e-3b1a-4c55-9a0f-7d2f3c8e5b11", "funnel-check", "li.na",
		"starting", "{\"sc_type\":\"A\"}", 1, 0},
	{ADHOC, "0d9b7a62-5f0e-4b1d-8e0b-b1c6a94d7e23", "", "wang.fang", "idle",
		"{\"sc_type\":\"B\"}", 3 HOURS, 170},
	{ADHOC, "a4e2d1c9-72b8-4f6e-b3d5-10fe8c6a9b35", "tmp", "tom.b", "dead",
		"{}", 26 HOURS, 25 HOURS},
	{ADHOC, "c37b5e80-91d4-4a2f-8c6e-5d0a7f31b947", "geo join sizing",
		"kim.seo", "error",
		"{\"driverMemory\":\"12G\",\"executorMemory\":\"16G\","
		"\"numExecutors\":48}",
		2 DAYS, 2 DAYS},
	{ETL, "5b8e6d3f-0c7a-4e19-a2b4-9f1d8c0e6a59", "orders hourly",
		"airflow", "busy",
		"{\"sc_type\":\"C\",\"heartbeatTimeoutInSecond\":3600}", 9 DAYS,
		4},
	{ETL, "e1f7c2a0-4d6b-4983-b5c8-3a2e9d7f0c6b", "dim_customer", "airflow",
		"idle", "{\"sc_type\":\"B\"}", 31 DAYS, 2 HOURS},
	{LEGACY, "f28a0d0c-0a37-4bd4-8d1d-1416031e5151", "", "chen.jie", "idle",
		"{\"sc_type\":\"A\"}", 400 DAYS, 12 HOURS},
};

static void add_session(Store *store, const DemoSession *session, gint64 now)
{
	g_autoptr(Json) spec =
		json_parse(session->spec, strlen(session->spec), NULL);
	gboolean transitional = !strcmp(session->state, "starting");
	g_autofree char *extra = dli_extra_new(
		session->changed ? now - session->changed * MINUTE_MS : 0);
	g_autofree char *id = NULL;

	json_set_text(spec, "name", session->name);
	g_autofree char *record = dli_record_new(session->id,
		session->workspace, spec, now - session->made * MINUTE_MS);
	text_put_string(&record, "owner", session->owner);
	dli_record_tell(
		&record, session->id, session->workspace, session->state);
	store_plant(store, session->workspace, record, extra,
		transitional ? now + TRANSITIONAL_MS : 0, &id);
}

void dli_demo(Store *store, gint64 now_ms)
{
	store_add_workspace(store, ADHOC,
		"{\"description\":\"ad hoc questions\",\"cu_count\":16}", NULL);
	store_add_workspace(
		store, ETL, "{\"description\":\"nightly and hourly\"}", NULL);
	store_add_workspace(store, LEGACY, NULL, NULL);
	/* Backwards: the last one made is listed first. */
	for (guint i = G_N_ELEMENTS(sessions); i-- > 0;)
		add_session(store, &sessions[i], now_ms);
}
