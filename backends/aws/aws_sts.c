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
#include "backends/provider/foreign.h"

#define STS_VERSION "2011-06-15"
#define REGION_DEFAULT "us-east-1"
#define ANSWER_MAX (256 * 1024)
#define TEXT_MAX 65536
#define MESSAGE_MAX 1024

/* ---- where ---- */

static char *region_of(const Chain *chain)
{
	char *region = chain->region ? g_strdup(chain->region)
				     : aws_region(chain->profile);

	return region ? region : g_strdup(REGION_DEFAULT);
}

static char *sts_url(const Chain *chain, const char *region, GError **error)
{
	const AwsEndpoint wanted = {
		.service = "sts",
		.env = "STS",
		.region = region,
		.profile = chain->profile,
		.fips = aws_flag(chain->profile, "AWS_USE_FIPS_ENDPOINT",
			"use_fips_endpoint"),
		.dual_stack = aws_flag(chain->profile,
			"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
	};
	g_autofree char *base = aws_endpoint(&wanted, error);

	return base ? g_strconcat(base, "/", NULL) : NULL;
}

/* ---- the question ---- */

/* Wipes what it encodes, since one of the values is a token. */
static void form_add(GString *form, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	g_autoptr(SecretText) encoded = http_encode(value);
	g_string_append_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
	g_string_append(form, encoded);
}

static void wipe_bytes(gpointer string)
{
	GString *s = string;

	secret_wipe(s->str, s->allocated_len);
	g_string_free(s, TRUE);
}

/* Without a name of ours the service could not tell our calls from others'. */
static GBytes *form_new(
	const char *action, const AwsRole *role, const char *token)
{
	g_autofree char *seconds =
		role->seconds
			? g_strdup_printf("%" G_GINT64_FORMAT, role->seconds)
			: NULL;
	GString *form = g_string_new(NULL);

	form_add(form, "Action", action);
	form_add(form, "Version", STS_VERSION);
	form_add(form, "RoleArn", role->arn);
	form_add(form, "RoleSessionName",
		role->session_name ? role->session_name : "sessionfs");
	form_add(form, "DurationSeconds", seconds);
	form_add(form, "ExternalId", role->external_id);
	/* Last: as the form grows, no copy of it is left behind. */
	form_add(form, "WebIdentityToken", token);
	return g_bytes_new_with_free_func(
		form->str, form->len, wipe_bytes, form);
}

static HttpRequest *request_new(const char *url, GBytes *form)
{
	HttpRequest *request = http_request_new("POST", url);

	http_request_set(
		request, "content-type", "application/x-www-form-urlencoded");
	request->body = form;
	request->limit = ANSWER_MAX;
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
	if (status == 429)
		return BACKEND_ERROR_THROTTLED;
	return status >= 500 ? BACKEND_ERROR_REMOTE : BACKEND_ERROR_AUTH;
}

static char *text_at(const HttpAnswer *answer, const char *path, gsize max)
{
	return aws_xml_text(
		(const char *)answer->body->data, answer->body->len, path, max);
}

/* In another spelling than the service's: who is in between answers. */
static void refuse_foreign(const HttpAnswer *answer, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	g_auto(Refusal) r = {.status = answer->status};

	foreign_read(&r, answer, body);
	g_autofree char *words = g_strdup_printf("status %u, refused: %s",
		answer->status, r.message ? r.message : "it gave no reason");
	refusal_say(&r, refusal_code(answer->status, r.foreign_code), words,
		NULL, error);
}

static void refuse(const HttpAnswer *answer, GError **error)
{
	g_autofree char *code = text_at(answer, "?/Error/Code", 128);
	g_autofree char *message =
		text_at(answer, "?/Error/Message", MESSAGE_MAX);
	GError *made = NULL;

	if (!code && !message) {
		refuse_foreign(answer, error);
		return;
	}
	backend_error_set(&made, refusal_code(answer->status, code), "%s: %s",
		code ? code : "refused",
		message ? message : "it gave no reason");
	BackendErrorDetail *detail = backend_error_detail(made);
	detail->provider_code = g_steal_pointer(&code);
	detail->request_id = text_at(answer, "?/RequestId", 128);
	g_propagate_error(error, made);
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
	const HttpAnswer *answer, const char *origin, GError **error)
{
	AuthKeyNames names = aws_session_names;

	if (answer->status != 200) {
		refuse(answer, error);
		return NULL;
	}
	names.temporary = TRUE;
	g_autoptr(SecretJson) keys = keys_of(answer);
	if (json_size(keys) > 0)
		return auth_keys_read(keys, &names, origin, error);
	backend_error_set(
		error, BACKEND_ERROR_BAD_ANSWER, "the answer makes no sense");
	return NULL;
}

static gboolean is_skew(GError *refusal)
{
	const BackendErrorDetail *detail = backend_error_detail(refusal);

	return detail && detail->provider_code &&
	       aws_is_skew(detail->provider_code);
}

/* token: what was sent; may be NULL.  *ret_again (may be NULL): whether the
 * clock was wrong, which *skew_s puts right. */
static Credentials *exchange(const Chain *chain, HttpRequest *request,
	const char *token, const char *origin, gint64 deadline_us,
	gint64 *skew_s, gboolean *ret_again, GError **error)
{
	g_autoptr(GError) cause = NULL;
	Credentials *credentials = NULL;
	g_autoptr(HttpAnswer) answer =
		auth_send(chain->remote, request, 0, deadline_us, &cause);

	if (answer)
		credentials = read_keys(answer, origin, &cause);
	if (answer)
		auth_correct_expiry(credentials, answer);
	if (ret_again)
		*ret_again = answer && !credentials &&
			     auth_repair_clock(answer, is_skew(cause), skew_s);
	if (credentials)
		return credentials;
	auth_mask(cause, token);
	g_propagate_prefixed_error(
		error, g_steal_pointer(&cause), "the token service: ");
	return NULL;
}

/* ---- the two calls ---- */

Credentials *aws_assume_role(const Chain *chain, const AwsRole *role,
	const Credentials *base, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autofree char *region = region_of(chain);
	g_autofree char *url = sts_url(chain, region, error);

	if (!url)
		return NULL;
	const char *token = base->token ? secret_peek(base->token) : NULL;
	gint64 skew_s = 0;

	for (gboolean again = FALSE, repaired = FALSE;; repaired = TRUE) {
		g_autoptr(GError) cause = NULL;
		g_autoptr(HttpRequest) request =
			request_new(url, form_new("AssumeRole", role, NULL));
		const SignScope scope = {
			.region = region,
			.service = "sts",
			.now = g_get_real_time() / G_USEC_PER_SEC + skew_s,
		};
		sign_request(SIGN_SIGV4, request, base, &scope);
		Credentials *found = exchange(chain, request, token, origin,
			deadline_us, &skew_s, &again, &cause);
		if (found)
			return found;
		if (again && !repaired)
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
}

Credentials *aws_assume_role_web(const Chain *chain, const AwsRole *role,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autofree char *region = region_of(chain);
	g_autofree char *url = sts_url(chain, region, error);
	g_autoptr(SecretText) token =
		url ? auth_read_file(token_file, error) : NULL;

	if (!token)
		return NULL;
	g_strchomp(token);
	g_autoptr(HttpRequest) request = request_new(
		url, form_new("AssumeRoleWithWebIdentity", role, token));
	return exchange(
		chain, request, token, origin, deadline_us, NULL, NULL, error);
}
