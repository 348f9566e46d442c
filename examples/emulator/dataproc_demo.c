#include "dataproc.h"

#include <string.h>

#include "text.h"

/*
 * Two regions as a data team might have left them.  Nothing comes or goes by
 * itself, but for the sessions that are on their way.
 */

#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define TRANSITIONAL_MS (2 * MINUTE_MS)
#define HOURS *60
#define DAYS *24 * 60

#define US "us-central1"
#define EU "europe-west1"

#define NOTEBOOK(name)                                                         \
	"\"jupyterSession\":{\"kernel\":\"PYTHON\",\"displayName\":\"" name    \
	"\"}"
#define CONNECT "\"sparkConnectSession\":{}"

typedef struct {
	const char *workspace, *id, *creator, *state;
	const char *spec;    /* what the create said, without braces */
	gint64 made;         /* minutes ago */
	gint64 changed;      /* minutes ago */
	const char *message; /* why it failed; NULL: it did not */
} DemoSession;

/* Newest first in each location, as they are listed. */
static const DemoSession sessions[] = {
	{US, "basket-analysis-8f3k", "li.na@example.com", "CREATING",
		NOTEBOOK("Basket analysis"), 1, 1, NULL},
	{US, "sc-pricing-dev-02", "tom.b@example.com", "ACTIVE",
		CONNECT ",\"labels\":{\"team\":\"pricing\"}", 3 HOURS,
		3 HOURS - 1, NULL},
	{US, "churn-features-q1zt", "wang.fang@example.com", "TERMINATED",
		NOTEBOOK("Churn features") ",\"runtimeConfig\":{\"version\":"
					   "\"2.3\"}",
		2 DAYS, 1 DAYS, NULL},
	{US, "geo-join-sizing-77", "kim.seo@example.com", "FAILED",
		CONNECT ",\"runtimeConfig\":{\"properties\":"
			"{\"spark.executor.cores\":\"16\"}}",
		4 DAYS, 4 DAYS - 2,
		"Insufficient 'CPUS' quota. Requested 512.0, available 96.0."},
	{US, "sc-superset", "superset@example.com", "ACTIVE",
		CONNECT ",\"environmentConfig\":{\"executionConfig\":"
			"{\"ttl\":\"1209600s\",\"idleTtl\":\"86400s\"}}",
		9 DAYS, 9 DAYS - 1, NULL},
	{EU, "gdpr-erasure-q3", "zhao.lei@example.com", "TERMINATING",
		CONNECT ",\"labels\":{\"team\":\"privacy\"}", 7 HOURS, 1, NULL},
	{EU, "fraud-retraining-x2", "priya.n@example.com", "ACTIVE",
		NOTEBOOK("Fraud retraining"), 26 HOURS, 26 HOURS - 1, NULL},
};

static void add_session(Store *store, const DemoSession *session, gint64 now)
{
	g_autofree char *text = g_strdup_printf("{%s}", session->spec);
	g_autoptr(Json) spec = json_parse(text, strlen(text), NULL);
	gboolean transitional = g_str_has_suffix(session->state, "ING");
	g_autofree char *id = NULL;
	g_autofree char *record = dataproc_record_new(session->id,
		session->workspace, spec, now - session->made * MINUTE_MS);

	dataproc_record_tell(&record, session->id, session->state,
		now - session->changed * MINUTE_MS);
	text_put_string(&record, "creator", session->creator);
	if (session->message)
		text_put_string(&record, "stateMessage", session->message);
	store_plant(store, session->workspace, record, NULL,
		transitional ? now + TRANSITIONAL_MS : 0, &id);
}

void dataproc_demo(Store *store, gint64 now_ms)
{
	store_add_workspace(store, US, NULL, NULL);
	store_add_workspace(store, EU, NULL, NULL);
	/* Backwards: the last one made is listed first. */
	for (guint i = G_N_ELEMENTS(sessions); i-- > 0;)
		add_session(store, &sessions[i], now_ms);
}
