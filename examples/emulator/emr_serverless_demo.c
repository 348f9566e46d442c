#include "emr_serverless.h"

#include <string.h>

#include "text.h"

/* Two applications as a data team might have left them. */

#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define HOURS *60
#define DAYS *24 * 60

#define ANALYTICS "00fq2k7v9d1m4c0a"
#define FEATURES "00ft8x3n5b6e7p21"
#define ROLE "arn:aws:iam::" AWS_ACCOUNT ":role/spark-sessions"

/* Newest first in each application, as they are listed. */
static const AwsDemo sessions[] = {
	{ANALYTICS, "00fs1q9c4m7x2k0d", "clickstream-debug", "li.na",
		LIFE_STARTING, 1, 1, 90, "spark.executor.instances", "6", NULL},
	{ANALYTICS, "00fs8d3v6b0p5n1z", "orders exploration", "wang.fang",
		LIFE_RUNNING, 3 HOURS, 12, 120, "spark.executor.memory", "8g",
		NULL},
	{ANALYTICS, "00fs2k5h9t4r7w3e", "attribution backfill", "airflow",
		LIFE_BUSY, 9 HOURS, 1 HOURS, 0, "spark.sql.shuffle.partitions",
		"2000", NULL},
	{ANALYTICS, "00fs7y1u4i8o2a6s", "finance/month end", "chen.jie",
		LIFE_STOPPED, 2 DAYS, 2 DAYS - 95, 60,
		"spark.sql.shuffle.partitions", "800",
		"The session was terminated after being idle for 60 minutes."},
	{FEATURES, "00fs6f0g3j8l5q2w", "sizing test 96 vCPU", "kim.seo",
		LIFE_ERROR, 5 HOURS, 5 HOURS - 4, 60,
		"spark.executor.instances", "24",
		"Worker could not be allocated: the application has exceeded "
		"maximum capacity [cpu: 400 vCPU]."},
	{FEATURES, "00fs4e9r1t7y3u6i", "embeddings-eval", "kim.seo",
		LIFE_RUNNING, 20 HOURS, 3 HOURS, 240, "spark.executor.memory",
		"32g", NULL},
	{FEATURES, "00fs3o5p8a0s2d4f", "onboarding", "tom.b", LIFE_STOPPING,
		1 DAYS, 1, 45, "spark.driver.memory", "4g", NULL},
};

static Json *spec_of(const AwsDemo *row)
{
	g_autofree char *text = g_strdup_printf(
		"{\"executionRoleArn\":\"" ROLE "\",\"tags\":{\"user\":\"%s\"},"
		"\"idleTimeoutMinutes\":%" G_GINT64_FORMAT ","
		"\"configurationOverrides\":{\"runtimeConfiguration\":[{"
		"\"classification\":\"spark-defaults\",\"properties\":{"
		"\"%s\":\"%s\"}}]},\"name\":\"%s\"}",
		row->user, row->idle, row->key, row->value, row->name);

	return json_parse(text, strlen(text), NULL);
}

static void add_session(Store *store, const AwsDemo *row, gint64 now_ms)
{
	g_autoptr(Json) spec = spec_of(row);
	const EmrServerlessSession made = {row->id, row->workspace, AWS_REGION,
		EMR_SERVERLESS_RELEASE, spec, now_ms - row->made * MINUTE_MS};
	g_autofree char *user = g_strdup_printf(
		"arn:aws:iam::" AWS_ACCOUNT ":user/%s", row->user);
	g_autofree char *id = NULL;
	Entry entry = {.id = (char *)row->id};

	entry.record = emr_serverless_record_new(&made, &entry.extra);
	aws_demo_play(&entry, &emr_serverless_session_class, row, now_ms);
	text_put_string(&entry.record, "createdBy", user);
	if (row->reason)
		text_put_string(&entry.record, "stateDetails", row->reason);
	store_plant(store, row->workspace, entry.record, entry.extra,
		aws_demo_due(row, now_ms), &id);
	g_free(entry.record);
	g_free(entry.extra);
}

void emr_serverless_demo(Store *store, gint64 now_ms)
{
	store_add_workspace(store, ANALYTICS, "{\"name\":\"analytics\"}", NULL);
	store_add_workspace(
		store, FEATURES, "{\"name\":\"ml/features\"}", NULL);
	/* Backwards: the last one made is listed first. */
	for (guint i = G_N_ELEMENTS(sessions); i-- > 0;)
		add_session(store, &sessions[i], now_ms);
}
