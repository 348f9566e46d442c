#include "backends/dataproc/dataproc_error.h"

#include <string.h>

#include "backends/dataproc/dataproc_value.h"
#include "backends/http/retry.h"
#include "backends/provider/refusal.h"

#define WORD_MAX 128
#define MESSAGE_MAX 1024
#define DETAILS_MAX 64
#define REASONS 5 /* the first rows of codes */

/* The canonical words by their numbers, which stand in operations. */
static const char *const words[] = {NULL, "CANCELLED", "UNKNOWN",
	"INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
	"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED"};

/* A code is a word, a reason, which says more, or WORD/REASON. */
static const RefusalCode codes[] = {
	{"*ACCESS_TOKEN_EXPIRED", BACKEND_ERROR_AUTH_EXPIRED,
		"renew the access token"},
	{"*SERVICE_DISABLED", BACKEND_ERROR_DENIED,
		"enable the Dataproc API in the project"},
	{"*USER_PROJECT_DENIED", BACKEND_ERROR_DENIED, "check quota_project"},
	{"*ACCESS_TOKEN_SCOPE_INSUFFICIENT", BACKEND_ERROR_DENIED,
		"the token lacks the scope cloud-platform"},
	{"*RATE_LIMIT_EXCEEDED", BACKEND_ERROR_THROTTLED, NULL},
	{"CANCELLED*", BACKEND_ERROR_REMOTE, NULL},
	{"UNKNOWN*", BACKEND_ERROR_REMOTE, NULL},
	{"INVALID_ARGUMENT*", BACKEND_ERROR_INVALID, NULL},
	{"DEADLINE_EXCEEDED*", BACKEND_ERROR_REMOTE, NULL},
	{"NOT_FOUND*", BACKEND_ERROR_GONE, NULL},
	{"ALREADY_EXISTS*", BACKEND_ERROR_EXISTS, NULL},
	{"PERMISSION_DENIED*", BACKEND_ERROR_DENIED, NULL},
	{"RESOURCE_EXHAUSTED*", BACKEND_ERROR_THROTTLED, NULL},
	{"FAILED_PRECONDITION*", BACKEND_ERROR_CONFLICT, NULL},
	{"ABORTED*", BACKEND_ERROR_CONFLICT, NULL},
	{"OUT_OF_RANGE*", BACKEND_ERROR_INVALID, NULL},
	{"UNIMPLEMENTED*", BACKEND_ERROR_UNSUPPORTED, NULL},
	{"INTERNAL*", BACKEND_ERROR_REMOTE, NULL},
	{"UNAVAILABLE*", BACKEND_ERROR_REMOTE, NULL},
	{"DATA_LOSS*", BACKEND_ERROR_REMOTE, NULL},
	{"UNAUTHENTICATED*", BACKEND_ERROR_AUTH, NULL},
	{NULL},
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

/* What a refusal says; texts are borrowed from its JSON. */
typedef struct {
	Refusal base;
	const char *word, *message, *reason;
	const char *field, *field_message; /* the first that is wrong */
	gboolean quota;                    /* a quota is used up */
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

	r->base.retry_after_ms =
		delay ? CLAMP(dataproc_duration(delay), 0, RETRY_AFTER_MAX_MS)
		      : 0;
}

static void read_quota(Told *r, const Json *detail)
{
	r->quota = TRUE;
}

static void read_request(Told *r, const Json *detail)
{
	const char *id = word_of(detail, "requestId");

	g_free(r->base.request_id);
	r->base.request_id = id ? g_utf8_make_valid(id, -1) : NULL;
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

/* A quota that is counted by the minute comes back by itself. */
static gboolean is_used_up(const Told *r)
{
	if (r->message && strstr(r->message, "per minute"))
		return FALSE;
	return (r->quota && r->base.retry_after_ms == 0) ||
	       refusal_is_quota(NULL, r->message);
}

static gboolean says_reason(const Refusal *r)
{
	for (gsize i = 0; i < REASONS; i++)
		if (refusal_code_fits(r->code, codes[i].pattern))
			return TRUE;
	return FALSE;
}

static BackendErrorCode judge(
	const Refusal *r, gboolean known, BackendErrorCode code)
{
	if ((code == BACKEND_ERROR_THROTTLED || code == BACKEND_ERROR_INVALID ||
		    code == BACKEND_ERROR_CONFLICT ||
		    code == BACKEND_ERROR_DENIED) &&
		!says_reason(r) && is_used_up((const Told *)r))
		return BACKEND_ERROR_QUOTA;
	return code;
}

static const RefusalKind kind = {
	.codes = codes, .statuses = statuses, .judge = judge};

/* With what is between where both are there.  NULL: none is. */
static char *joined(const char *a, const char *between, const char *b)
{
	g_autofree char *text = g_strconcat(a && *a ? a : "",
		a && *a && b ? between : "", b ? b : "", NULL);

	return *text ? g_utf8_make_valid(text, -1) : NULL;
}

/* What is not spelt as the API does is a gateway's. */
static void say(
	Told *r, const HttpAnswer *answer, const Json *body, GError **error)
{
	g_autofree char *field = joined(r->field, ": ", r->field_message);

	r->base.code = joined(r->word, "/", r->reason);
	if (r->base.code)
		r->base.message = joined(r->message, "; ", field);
	else if (answer)
		refusal_read_foreign(&r->base, answer, body);
	refusal_set(&r->base, &kind, error);
	refusal_clear(&r->base);
}

void dataproc_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	/* Some of Google's front ends put it into an array. */
	const Json *whole =
		body && json_type(body) == JSON_ARRAY ? json_first(body) : body;
	const Json *told = json_get(whole, "error");
	Told r = {
		.base.status = answer->status, .word = word_of(told, "status")};

	read_error(&r, told);
	say(&r, answer, body, error);
}

gboolean dataproc_accept(const Json *answer, GError **error)
{
	const Json *told = json_get(answer, "error");
	gint64 number = json_get_int(told, "code", 1, G_MAXINT32, 0);
	Told r = {.word = number < (gint64)G_N_ELEMENTS(words) ? words[number]
							       : NULL};

	/* Only an operation that is done has one. */
	if (!json_get_bool(answer, "done", FALSE) || number == 0)
		return TRUE;
	read_error(&r, told);
	say(&r, NULL, NULL, error);
	return FALSE;
}
