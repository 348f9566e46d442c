#include "emr.h"

#include "seed.h"
#include "text.h"

#define HOUSE ".compute-1.amazonaws.com"

/* A session made in numbers, as both calls answer it.  What "$x" stands for is
 * put_field's, aws_put_field's and seed_write's. */
static const char template[] =
	"{\"Id\":\"$i\",\"ClusterId\":$w,\"Name\":\"$n\",\"Arn\":$r,"
	"\"AccountId\":\"" AWS_ACCOUNT "\",\"State\":\"$s\","
	"\"StateChangeReason\":\"$d\",\"ReleaseLabel\":\"" EMR_RELEASE "\","
	"\"ExecutionRoleArn\":\"arn:aws:iam::" AWS_ACCOUNT
	":role/spark-sessions\","
	"\"CreatedAt\":$c,\"UpdatedAt\":$u,\"StartedAt\":$t,\"$e\":$u,"
	"\"SessionIdleTimeoutInMinutes\":60,"
	"\"EngineConfigurations\":[{\"Classification\":\"spark-defaults\","
	"\"Properties\":{\"spark.executor.memory\":\"$mg\"}}],"
	"\"ServerUrl\":\"sc://ip-10-0-$1-$2.ec2.internal:15002\","
	"\"Tags\":[{\"Key\":\"user\",\"Value\":\"$U\"}]}";

char *emr_arn(const char *region, const char *cluster, const char *session)
{
	return g_strdup_printf("arn:aws:elasticmapreduce:%s:" AWS_ACCOUNT
			       ":cluster/%s%s%s",
		region, cluster, session ? "/session/" : "",
		session ? session : "");
}

static char *id_of_seed(guint64 seed)
{
	g_autoptr(GString) letters = g_string_new(NULL);
	g_autofree char *upper = NULL;

	seed_letters(letters, seed, 13);
	upper = g_ascii_strup(letters->str, -1);
	return g_strconcat("ss-", upper, NULL);
}

char *emr_id_new(void)
{
	return id_of_seed(seed_random());
}

static void put_arn(GString *out, const char *cluster, const char *id)
{
	g_autofree char *arn = emr_arn(AWS_REGION, cluster, id);

	text_quote(out, arn);
}

static void put_field(
	GString *out, char field, const Entry *entry, const char *workspace)
{
	switch (field) {
	case 'w':
		text_quote(out, workspace);
		break;
	case 'r':
		put_arn(out, workspace, entry->id);
		break;
	case 'e':
		g_string_append(out, LIFE_BIT(entry->life) & LIFE_ALIVE
					     ? "IdleSince"
					     : "EndedAt");
		break;
	case '1':
		seed_decimal(out, (entry->seed >> 8) % 256);
		break;
	case '2':
		seed_decimal(out, 4 + (entry->seed >> 16) % 250);
		break;
	default:
		aws_put_field(out, field, entry, TRUE);
		break;
	}
}

static void render(const Entry *entry, const char *workspace, GString *out)
{
	seed_write(out, template, put_field, entry, workspace);
}

static Entry *seeded(const char *workspace, guint64 index)
{
	guint64 seed = seed_of(workspace, index);

	return seed_session(seed, id_of_seed(seed), index, AWS_START_MS);
}

static void moved(Entry *entry, const char *workspace)
{
	static const AwsNames names = {
		.reason = "StateChangeReason",
		.updated = "UpdatedAt",
		.started = "StartedAt",
		.ended = "EndedAt",
		.idle = "IdleSince",
		.exponent = TRUE,
	};

	aws_moved(entry, &emr_session_class, &names, &entry->record);
	if (entry->record && entry->life == LIFE_STARTED)
		text_put_string(&entry->record, "ServerUrl",
			"sc://ip-10-0-3-17.ec2.internal:15002");
}

/* ---- clusters ---- */

static const EntryState cluster_states[LIFE_OTHER] = {
	[LIFE_PENDING] = {"STARTING"},
	[LIFE_STARTING] = {"BOOTSTRAPPING"},
	[LIFE_RUNNING] = {"WAITING"},
	[LIFE_BUSY] = {"RUNNING"},
	[LIFE_STOPPING] = {"TERMINATING"},
	[LIFE_STOPPED] = {"TERMINATED"},
	[LIFE_ERROR] = {"TERMINATED_WITH_ERRORS"},
};

static const char cluster_extra[] =
	"{\"Ec2InstanceAttributes\":{\"Ec2SubnetId\":\"subnet-0a1b2c3d\","
	"\"Ec2AvailabilityZone\":\"" AWS_REGION "b\","
	"\"IamInstanceProfile\":\"EMR_EC2_DefaultRole\"},"
	"\"InstanceCollectionType\":\"INSTANCE_GROUP\","
	"\"ReleaseLabel\":\"" EMR_RELEASE "\",\"AutoTerminate\":false,"
	"\"TerminationProtected\":false,\"VisibleToAllUsers\":true,"
	"\"Applications\":[{\"Name\":\"Spark\",\"Version\":\"4.0.0\"}],"
	"\"Tags\":[],\"ServiceRole\":\"EMR_DefaultRole\","
	"\"MasterPublicDnsName\":\"ec2-203-0-113-7" HOUSE "\","
	"\"StepConcurrencyLevel\":1,\"SessionEnabled\":true}";

static Entry *cluster_named(const char *id, gint64 now_ms)
{
	g_autofree char *arn = emr_arn(AWS_REGION, id, NULL);
	g_autofree char *made = aws_time(SEED_FIRST_MS + 250, TRUE);
	g_autofree char *ready = aws_time(SEED_FIRST_MS + 312604, TRUE);
	g_autofree char *status = g_strdup_printf(
		"{\"State\":\"WAITING\",\"StateChangeReason\":{\"Message\":"
		"\"Cluster ready to run steps.\"},\"Timeline\":{"
		"\"CreationDateTime\":%s,\"ReadyDateTime\":%s}}",
		made, ready);
	g_autoptr(Json) record = json_object();
	Entry *entry;

	json_set_text(record, "Id", id);
	json_set_text(record, "Name", id);
	json_set_int(record, "NormalizedInstanceHours", 96);
	json_set_text(record, "ClusterArn", arn);
	entry = entry_new(id, json_print(record, FALSE));
	text_put(&entry->record, "Status", status);
	entry->extra = g_strdup(cluster_extra);
	entry->life = LIFE_RUNNING;
	return entry;
}

static const char *cluster_state(const Json *record)
{
	return json_text(json_get(json_get(record, "Status"), "State"));
}

static const StoreClass cluster_class = {
	.id_member = "Id",
	.states = cluster_states,
	.oldest_first = TRUE,
	.named = cluster_named,
	.state_of = cluster_state,
};

const StoreClass emr_session_class = {
	.id_member = "Id",
	.state_member = "State",
	.states = aws_states,
	.render = render,
	.moved = moved,
	.seeded = seeded,
	.workspaces = &cluster_class,
};

char *emr_record_new(const EmrSession *session)
{
	static const char *const copied[] = {"Name", "ExecutionRoleArn",
		"EngineConfigurations", "MonitoringConfiguration",
		"SessionIdleTimeoutInMinutes", "Tags"};
	g_autofree char *arn =
		emr_arn(session->region, session->cluster, session->id);
	g_autoptr(Json) record = json_object();
	char *text;

	json_set_text(record, "Id", session->id);
	json_set_text(record, "ClusterId", session->cluster);
	json_set_text(record, "Arn", arn);
	json_set_text(record, "AccountId", AWS_ACCOUNT);
	json_set_text(record, "State", aws_states[LIFE_PENDING].word);
	json_set_text(record, "StateChangeReason", aws_reason(LIFE_PENDING));
	json_set_text(record, "ReleaseLabel", session->release);
	for (guint i = 0; i < G_N_ELEMENTS(copied); i++) {
		const Json *value = json_get(session->spec, copied[i]);

		if (value)
			json_set_copy(record, copied[i], value);
	}
	text = json_print(record, FALSE);
	aws_put_time(&text, "CreatedAt", session->now_ms, TRUE);
	aws_put_time(&text, "UpdatedAt", session->now_ms, TRUE);
	return text;
}
