#include "livy.h"

#include <string.h>

#include "text.h"

/*
 * A server in front of YARN as a small team might use it.  Nothing comes or goes
 * by itself, but for the one session that is starting.
 */

#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define TRANSITIONAL_MS (2 * MINUTE_MS)

typedef struct {
	const char *owner, *state;
	const char *spec;
	gint64 made; /* minutes ago */
} DemoSession;

static const DemoSession sessions[] = {
	{"airflow", "idle",
		"{\"kind\":\"spark\",\"name\":\"orders hourly\",\"driverMemory"
		"\":\"2g\",\"executorMemory\":\"4g\",\"executorCores\":2,"
		"\"numExecutors\":8,\"queue\":\"etl\"}",
		9 * 24 * 60},
	{"li.na", "busy",
		"{\"kind\":\"pyspark\",\"name\":\"notebook-li\",\"conf\":{"
		"\"spark.sql.shuffle.partitions\":\"64\"}}",
		190},
	{"tom.b", "dead", "{\"kind\":\"spark\",\"driverMemory\":\"banana\"}",
		25},
	{"kim.seo", "idle",
		"{\"kind\":\"sql\",\"name\":\"geo join sizing\",\"ttl\":\"8h\","
		"\"idleTimeout\":\"30m\"}",
		12},
	{"wang.fang", "starting", "{\"kind\":\"sparkr\"}", 1},
};

static void add_session(Store *store, guint64 id, gint64 now)
{
	const DemoSession *session = &sessions[id];
	gboolean transitional = !strcmp(session->state, "starting");
	g_autoptr(Json) spec =
		json_parse(session->spec, strlen(session->spec), NULL);
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT, id);
	g_autofree char *extra = NULL, *made = NULL;
	g_autofree char *record = livy_record_new(
		id, spec, now - session->made * MINUTE_MS, &extra);

	text_put_string(&record, "owner", session->owner);
	livy_record_tell(&record, text, session->state);
	if (!strcmp(session->state, "dead"))
		text_put_int(&extra, "_ended",
			now - session->made * MINUTE_MS + 200);
	store_plant(store, LIVY_ROOM, record, extra,
		transitional ? now + TRANSITIONAL_MS : 0, &made);
}

void livy_demo(Store *store, gint64 now_ms)
{
	gboolean yarn = livy_yarn;

	livy_yarn = TRUE;
	for (guint64 id = 0; id < G_N_ELEMENTS(sessions); id++)
		add_session(store, id, now_ms);
	livy_yarn = yarn;
}
