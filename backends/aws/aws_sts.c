/*
 * The dialogue with AWS's security token service (API version 2011-06-15):
 *
 *   POST https://sts.{region}.amazonaws.com/
 *        Action=AssumeRole&Version&RoleArn&RoleSessionName&..., signed (SigV4)
 *        Action=AssumeRoleWithWebIdentity&...&WebIdentityToken, unsigned
 *   -> <XResponse><XResult><Credentials>keys</Credentials>...
 *   or <ErrorResponse><Error><Code/><Message/></Error><RequestId/>
 */
#include <string.h>

#include "backends/auth/sign.h"
#include "backends/aws/aws_auth.h"
#include "backends/aws/aws_chain.h"
#include "backends/aws/aws_endpoint.h"
#include "backends/aws/aws_error.h"
#include "backends/aws/aws_xml.h"
#include "backends/provider/refusal.h"

#define STS_VERSION "2011-06-15"
#define REGION_DEFAULT "us-east-1"
#define TEXT_MAX 65536
#define MESSAGE_MAX 1024

/* ---- the question ---- */

typedef struct {
	const AwsRole *role;
	const char *origin;
	const Credentials *base; /* that signs; NULL: web identity */
	const Secret *token;     /* of web identity */
	const char *region, *url;
} Asking;

/* Without a name of ours the service could not tell our calls from others'. */
static GString *form_new(const Asking *ask)
{
	const AwsRole *role = ask->role;
	g_autofree char *seconds =
		role->seconds
			? g_strdup_printf("%" G_GINT64_FORMAT, role->seconds)
			: NULL;
	GString *form = g_string_new(NULL);

	http_query_add(form, "Action",
		ask->base ? "AssumeRole" : "AssumeRoleWithWebIdentity");
	http_query_add(form, "Version", STS_VERSION);
	http_query_add(form, "RoleArn", role->arn);
	http_query_add(form, "RoleSessionName",
		role->session_name ? role->session_name : "sessionfs");
	http_query_add(form, "DurationSeconds", seconds);
	http_query_add(form, "ExternalId", role->external_id);
	/* Last: as the form grows, no copy of it is left behind. */
	if (ask->token)
		http_query_add(
			form, "WebIdentityToken", secret_peek(ask->token));
	return form;
}

static HttpRequest *make_request(void *data, gint64 now, GError **error)
{
	const Asking *ask = data;
	const SignScope scope = {
		.region = ask->region, .service = "sts", .now = now};
	HttpRequest *request = auth_form_new(ask->url, form_new(ask));

	if (ask->base)
		sign_request(SIGN_SIGV4, request, ask->base, &scope);
	return request;
}

/* ---- the answer ---- */

/* By code first: the same status stands for several of them. */
static const struct {
	const char *code;
	BackendErrorCode means;
} refusals[] = {
	{"AccessDenied", BACKEND_ERROR_DENIED},
	{"AccessDeniedException", BACKEND_ERROR_DENIED},
	{"ExpiredToken", BACKEND_ERROR_AUTH_EXPIRED},
	{"ExpiredTokenException", BACKEND_ERROR_AUTH_EXPIRED},
	{"IDPCommunicationError", BACKEND_ERROR_REMOTE},
	{"RequestLimitExceeded", BACKEND_ERROR_THROTTLED},
	{"Throttling", BACKEND_ERROR_THROTTLED},
	{"ThrottlingException", BACKEND_ERROR_THROTTLED},
};

static BackendErrorCode refusal_code(guint status, const char *code)
{
	for (gsize i = 0; code && i < G_N_ELEMENTS(refusals); i++)
		if (g_str_equal(refusals[i].code, code))
			return refusals[i].means;
	return auth_refusal_code(status);
}

static SecretText *text_at(
	const HttpAnswer *answer, const char *path, gsize max)
{
	return aws_xml_text(
		(const char *)answer->body->data, answer->body->len, path, max);
}

static void refuse(const HttpAnswer *answer, GError **error)
{
	g_auto(Refusal) r = {
		.status = answer->status,
		.code = text_at(answer, "?/Error/Code", 128),
		.message = text_at(answer, "?/Error/Message", MESSAGE_MAX),
		.request_id = text_at(answer, "?/RequestId", 128),
	};
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	g_autofree char *who = NULL;

	if (r.code || r.message) {
		who = g_strdup(r.code ? r.code : "refused");
	} else {
		/* In another spelling than the service's: who is in between
		 * answers. */
		refusal_read_foreign(&r, answer, body);
		who = g_strdup_printf("status %u, refused", r.status);
	}
	g_autofree char *words = g_strconcat(
		who, ": ", r.message ? r.message : "it gave no reason", NULL);
	refusal_say(&r,
		refusal_code(r.status, r.code ? r.code : r.foreign_code), words,
		NULL, error);
}

/* The keys as the other sources answer them. */
static SecretJson *keys_of(const HttpAnswer *answer)
{
	static const char *const names[] = {
		"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"};
	Json *keys = json_object();

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path =
			g_strconcat("?/?/Credentials/", names[i], NULL);
		g_autoptr(SecretText) text = text_at(answer, path, TEXT_MAX);

		if (text)
			json_set_text(keys, names[i], text);
	}
	return keys;
}

static Credentials *read_keys(
	const HttpAnswer *answer, void *data, GError **error)
{
	const Asking *ask = data;
	AuthKeyNames names = aws_session_names;

	if (answer->status != 200) {
		refuse(answer, error);
		return NULL;
	}
	names.temporary = TRUE;
	g_autoptr(SecretJson) keys = keys_of(answer);
	if (json_size(keys) > 0)
		return auth_keys_read(keys, &names, ask->origin, error);
	return backend_error_null(
		error, BACKEND_ERROR_BAD_ANSWER, "the answer makes no sense");
}

/* ---- the two calls ---- */

static Credentials *exchange(
	const Chain *chain, Asking *ask, gint64 deadline_us, GError **error)
{
	static const AuthExchange kind = {
		make_request, read_keys, aws_is_skew, "the token service: "};
	g_autofree char *own = aws_region(chain->profile);
	const char *region = chain->region ? chain->region : own;

	ask->region = region ? region : REGION_DEFAULT;
	g_autofree char *base = aws_usual_endpoint(
		"sts", "STS", ask->region, chain->profile, error);
	g_autofree char *url = base ? g_strconcat(base, "/", NULL) : NULL;
	ask->url = url;
	return url ? auth_exchange(
			     chain->remote, &kind, ask, deadline_us, error)
		   : NULL;
}

Credentials *aws_assume_role(const Chain *chain, const AwsRole *role,
	const Credentials *base, const char *origin, gint64 deadline_us,
	GError **error)
{
	Asking ask = {.role = role, .origin = origin, .base = base};

	return exchange(chain, &ask, deadline_us, error);
}

Credentials *aws_assume_role_web(const Chain *chain, const AwsRole *role,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autoptr(SecretText) text = auth_read_file(token_file, error);

	if (!text)
		return NULL;
	g_autoptr(Secret) token = secret_new(g_strchomp(text), -1);
	Asking ask = {.role = role, .origin = origin, .token = token};
	return exchange(chain, &ask, deadline_us, error);
}
