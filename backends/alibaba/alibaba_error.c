#include "backends/alibaba/alibaba_error.h"

#include <string.h>

#include "backends/http/outcome.h"
#include "backends/provider/foreign.h"
#include "backends/provider/refusal.h"

#define XML_SCANNED (64 * 1024)
#define MESSAGE_MAX 1024

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

/* ---- reading ---- */

/* The member of that name, with either case of the first letter. */
static char *json_word(const Json *body, const char *name)
{
	g_autofree char *small = g_strdup(name);
	const char *word = json_get_text(body, name, MESSAGE_MAX, NULL);

	small[0] = g_ascii_tolower(small[0]);
	if (!word)
		word = json_get_text(body, small, MESSAGE_MAX, NULL);
	return word && *word ? g_utf8_make_valid(word, -1) : NULL;
}

/* The text of the first element of that name, entities as they stand. */
static char *xml_word(const char *text, gsize len, const char *name)
{
	g_autofree char *open = g_strdup_printf("<%s>", name);
	g_autofree char *close = g_strdup_printf("</%s>", name);
	const char *start = g_strstr_len(text, len, open);

	if (!start)
		return NULL;
	start += strlen(open);
	const char *end = g_strstr_len(start, text + len - start, close);
	if (!end || end == start)
		return NULL;
	return g_utf8_make_valid(start, MIN(end - start, MESSAGE_MAX));
}

static void read_xml(Refusal *r, const GByteArray *body)
{
	const char *text = (const char *)body->data;
	gsize len = MIN(body->len, XML_SCANNED);

	if (!text || !g_strstr_len(text, len, "<Error"))
		return;
	r->code = xml_word(text, len, "Code");
	r->message = xml_word(text, len, "Message");
	r->request_id = xml_word(text, len, "RequestId");
}

static void read_json(Refusal *r, const Json *body)
{
	r->code = json_word(body, "Code");
	r->message = json_word(body, "Message");
	r->request_id = json_word(body, "RequestId");
}

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
	.codes = codes, .statuses = statuses, .judge = judge, .quotes = quotes};

void alibaba_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	g_auto(Refusal) r = {.status = answer->status};

	if (body)
		read_json(&r, body);
	else
		read_xml(&r, answer->body);
	if (!r.request_id)
		r.request_id = outcome_request_id(answer, NULL);
	foreign_read(&r, answer, body);
	refusal_set(&r, &kind, error);
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
	g_auto(Refusal) r = {0};

	if (json_get_bool(answer, "success", TRUE) &&
		json_get_bool(answer, "Success", TRUE))
		return TRUE;
	read_json(&r, answer);
	refusal_set(&r, &kind, error);
	return FALSE;
}
