#include "backends/aws/aws_error.h"

#include <string.h>

#include "backends/http/outcome.h"
#include "backends/provider/refusal.h"

#define WORD_MAX 1024

static const RefusalCode codes[] = {
	{"BandwidthLimitExceeded", BACKEND_ERROR_THROTTLED, NULL},
	{"EC2ThrottledException", BACKEND_ERROR_THROTTLED, NULL},
	{"LimitExceededException", BACKEND_ERROR_THROTTLED, NULL},
	{"PriorRequestNotComplete", BACKEND_ERROR_THROTTLED, NULL},
	{"ProvisionedThroughputExceeded*", BACKEND_ERROR_THROTTLED, NULL},
	{"RequestLimitExceeded*", BACKEND_ERROR_THROTTLED, NULL},
	{"RequestThrottled*", BACKEND_ERROR_THROTTLED, NULL},
	{"SlowDown", BACKEND_ERROR_THROTTLED, NULL},
	{"ThrottledException", BACKEND_ERROR_THROTTLED, NULL},
	{"Throttling*", BACKEND_ERROR_THROTTLED, NULL},
	{"TooManyRequests*", BACKEND_ERROR_THROTTLED, NULL},
	{"TransactionInProgressException", BACKEND_ERROR_THROTTLED, NULL},
	{"RequestTimeTooSkewed", BACKEND_ERROR_AUTH,
		"check this machine's clock"},
	{"RequestExpired*", BACKEND_ERROR_AUTH, "check this machine's clock"},
	{"RequestInTheFuture", BACKEND_ERROR_AUTH,
		"check this machine's clock"},
	{"ExpiredToken*", BACKEND_ERROR_AUTH_EXPIRED,
		"renew the temporary credentials"},
	{"TokenRefreshRequired*", BACKEND_ERROR_AUTH_EXPIRED,
		"renew the temporary credentials"},
	{"InvalidSignature*", BACKEND_ERROR_AUTH,
		"check the secret access key"},
	{"SignatureDoesNotMatch", BACKEND_ERROR_AUTH,
		"check the secret access key"},
	{"IncompleteSignature*", BACKEND_ERROR_AUTH,
		"check the access key pair"},
	{"UnrecognizedClient*", BACKEND_ERROR_AUTH,
		"check the access key id and its session token"},
	{"InvalidClientTokenId*", BACKEND_ERROR_AUTH,
		"check the access key id and its session token"},
	{"InvalidAccessKeyId*", BACKEND_ERROR_AUTH, "check the access key id"},
	{"InvalidToken*", BACKEND_ERROR_AUTH,
		"check the session token of the temporary credentials"},
	{"MissingAuthenticationToken*", BACKEND_ERROR_AUTH,
		"check the credentials"},
	{"AuthFailure*", BACKEND_ERROR_AUTH, "check the credentials"},
	{"AccessDenied*", BACKEND_ERROR_DENIED,
		"ask for the permission in IAM"},
	{"UnauthorizedOperation", BACKEND_ERROR_DENIED,
		"ask for the permission in IAM"},
	{"NotAuthorized*", BACKEND_ERROR_DENIED,
		"ask for the permission in IAM"},
	{"OptInRequired", BACKEND_ERROR_DENIED,
		"this account has to sign up for the service or the region"},
	{"RegionDisabled*", BACKEND_ERROR_DENIED,
		"this account has to sign up for the region"},
	{"ServiceQuotaExceeded*", BACKEND_ERROR_QUOTA,
		"raise the quota or end a session"},
	{"IdempotentParameterMismatch*", BACKEND_ERROR_EXISTS,
		"this token has made another session"},
	{"Conflict*", BACKEND_ERROR_CONFLICT, NULL},
	{"UnknownOperation*", BACKEND_ERROR_UNSUPPORTED,
		"this region's endpoint has no such call"},
	{"UnsupportedOperation*", BACKEND_ERROR_UNSUPPORTED,
		"this region's endpoint has no such call"},
	{"InvalidAction", BACKEND_ERROR_UNSUPPORTED,
		"this region's endpoint has no such call"},
	{"*NotFound*", BACKEND_ERROR_GONE, NULL},
	{"RequestTimeout*", BACKEND_ERROR_REMOTE, NULL},
	{"Internal*", BACKEND_ERROR_REMOTE, NULL},
	{"ServiceUnavailable*", BACKEND_ERROR_REMOTE, NULL},
	{"Validation*", BACKEND_ERROR_INVALID, NULL},
	{"Serialization*", BACKEND_ERROR_INVALID, NULL},
	{"Invalid*", BACKEND_ERROR_INVALID, NULL},
	{"Missing*", BACKEND_ERROR_INVALID, NULL},
	{NULL},
};

/* A 404 without a code is not the service's: it may be a wrong endpoint or a
 * proxy's. */
static const RefusalStatus statuses[] = {
	{402, 402, BACKEND_ERROR_QUOTA, "the account's quota is used up"},
	{404, 404, BACKEND_ERROR_REMOTE,
		"the endpoint answered 404 in a way that is not AWS's"},
	{407, 407, BACKEND_ERROR_DENIED, "the proxy wants a password"},
	{0},
};

/* How the services without a code for it say that an id names nothing; in
 * lower case.  Those of a role or a subnet would not speak of the session. */
static const char *const gone_messages[] = {
	"*cluster id*is not valid*",
	"*session id*is not valid*",
	"*cluster*does not exist*",
	"*session*does not exist*",
	"*cluster*not found*",
	"*session*not found*",
	"*no such cluster*",
	"*no such session*",
};
static const char *const not_gone_words[] = {
	"role", "policy", "subnet", "security group", "bucket", "kms"};

static const char *const skew_codes[] = {"RequestTimeTooSkewed",
	"RequestExpired", "RequestInTheFuture", "InvalidSignatureException",
	"SignatureDoesNotMatch", "AuthFailure", NULL};

/* A code is spelt in too many ways for a table. */
static const char *const none[] = {NULL};
static const char *const rest_messages[] = {"message", "Message", NULL};
static const char *const json_messages[] = {"Message", "message", NULL};
static const RefusalWords rest_words = {none, rest_messages, none};
static const RefusalWords json_words = {none, json_messages, none};

typedef struct {
	Refusal base;
	char *detail_code; /* owned; NULL: none */
} AwsRefusal;

/* ---- reading ---- */

static char *word_of(const char *text)
{
	return text && *text ? g_utf8_make_valid(text, -1) : NULL;
}

/* "ns#ValidationException:http://x/,more" names ValidationException. */
static char *code_of(const char *raw)
{
	if (!raw)
		return NULL;
	g_autofree char *cut = g_strndup(raw, strcspn(raw, ",:"));
	const char *mark = strchr(cut, '#');
	g_autofree char *code = g_strdup(mark ? mark + 1 : cut);

	g_strstrip(code);
	return *code && strlen(code) <= WORD_MAX ? word_of(code) : NULL;
}

/* The first of three places that names a code. */
static char *first_code(const char *a, const char *b, const char *c)
{
	const char *const places[] = {a, b, c};

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		char *code = code_of(places[i]);

		if (code)
			return code;
	}
	return NULL;
}

static void read_words(AwsRefusal *ret, const HttpAnswer *answer,
	const Json *body, gboolean header_first)
{
	const char *header = http_answer_get(answer, "x-amzn-errortype");
	const char *code = json_get_text(body, "code", WORD_MAX, NULL);
	const char *type = json_get_text(body, "__type", WORD_MAX, NULL);
	Refusal *r = &ret->base;

	r->status = answer->status;
	r->code = header_first ? first_code(header, code, type)
			       : first_code(type, code, header);
	refusal_read(r, body, header_first ? &rest_words : &json_words);
	r->request_id = outcome_request_id(answer, NULL);
	ret->detail_code =
		word_of(json_get_text(body, "ErrorCode", WORD_MAX, NULL));
}

/* ---- judging ---- */

static gboolean says_gone(const AwsRefusal *r)
{
	g_autofree char *lower =
		g_utf8_strdown(r->base.message ? r->base.message : "", -1);

	if (refusal_code_fits(r->detail_code, "*NotFound*") ||
		refusal_code_fits(r->detail_code, "NoSuch*"))
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(not_gone_words); i++)
		if (strstr(lower, not_gone_words[i]))
			return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(gone_messages); i++)
		if (g_pattern_match_simple(gone_messages[i], lower))
			return TRUE;
	return FALSE;
}

static BackendErrorCode judge(
	const Refusal *r, gboolean known, BackendErrorCode code)
{
	/* A code that we do not know is an answer of the service's all the same. */
	if (!known && r->code && r->status == 404)
		return BACKEND_ERROR_GONE;
	if (code == BACKEND_ERROR_INVALID && says_gone((const AwsRefusal *)r))
		return BACKEND_ERROR_GONE;
	return code;
}

static gboolean quotes(const Refusal *r)
{
	return refusal_code_fits(r->code, "*Signature*");
}

static const RefusalKind kind = {
	.codes = codes, .statuses = statuses, .judge = judge, .quotes = quotes};

static void refuse(const HttpAnswer *answer, const Json *body,
	gboolean header_first, GError **error)
{
	AwsRefusal r = {.base.status = 0};

	read_words(&r, answer, body, header_first);
	refusal_read_foreign(&r.base, answer, body);
	refusal_set(&r.base, &kind, error);
	refusal_clear(&r.base);
	g_free(r.detail_code);
}

void aws_refuse_rest(const HttpAnswer *answer, const Json *body, GError **error)
{
	refuse(answer, body, TRUE, error);
}

void aws_refuse_json(const HttpAnswer *answer, const Json *body, GError **error)
{
	refuse(answer, body, FALSE, error);
}

gboolean aws_is_skew(const char *provider_code)
{
	return g_strv_contains(skew_codes, provider_code);
}
