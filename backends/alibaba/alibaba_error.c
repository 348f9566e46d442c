#include "backends/alibaba/alibaba_error.h"

#include <string.h>

#include "backends/provider/refusal.h"

static const RefusalCode codes[] = {
	{"*Throttling*", BACKEND_ERROR_THROTTLED, NULL},
	{"InvalidTimeStamp*", BACKEND_ERROR_AUTH, "check this machine's clock"},
	/* Each attempt has a nonce of its own: this one came twice, and what
	 * became of its twin is not said. */
	{"SignatureNonceUsed", BACKEND_ERROR_REMOTE, NULL},
	{"InvalidAccessKeyId*", BACKEND_ERROR_AUTH,
		"check the access key id and that it is active"},
	{"SignatureDoesNotMatch", BACKEND_ERROR_AUTH,
		"check the access key secret"},
	{"IncompleteSignature*", BACKEND_ERROR_AUTH,
		"check the access key pair"},
	{"InvalidSecurityToken.Expired", BACKEND_ERROR_AUTH_EXPIRED,
		"renew the temporary credentials"},
	{"*Expired", BACKEND_ERROR_AUTH_EXPIRED, "renew the credentials"},
	{"*SecurityToken*", BACKEND_ERROR_AUTH,
		"check the temporary credentials"},
	{"Forbidden*", BACKEND_ERROR_DENIED, "ask for the permission in RAM"},
	{"*NoPermission*", BACKEND_ERROR_DENIED,
		"ask for the permission in RAM"},
	{"AccessDenied*", BACKEND_ERROR_DENIED,
		"ask for the permission in RAM"},
	{"IdempotentParameterMismatch*", BACKEND_ERROR_EXISTS,
		"this clientToken has made another session"},
	{"InvalidApi*", BACKEND_ERROR_UNSUPPORTED,
		"this region's endpoint has no such call"},
	{"InvalidAction*", BACKEND_ERROR_UNSUPPORTED,
		"this region's endpoint has no such call"},
	{"*NotFound*", BACKEND_ERROR_GONE, NULL},
	{"*NotExist*", BACKEND_ERROR_GONE, NULL},
	{"*Quota*", BACKEND_ERROR_QUOTA, "raise the quota or end a session"},
	{"*Conflict*", BACKEND_ERROR_CONFLICT, NULL},
	{"*IncorrectStatus*", BACKEND_ERROR_CONFLICT, NULL},
	{"OperationDenied*", BACKEND_ERROR_CONFLICT, NULL},
	{"*AlreadyExist*", BACKEND_ERROR_EXISTS, NULL},
	{"InternalError*", BACKEND_ERROR_REMOTE, NULL},
	{"ServiceUnavailable*", BACKEND_ERROR_REMOTE, NULL},
	{"Missing*", BACKEND_ERROR_INVALID, NULL},
	{"Invalid*", BACKEND_ERROR_INVALID, NULL},
	{NULL},
};

static const RefusalStatus statuses[] = {
	{404, 404, BACKEND_ERROR_UNSUPPORTED,
		"the endpoint has no such call: check region and endpoint"},
	{0},
};

static const RefusalWords words = {
	.codes = (const char *const[]){"Code", "code", NULL},
	.messages = (const char *const[]){"Message", "message", NULL},
	.ids = (const char *const[]){"RequestId", "requestId", NULL},
};

/* ---- saying ---- */

static gboolean quotes(const Refusal *r)
{
	return g_strcmp0(r->code, "SignatureDoesNotMatch") == 0;
}

/* A 404 with a code is the service's, one without may be a gateway's. */
static BackendErrorCode judge(
	const Refusal *r, gboolean known, BackendErrorCode code)
{
	return !known && r->code && r->status == 404 ? BACKEND_ERROR_GONE
						     : code;
}

static const RefusalKind kind = {
	.words = &words,
	.xml = "<Error",
	.success = (const char *const[]){"success", "Success", NULL},
	.codes = codes,
	.statuses = statuses,
	.judge = judge,
	.quotes = quotes,
};

void alibaba_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	refusal_answer(&kind, answer, body, error);
}

gboolean alibaba_is_skew(const char *provider_code)
{
	return g_str_has_prefix(provider_code, "InvalidTimeStamp");
}

gboolean alibaba_is_replay(const char *provider_code)
{
	return strcmp(provider_code, "SignatureNonceUsed") == 0;
}

gboolean alibaba_accept(const Json *answer, GError **error)
{
	return refusal_accept(&kind, answer, error);
}
