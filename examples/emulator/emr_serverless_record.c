#include "emr_serverless.h"

#include "seed.h"
#include "text.h"

#define IDLE_MINUTES 60

/* A session made in numbers, as ListSessions answers it, and what GetSession
 * adds.  What "$x" stands for is put_field's, aws_put_field's and
 * seed_write's. */
static const char template[] =
	"{\"applicationId\":$a,\"sessionId\":\"$i\",\"arn\":$r,\"name\":\"$n\","
	"\"state\":\"$s\",\"stateDetails\":\"$d\","
	"\"releaseLabel\":\"" EMR_SERVERLESS_RELEASE "\","
	"\"executionRoleArn\":\"arn:aws:iam::" AWS_ACCOUNT
	":role/spark-sessions\","
	"\"createdBy\":\"arn:aws:iam::" AWS_ACCOUNT ":user/$U\","
	"\"createdAt\":$c,\"updatedAt\":$u}";
static const char template_extra[] =
	"{\"startedAt\":$t,$e\"idleTimeoutMinutes\":60,"
	"\"configurationOverrides\":{\"runtimeConfiguration\":[{"
	"\"classification\":\"spark-defaults\",\"properties\":{"
	"\"spark.executor.memory\":\"$mg\"}}]},"
	"\"networkConfiguration\":{},\"tags\":{\"team\":\"data\"}}";

char *emr_serverless_arn(
	const char *region, const char *application, const char *session)
{
	return g_strdup_printf("arn:aws:emr-serverless:%s:" AWS_ACCOUNT
			       ":/applications/%s%s%s",
		region, application, session ? "/sessions/" : "",
		session ? session : "");
}

static char *id_of_seed(guint64 seed)
{
	GString *id = g_string_new("00f");

	seed_letters(id, seed, 13);
	return g_string_free(id, FALSE);
}

char *emr_serverless_id_new(void)
{
	return id_of_seed(seed_random());
}

static void put_arn(GString *out, const char *application, const char *id)
{
	g_autofree char *arn = emr_serverless_arn(AWS_REGION, application, id);

	text_quote(out, arn);
}

/* What depends on how it stands: an end, or since when it is idle. */
static void put_end(GString *out, const Entry *entry)
{
	gint64 end = aws_updated_ms(entry);

	if (LIFE_BIT(entry->life) & LIFE_ALIVE) {
		g_string_append(out, "\"idleSince\":");
		aws_append_time(out, end, FALSE);
	} else {
		g_string_append(out, "\"endedAt\":");
		aws_append_time(out, end, FALSE);
		g_string_append(out, ",\"totalExecutionDurationSeconds\":");
		seed_decimal(out, (end - entry->started_ms) / 1000);
	}
	g_string_append_c(out, ',');
}

static void put_field(
	GString *out, char field, const Entry *entry, const char *workspace)
{
	switch (field) {
	case 'a':
		text_quote(out, workspace);
		break;
	case 'r':
		put_arn(out, workspace, entry->id);
		break;
	case 'e':
		put_end(out, entry);
		break;
	default:
		aws_put_field(out, field, entry, FALSE);
		break;
	}
}

static void render(const Entry *entry, const char *workspace, GString *out)
{
	seed_write(out, template, put_field, entry, workspace);
}

static void render_extra(
	const Entry *entry, const char *workspace, GString *out)
{
	seed_write(out, template_extra, put_field, entry, workspace);
}

static Entry *seeded(const char *workspace, guint64 index)
{
	guint64 seed = seed_of(workspace, index);

	return seed_session(seed, id_of_seed(seed), index, AWS_START_MS);
}

static void put_use(char **extra, const Entry *entry)
{
	gint64 seconds = (entry->moved_ms - entry->started_ms) / 1000;
	g_autofree char *use =
		g_strdup_printf("{\"vCPUHour\":%.3f,\"memoryGBHour\":%.3f,"
				"\"storageGBHour\":%.3f}",
			(double)seconds / 900, (double)seconds / 225,
			(double)seconds / 180);

	text_put_int(extra, "totalExecutionDurationSeconds", seconds);
	text_put(extra, "totalResourceUtilization", use);
	text_put(extra, "billedResourceUtilization", use);
}

static void moved(Entry *entry, const char *workspace)
{
	static const AwsNames names = {
		.reason = "stateDetails",
		.updated = "updatedAt",
		.started = "startedAt",
		.ended = "endedAt",
		.idle = "idleSince",
	};

	aws_moved(entry, &emr_serverless_session_class, &names, &entry->extra);
	if (entry->record && entry->started_ms &&
		LIFE_BIT(entry->life) & LIFE_ENDED)
		put_use(&entry->extra, entry);
}

/* ---- applications ---- */

static const EntryState application_states[LIFE_OTHER] = {
	[LIFE_PENDING] = {"CREATED"},
	[LIFE_STARTING] = {"STARTING", LIFE_RUNNING, 100},
	[LIFE_RUNNING] = {"STARTED"},
	[LIFE_STOPPING] = {"STOPPING", LIFE_STOPPED, 100},
	[LIFE_STOPPED] = {"STOPPED"},
	[LIFE_ERROR] = {"TERMINATED"},
};

static const char application_extra[] =
	"{\"autoStartConfiguration\":{\"enabled\":true},"
	"\"autoStopConfiguration\":{\"enabled\":true,\"idleTimeoutMinutes\":15}"
	","
	"\"interactiveConfiguration\":{\"studioEnabled\":true,"
	"\"livyEndpointEnabled\":false,\"sessionEnabled\":true},"
	"\"maximumCapacity\":{\"cpu\":\"400 vCPU\",\"memory\":\"3000 GB\","
	"\"disk\":\"20000 GB\"},\"networkConfiguration\":{},\"tags\":{}}";

static Entry *application_named(const char *id, gint64 now_ms)
{
	g_autofree char *arn = emr_serverless_arn(AWS_REGION, id, NULL);
	g_autoptr(Json) record = json_object();
	Entry *entry;

	json_set_text(record, "id", id);
	json_set_text(record, "name", id);
	json_set_text(record, "arn", arn);
	json_set_text(record, "releaseLabel", EMR_SERVERLESS_RELEASE);
	json_set_text(record, "type", "Spark");
	json_set_text(record, "state", "STARTED");
	json_set_text(record, "stateDetails", "");
	json_set_text(record, "architecture", "X86_64");
	entry = entry_new(id, json_print(record, FALSE));
	entry->extra = g_strdup(application_extra);
	entry->life = LIFE_RUNNING;
	aws_put_time(&entry->record, "createdAt", SEED_FIRST_MS + 250, FALSE);
	aws_put_time(&entry->record, "updatedAt", now_ms, FALSE);
	return entry;
}

static void application_moved(Entry *entry, const char *workspace)
{
	text_put_string(
		&entry->record, "state", application_states[entry->life].word);
	aws_put_time(&entry->record, "updatedAt", entry->moved_ms, FALSE);
}

static const StoreClass application_class = {
	.id_member = "id",
	.state_member = "state",
	.states = application_states,
	.oldest_first = TRUE,
	.moved = application_moved,
	.named = application_named,
};

const StoreClass emr_serverless_session_class = {
	.id_member = "sessionId",
	.state_member = "state",
	.states = aws_states,
	.render = render,
	.render_extra = render_extra,
	.moved = moved,
	.seeded = seeded,
	.workspaces = &application_class,
};

static void copy_there(Json *to, const Json *from, const char *name)
{
	const Json *value = json_get(from, name);

	if (value)
		json_set_copy(to, name, value);
}

char *emr_serverless_record_new(
	const EmrServerlessSession *session, char **ret_extra)
{
	g_autofree char *arn = emr_serverless_arn(
		session->region, session->application, session->id);
	g_autoptr(Json) record = json_object();
	g_autoptr(Json) extra = json_object();
	g_autoptr(Json) none = json_object();
	char *text;

	json_set_text(record, "applicationId", session->application);
	json_set_text(record, "sessionId", session->id);
	json_set_text(record, "arn", arn);
	copy_there(record, session->spec, "name");
	json_set_text(record, "state", aws_states[LIFE_PENDING].word);
	json_set_text(record, "stateDetails", aws_reason(LIFE_PENDING));
	json_set_text(record, "releaseLabel", session->release);
	copy_there(record, session->spec, "executionRoleArn");
	json_set_text(record, "createdBy",
		"arn:aws:iam::" AWS_ACCOUNT ":user/emulator");
	text = json_print(record, FALSE);
	aws_put_time(&text, "createdAt", session->now_ms, FALSE);
	aws_put_time(&text, "updatedAt", session->now_ms, FALSE);
	json_set_int(extra, "idleTimeoutMinutes", IDLE_MINUTES);
	json_set_copy(extra, "networkConfiguration", none);
	json_set_copy(extra, "tags", none);
	copy_there(extra, session->spec, "idleTimeoutMinutes");
	copy_there(extra, session->spec, "tags");
	copy_there(extra, session->spec, "configurationOverrides");
	*ret_extra = json_print(extra, FALSE);
	return text;
}
