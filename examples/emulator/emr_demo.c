#include "emr.h"

#include <string.h>

#include "text.h"

/* Two clusters as a data team might have left them, and one that has ended. */

#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define HOURS *60
#define DAYS *24 * 60

#define REPORTS "j-2T9N1TR7AJFDV"
#define STREAMS "j-1NJH4IH6D920Q"
#define ENDED "j-3KVTXXXXXX7UG"
#define ROLE "arn:aws:iam::" AWS_ACCOUNT ":role/spark-sessions"

/* Newest first in each cluster, as they are listed. */
static const AwsDemo sessions[] = {
	{REPORTS, "ss-1Q9C4M7X2K0D5", "tmp wang", "wang.fang", LIFE_PENDING, 1,
		1, 45, "spark.driver.memory", "4g", NULL},
	{REPORTS, "ss-8D3V6B0P5N1Z7", "bi-dashboards", "superset", LIFE_RUNNING,
		19 DAYS, 7, 0, "spark.sql.adaptive.enabled", "true", NULL},
	{REPORTS, "ss-2K5H9T4R7W3E6", "gdpr-erasure-q3", "zhao.lei", LIFE_ERROR,
		20 DAYS, 20 DAYS - 26, 60, "spark.driver.memory", "4g",
		"Driver exited with code 137 (OOMKilled): the container used "
		"4.4 GiB of 4.4 GiB. Raise spark.driver.memory."},
	{STREAMS, "ss-7Y1U4I8O2A6S9", "fraud-retraining", "priya.n", LIFE_BUSY,
		8 HOURS, 31, 60, "spark.executor.instances", "40", NULL},
	{STREAMS, "ss-6F0G3J8L5Q2W4", "feature-store-sync", "airflow",
		LIFE_RUNNING, 11 DAYS, 2 HOURS, 0, "spark.executor.memory",
		"16g", NULL},
	{STREAMS, "ss-4E9R1T7Y3U6I8", "kafka offsets", "tom.b", LIFE_STOPPED,
		12 DAYS, 12 DAYS - 200, 120, "spark.executor.cores", "4", NULL},
};

static Json *spec_of(const AwsDemo *row)
{
	g_autofree char *text = g_strdup_printf(
		"{\"Name\":\"%s\",\"ExecutionRoleArn\":\"" ROLE "\","
		"\"SessionIdleTimeoutInMinutes\":%" G_GINT64_FORMAT ","
		"\"EngineConfigurations\":[{\"Classification\":"
		"\"spark-defaults\",\"Properties\":{\"%s\":\"%s\"}}],"
		"\"Tags\":[{\"Key\":\"user\",\"Value\":\"%s\"}]}",
		row->name, row->idle, row->key, row->value, row->user);

	return json_parse(text, strlen(text), NULL);
}

static void add_session(Store *store, const AwsDemo *row, gint64 now_ms)
{
	g_autoptr(Json) spec = spec_of(row);
	const EmrSession made = {row->id, row->workspace, AWS_REGION,
		EMR_RELEASE, spec, now_ms - row->made * MINUTE_MS};
	g_autofree char *id = NULL;
	Entry entry = {.id = (char *)row->id};

	entry.record = emr_record_new(&made);
	aws_demo_play(&entry, &emr_session_class, row, now_ms);
	if (row->reason)
		text_put_string(
			&entry.record, "StateChangeReason", row->reason);
	store_plant(store, row->workspace, entry.record, NULL,
		aws_demo_due(row, now_ms), &id);
	g_free(entry.record);
}

static void add_cluster(
	Store *store, const char *id, const char *name, const char *state)
{
	g_autofree char *patch = g_strdup_printf(
		"{\"Name\":\"%s\",\"Status\":{\"State\":\"%s\","
		"\"StateChangeReason\":{},\"Timeline\":{\"CreationDateTime\":"
		"1.735689600250E9}}}",
		name, state);

	store_add_workspace(store, id, patch, NULL);
}

void emr_demo(Store *store, gint64 now_ms)
{
	add_cluster(store, REPORTS, "reports (shared)", "WAITING");
	add_cluster(store, STREAMS, "streams", "RUNNING");
	add_cluster(store, ENDED, "reports (shared)", "TERMINATED");
	/* Backwards: the last one made is listed first. */
	for (guint i = G_N_ELEMENTS(sessions); i-- > 0;)
		add_session(store, &sessions[i], now_ms);
}
