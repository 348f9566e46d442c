#include "backends/dli/dli_error.h"

#include <string.h>

#include "backends/http/outcome.h"
#include "backends/provider/foreign.h"
#include "backends/provider/refusal.h"

#define MESSAGE_MAX 1024
#define CODE_MAX 128

#define NO_CALL                                                                \
	"this region's endpoint has no such call; not every region still "     \
	"offers sessions"

static const RefusalCode codes[] = {
	{"DLI.0001", BACKEND_ERROR_INVALID, NULL},
	{"DLI.0002", BACKEND_ERROR_GONE, NULL},
	{"DLI.0003", BACKEND_ERROR_DENIED, "ask for the permission in DLI"},
	{"DLI.0006", BACKEND_ERROR_EXISTS, NULL},
	{"DLI.0007", BACKEND_ERROR_UNSUPPORTED, NULL},
	{"DLI.0009", BACKEND_ERROR_QUOTA, "raise the limit or end a session"},
	{"DLI.0011", BACKEND_ERROR_DENIED, "ask for the permission in DLI"},
	{"DLI.0012", BACKEND_ERROR_CONFLICT, "try again later"},
	{"DLI.0013", BACKEND_ERROR_AUTH, "check the access key"},
	{"DLI.0014", BACKEND_ERROR_AUTH, "check the access key"},
	{"DLI.0015", BACKEND_ERROR_AUTH, "check the temporary credentials"},
	{"DLI.0016", BACKEND_ERROR_DENIED, "ask for the role in IAM"},
	{"DLI.0018", BACKEND_ERROR_INVALID, NULL},
	{"DLI.0019", BACKEND_ERROR_REMOTE, NULL},
	{"DLI.0023", BACKEND_ERROR_GONE, NULL},
	{"DLI.0999", BACKEND_ERROR_REMOTE, NULL},
	{"DLI.1028", BACKEND_ERROR_QUOTA, "raise the quota or end a session"},
	{"APIG*.0101", BACKEND_ERROR_UNSUPPORTED, NO_CALL},
	{"APIG*.0301", BACKEND_ERROR_AUTH,
		"check the secret key, and this machine's clock"},
	{"APIG*.0302", BACKEND_ERROR_DENIED, "ask for the permission in IAM"},
	{"APIG*.0303", BACKEND_ERROR_AUTH, "check the access key"},
	{"APIG*.0307", BACKEND_ERROR_AUTH_EXPIRED, "renew the credentials"},
	{"APIG*.0308", BACKEND_ERROR_THROTTLED, NULL},
	{NULL},
};

/* A 404 of nobody known is a gateway's, and does not prove that a session is
 * gone. */
static const RefusalStatus statuses[] = {
	{404, 404, BACKEND_ERROR_UNSUPPORTED,
		"the endpoint has no such call: check region and endpoint"},
	{0},
};

/* ---- reading ---- */

/* A member's text or number; NULL when there is none.  New string. */
static char *word(const Json *body, const char *name, gsize max)
{
	const char *text = json_get_text(body, name, max, NULL);
	gint64 number;

	if (text && *text)
		return g_utf8_make_valid(text, -1);
	if (!text && json_get(body, name) &&
		json_whole(json_get(body, name), &number))
		return g_strdup_printf("%" G_GINT64_FORMAT, number);
	return NULL;
}

static void read_flat(Refusal *r, const Json *body)
{
	static const char *const shapes[][2] = {
		{"error_code", "error_msg"},
		{"code", "message"},
		{"errCode", "errMsg"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
		if (!r->code)
			r->code = word(body, shapes[i][0], CODE_MAX);
		if (!r->message)
			r->message = word(body, shapes[i][1], MESSAGE_MAX);
	}
	if (!r->request_id)
		r->request_id = word(body, "request_id", CODE_MAX);
}

static void read_body(Refusal *r, const Json *body)
{
	if (!body)
		return;
	read_flat(r, body);
	if (r->code || r->message)
		return;
	json_foreach (member, body)
		if (json_type(member) == JSON_OBJECT)
			read_flat(r, member);
}

/* ---- saying ---- */

gboolean dli_is_skew(const char *provider_code)
{
	return refusal_code_fits(provider_code, "APIG*.0301");
}

/* An unknown queue comes as an error of the metadata, as others do. */
static gboolean says_missing(const char *message)
{
	g_autofree char *lower = message ? g_ascii_strdown(message, -1) : NULL;

	return lower &&
	       (strstr(lower, "not exist") || strstr(lower, "not found"));
}

static BackendErrorCode judge(
	const Refusal *r, gboolean known, BackendErrorCode code)
{
	if (known)
		return code;
	if (refusal_code_fits(r->code, "DLI.0008"))
		return says_missing(r->message) ? BACKEND_ERROR_GONE
						: BACKEND_ERROR_REMOTE;
	if (r->status == 404 && refusal_code_fits(r->code, "DLI.*"))
		return BACKEND_ERROR_GONE;
	return code;
}

static gboolean quotes(const Refusal *r)
{
	return r->code && dli_is_skew(r->code);
}

static const RefusalKind kind = {
	.codes = codes, .statuses = statuses, .judge = judge, .quotes = quotes};

void dli_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	g_auto(Refusal) r = {.status = answer->status};

	read_body(&r, body);
	if (!r.request_id)
		r.request_id = outcome_request_id(answer, NULL);
	foreign_read(&r, answer, body);
	refusal_set(&r, &kind, error);
}

gboolean dli_accept(const Json *answer, GError **error)
{
	const char *word_of = json_get_text(answer, "is_success", 16, "true");
	g_auto(Refusal) r = {0};

	if (json_get_bool(answer, "is_success", TRUE) &&
		g_ascii_strcasecmp(word_of, "false") != 0)
		return TRUE;
	read_flat(&r, answer);
	refusal_set(&r, &kind, error);
	return FALSE;
}
