#include "backends/dataproc/dataproc_error.h"

#include <string.h>

#include "backends/dataproc/dataproc_value.h"
#include "backends/http/retry.h"
#include "backends/provider/foreign.h"
#include "backends/provider/refusal.h"

#define WORD_MAX 128
#define MESSAGE_MAX 1024
#define DETAILS_MAX 64

/* The canonical words, with their numbers, which stand in operations. */
static const struct {
	gint64 number;
	const char *word;
	BackendErrorCode code;
} words[] = {
	{1, "CANCELLED", BACKEND_ERROR_REMOTE},
	{2, "UNKNOWN", BACKEND_ERROR_REMOTE},
	{3, "INVALID_ARGUMENT", BACKEND_ERROR_INVALID},
	{4, "DEADLINE_EXCEEDED", BACKEND_ERROR_REMOTE},
	{5, "NOT_FOUND", BACKEND_ERROR_GONE},
	{6, "ALREADY_EXISTS", BACKEND_ERROR_EXISTS},
	{7, "PERMISSION_DENIED", BACKEND_ERROR_DENIED},
	{8, "RESOURCE_EXHAUSTED", BACKEND_ERROR_THROTTLED},
	{9, "FAILED_PRECONDITION", BACKEND_ERROR_CONFLICT},
	{10, "ABORTED", BACKEND_ERROR_CONFLICT},
	{11, "OUT_OF_RANGE", BACKEND_ERROR_INVALID},
	{12, "UNIMPLEMENTED", BACKEND_ERROR_UNSUPPORTED},
	{13, "INTERNAL", BACKEND_ERROR_REMOTE},
	{14, "UNAVAILABLE", BACKEND_ERROR_REMOTE},
	{15, "DATA_LOSS", BACKEND_ERROR_REMOTE},
	{16, "UNAUTHENTICATED", BACKEND_ERROR_AUTH},
};

/* Reasons that say more than the word does. */
static const struct {
	const char *reason;
	BackendErrorCode code;
	const char *advice;
} reasons[] = {
	{"ACCESS_TOKEN_EXPIRED", BACKEND_ERROR_AUTH_EXPIRED,
		"renew the access token"},
	{"SERVICE_DISABLED", BACKEND_ERROR_DENIED,
		"enable the Dataproc API in the project"},
	{"USER_PROJECT_DENIED", BACKEND_ERROR_DENIED, "check quota_project"},
	{"ACCESS_TOKEN_SCOPE_INSUFFICIENT", BACKEND_ERROR_DENIED,
		"the token lacks the scope cloud-platform"},
	{"RATE_LIMIT_EXCEEDED", BACKEND_ERROR_THROTTLED, NULL},
};

/* What a status means when no word is told.  A page that is not the API's says
 * nothing of a session, not even that there is none. */
static const RefusalStatus statuses[] = {
	{404, 404, BACKEND_ERROR_UNSUPPORTED,
		"the endpoint has no such call: check endpoint"},
	{408, 408, BACKEND_ERROR_REMOTE, "the front end gave up"},
	{499, 499, BACKEND_ERROR_REMOTE, "the call was cancelled"},
	{0},
};

/* What a refusal says; borrowed from its JSON. */
typedef struct {
	const char *word, *message, *reason, *request_id;
	const char *field, *field_message; /* the first that is wrong */
	gboolean quota;                    /* a quota is used up */
	gint64 retry_ms;
} Told;

/* ---- details ---- */

static const char *word_of(const Json *object, const char *name)
{
	const char *word = json_get_text(object, name, WORD_MAX, NULL);

	return word && *word ? word : NULL;
}

static void read_info(Told *r, const Json *detail)
{
	r->reason = word_of(detail, "reason");
}

static void read_retry(Told *r, const Json *detail)
{
	const char *delay = word_of(detail, "retryDelay");

	r->retry_ms =
		delay ? CLAMP(dataproc_duration(delay), 0, RETRY_AFTER_MAX_MS)
		      : 0;
}

static void read_quota(Told *r, const Json *detail)
{
	r->quota = TRUE;
}

static void read_request(Told *r, const Json *detail)
{
	r->request_id = word_of(detail, "requestId");
}

static void read_fields(Told *r, const Json *detail)
{
	const Json *first = json_first(json_get(detail, "fieldViolations"));

	r->field = word_of(first, "field");
	r->field_message =
		json_get_text(first, "description", MESSAGE_MAX, NULL);
}

/* By the last part of @type. */
static const struct {
	const char *type;
	void (*read)(Told *r, const Json *detail);
} detail_types[] = {
	{"google.rpc.ErrorInfo", read_info},
	{"google.rpc.RetryInfo", read_retry},
	{"google.rpc.QuotaFailure", read_quota},
	{"google.rpc.RequestInfo", read_request},
	{"google.rpc.BadRequest", read_fields},
};

static void read_detail(Told *r, const Json *detail)
{
	const char *url = json_get_text(detail, "@type", WORD_MAX, "");
	const char *slash = strrchr(url, '/');

	for (gsize i = 0; slash && i < G_N_ELEMENTS(detail_types); i++)
		if (g_str_equal(slash + 1, detail_types[i].type))
			detail_types[i].read(r, detail);
}

static void read_error(Told *r, const Json *error)
{
	const Json *details = json_get(error, "details");
	guint n = 0;

	r->message = json_get_text(error, "message", MESSAGE_MAX, NULL);
	json_foreach (detail, details)
		if (n++ < DETAILS_MAX)
			read_detail(r, detail);
}

/* ---- meaning ---- */

static gsize word_row(const char *word)
{
	gsize i = 0;

	while (i < G_N_ELEMENTS(words) && g_strcmp0(word, words[i].word) != 0)
		i++;
	return i;
}

static gsize reason_row(const char *reason)
{
	gsize i = 0;

	while (i < G_N_ELEMENTS(reasons) &&
		g_strcmp0(reason, reasons[i].reason) != 0)
		i++;
	return i;
}

/* A quota that is counted by the minute comes back by itself. */
static gboolean is_used_up(const Told *r)
{
	if (r->message && strstr(r->message, "per minute"))
		return FALSE;
	return (r->quota && r->retry_ms == 0) ||
	       refusal_is_quota(NULL, r->message);
}

static char *code_text(const Told *r)
{
	const char *both = r->word && r->reason ? "/" : "";
	g_autofree char *text = g_strconcat(
		r->word ? r->word : "", both, r->reason ? r->reason : "", NULL);

	return *text ? g_utf8_make_valid(text, -1) : NULL;
}

static char *message_text(const Told *r, const char *fallback)
{
	gboolean has_message = r->message && *r->message;
	g_autofree char *raw = g_strconcat(has_message ? r->message : fallback,
		r->field ? "; " : "", r->field ? r->field : "",
		r->field_message ? ": " : "",
		r->field_message ? r->field_message : "", NULL);

	return g_utf8_make_valid(raw, -1);
}

static void say(const Told *r, guint status, GError **error)
{
	const RefusalStatus *row = refusal_status(statuses, status);
	gsize word = word_row(r->word), reason = reason_row(r->reason);
	gboolean known = reason < G_N_ELEMENTS(reasons);
	const char *advice = known ? reasons[reason].advice : NULL;
	BackendErrorCode code =
		word < G_N_ELEMENTS(words) ? words[word].code : row->code;

	if (known)
		code = reasons[reason].code;
	else if ((code == BACKEND_ERROR_THROTTLED ||
			 code == BACKEND_ERROR_INVALID ||
			 code == BACKEND_ERROR_CONFLICT ||
			 code == BACKEND_ERROR_DENIED) &&
		 is_used_up(r)) {
		code = BACKEND_ERROR_QUOTA;
		advice = "raise the quota or end a session";
	}
	g_autofree char *message = message_text(r, row->message);
	g_auto(Refusal) said = {
		.code = code_text(r),
		.request_id = r->request_id
				      ? g_utf8_make_valid(r->request_id, -1)
				      : NULL,
		.retry_after_ms = r->retry_ms,
	};
	refusal_say(&said, code, message, advice, error);
}

/* What is not spelt as the API does. */
static void refuse_foreign(
	const HttpAnswer *answer, const Json *body, GError **error)
{
	static const RefusalCode codes[] = {{NULL}};
	static const RefusalKind kind = {.codes = codes, .statuses = statuses};
	g_auto(Refusal) r = {.status = answer->status};

	foreign_read(&r, answer, body);
	refusal_set(&r, &kind, error);
}

void dataproc_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	/* Some of Google's front ends put it into an array. */
	const Json *whole =
		body && json_type(body) == JSON_ARRAY ? json_first(body) : body;
	const Json *told = json_get(whole, "error");
	Told r = {.word = word_of(told, "status")};

	read_error(&r, told);
	if (r.word || r.reason)
		say(&r, answer->status, error);
	else
		refuse_foreign(answer, body, error);
}

gboolean dataproc_accept(const Json *answer, GError **error)
{
	const Json *told = json_get(answer, "error");
	gint64 number = json_get_int(told, "code", 1, G_MAXINT32, 0);
	Told r = {NULL};

	/* Only an operation that is done has one. */
	if (!json_get_bool(answer, "done", FALSE) || number == 0)
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (words[i].number == number)
			r.word = words[i].word;
	read_error(&r, told);
	say(&r, 0, error);
	return FALSE;
}
