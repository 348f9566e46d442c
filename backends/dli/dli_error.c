#include "backends/dli/dli_error.h"

#include <string.h>

#include "backends/provider/refusal.h"

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

static const RefusalWords words = {
	.codes = (const char *const[]){"error_code", "code", "errCode", NULL},
	.messages =
		(const char *const[]){"error_msg", "message", "errMsg", NULL},
	.ids = (const char *const[]){"request_id", NULL},
	.numbers = TRUE,
};

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
	.words = &words,
	.nested = TRUE,
	.success = (const char *const[]){"is_success", NULL},
	.codes = codes,
	.statuses = statuses,
	.judge = judge,
	.quotes = quotes,
};

void dli_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	refusal_answer(&kind, answer, body, error);
}

gboolean dli_accept(const Json *answer, GError **error)
{
	return refusal_accept(&kind, answer, error);
}
