#include "backends/livy/livy_record.h"

#include <string.h>

#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/livy/livy_cause.h"
#include "backends/provider/setting.h"
#include "backends/provider/spec.h"
#include "backends/provider/spec_rule.h"

/* ---- tables ---- */

static const SpecField spec_path[] = {
	{"", SPEC_STRING, FALSE, 1, 65536},
	{NULL},
};
const SpecField livy_spec[] = {
	{"kind", SPEC_STRING},
	{"name", SPEC_STRING},
	{"proxyUser", SPEC_STRING},
	{"queue", SPEC_STRING},
	{"driverMemory", SPEC_STRING},
	{"driverCores", SPEC_INT, FALSE, 0, G_MAXINT32},
	{"executorMemory", SPEC_STRING},
	{"executorCores", SPEC_INT, FALSE, 0, G_MAXINT32},
	{"numExecutors", SPEC_INT, FALSE, 0, G_MAXINT32},
	{"conf", SPEC_STRING_MAP},
	{"jars", SPEC_ARRAY, .fields = spec_path},
	{"pyFiles", SPEC_ARRAY, .fields = spec_path},
	{"files", SPEC_ARRAY, .fields = spec_path},
	{"archives", SPEC_ARRAY, .fields = spec_path},
	{"heartbeatTimeoutInSecond", SPEC_INT, FALSE, 0, G_MAXINT32},
	{"ttl", SPEC_STRING},
	{"idleTimeout", SPEC_STRING},
	{"clientToken", SPEC_STRING, FALSE, 1, 64}, /* ours: it is not sent */
	{NULL},
};

const char *const livy_unique[] = {"name", "clientToken", NULL};

/* Behind those of every record: what tells of the server's version. */
enum {
	PICKED_TTL = N_RECORD_MEMBERS,
	PICKED_IDLE_TIMEOUT,
	N_PICKED,
};
G_STATIC_ASSERT(N_PICKED <= RECORD_MEMBERS_MAX);
static const char *const picked_names[N_PICKED] = {
	[RECORD_ID] = "id",
	[RECORD_NAME] = "name",
	[RECORD_STATE] = "state",
	[RECORD_CREATED] = "",
	[RECORD_CHANGED] = "",
	[PICKED_TTL] = "ttl",
	[PICKED_IDLE_TIMEOUT] = "idleTimeout",
};

/* ---- versions ---- */

static const struct {
	LivyMember member;
	const char *name;
	guint since;  /* 0.since */
	guint picked; /* where in picked_names */
} members[] = {
	{LIVY_NAME, "name", 6, RECORD_NAME},
	{LIVY_TTL, "ttl", 8, PICKED_TTL},
	{LIVY_IDLE_TIMEOUT, "idleTimeout", 9, PICKED_IDLE_TIMEOUT},
};

const char *livy_member_name(LivyMember member)
{
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		if (members[i].member == member)
			return members[i].name;
	return "?";
}

gboolean livy_version_members(const char *version, guint *ret_members)
{
	g_auto(GStrv) parts = g_strsplit(version, ".", 3);
	guint64 major, minor;
	guint known = 0;

	if (g_strv_length(parts) < 2 ||
		!g_ascii_string_to_unsigned(
			parts[0], 10, 0, 1000, &major, NULL) ||
		!g_ascii_string_to_unsigned(
			parts[1], 10, 0, 1000, &minor, NULL))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		if (major > 0 || minor >= members[i].since)
			known |= members[i].member;
	*ret_members = known;
	return TRUE;
}

guint livy_record_members(const Json *record)
{
	guint known = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		if (json_get(record, members[i].name))
			known |= members[i].member;
	return known;
}

/* ---- records ---- */

/* The server asks of each unit of UTF-16 whether it is a digit of any script. */
gboolean livy_name_legal(const char *name)
{
	for (; *name; name = g_utf8_next_char(name)) {
		gunichar c = g_utf8_get_char(name);

		if (c > 0xffff || !g_unichar_isdigit(c))
			return TRUE;
	}
	return FALSE;
}

static void note_members(const RawRecord *record, Session *session)
{
	guint *known = record->data;

	*known = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		if (record->values[members[i].picked].len > 0)
			*known |= members[i].member;
}

static const char *const users[] = {"owner", "proxyUser", NULL};

/* Partial, since before 0.8 most of what a session was made from is not echoed. */
const RecordKind livy_record = {
	.class = &livy_class,
	.pick = {picked_names, N_PICKED, record_no_secrets},
	.no_state = "unknown",
	.partial = TRUE,
	.users = users,
	.finish = note_members,
};

/* ---- an id used again ---- */

/* Members that stay for a session's life, once they are known.  One that is
 * null proves nothing: it may come later, or may have been remembered from the
 * spec; but for the name, which is not. */
static const struct {
	const char *name;
	gboolean stays; /* and does not go back to null */
} lasting[] = {
	{"name", TRUE},
	{"kind", FALSE},
	{"owner", FALSE},
	{"proxyUser", FALSE},
	{"appId", FALSE},
};

/* What a session is made with, and never changes.  From 0.8 on each record tells
 * all of it, what was not set too. */
static const char *const fixed[] = {"conf", "driverMemory", "driverCores",
	"executorMemory", "executorCores", "numExecutors", "jars", "pyFiles",
	"files", "archives", "heartbeatTimeoutInSecond", "ttl", "idleTimeout"};

/* Since 0.9 a record tells of what was never set too: as 0, null, "", [], {}. */
static gboolean was_never_set(const Json *value)
{
	gint64 number;

	return spec_is_unset(value) ||
	       (json_whole(value, &number) && number == 0);
}

static gboolean differ(const Json *old, const Json *new)
{
	if (!old || !new)
		return FALSE;
	if (was_never_set(old) || was_never_set(new))
		return was_never_set(old) != was_never_set(new);
	return !setting_same(old, new);
}

/* A queue that is null may have been remembered from the spec. */
static gboolean is_made_otherwise(const Json *old, const Json *new)
{
	const Json *queue = json_get(old, "queue");

	for (gsize i = 0; i < G_N_ELEMENTS(fixed); i++)
		if (differ(json_get(old, fixed[i]), json_get(new, fixed[i])))
			return TRUE;
	return json_text(json_get(new, "queue")) &&
	       differ(queue, json_get(new, "queue"));
}

static gboolean contradict(
	const Json *before, const Json *now, const char *name, gboolean stays)
{
	const char *old = json_text(json_get(before, name));
	const Json *value = json_get(now, name);
	const char *new = json_text(value);

	if (!old || !value)
		return FALSE;
	if (!new)
		return stays && json_type(value) == JSON_NULL;
	return !g_str_equal(old, new);
}

/* A recovering session was there before the server was; one that has only just
 * begun was not. */
static gboolean has_just_begun(const Session *session)
{
	return g_ascii_strcasecmp(session->state, "not_started") == 0 ||
	       g_ascii_strcasecmp(session->state, "starting") == 0;
}

gboolean livy_is_other(const Session *before, const Session *now)
{
	if (before->phase > PHASE_STARTING && has_just_begun(now))
		return TRUE;
	g_autoptr(Json) old = json_parse(before->body, before->body_len, NULL);
	g_autoptr(Json) new = json_parse(now->body, now->body_len, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(lasting); i++)
		if (contradict(old, new, lasting[i].name, lasting[i].stays))
			return TRUE;
	return is_made_otherwise(old, new);
}

/* ---- content files ---- */

static void render_config(const Backend *self, const Json *record, GString *out)
{
	g_autoptr(Json) spec = spec_reduce(livy_spec, record, livy_unique);
	g_autoptr(Json) set = json_object();

	json_foreach (member, spec)
		if (!was_never_set(member))
			json_set_copy(set, json_name(member), member);
	record_append_json(out, set);
}

static void render_webui(const Backend *self, const Json *record, GString *out)
{
	record_append_url(out,
		json_text(json_get(json_get(record, "appInfo"), "sparkUiUrl")));
}

const RecordRender livy_renders[N_SESSION_FILES] = {
	[SESSION_CONFIG] = render_config,
	[SESSION_WEBUI] = render_webui,
	[SESSION_REASON] = livy_cause_told,
};
