/*
 * The dialogue with IAM that turns an OIDC identity token into a key pair:
 *
 *   POST {iam}/v3.0/OS-AUTH/id-token/tokens   X-Idp-Id
 *        {auth: {id_token: {id}}}             -> X-Subject-Token: a token
 *   POST {iam}/v3.0/OS-CREDENTIAL/securitytokens
 *        {auth: {identity: {methods: ["token"], token: {id, duration_seconds}}}}
 *        -> {credential: {access, secret, securitytoken, expires_at}}
 *
 * neither of them signed.
 */
#include <string.h>

#include "backends/base/text.h"
#include "backends/dli/dli_error.h"
#include "backends/dli/huawei_auth.h"

#define DURATION "21600" /* as the SDKs ask; 24 h are possible */

const AuthKeyNames huawei_key_names = {
	"access", "secret", "securitytoken", "expires_at", TRUE};

/* Whether a token can stand in JSON as it is.  Tokens are base64 and dots. */
static gboolean token_is_plain(const char *token)
{
	return text_is_graph(token) && !strpbrk(token, "\"\\");
}

/* The text with the token between its halves. */
static GBytes *body_around(
	const char *before, const Secret *token, const char *after)
{
	char *body = g_strconcat(before, secret_peek(token), after, NULL);

	return secret_bytes(body, strlen(body));
}

static HttpAnswer *post(const Chain *chain, const char *path,
	const char *idp_id, GBytes *body, gint64 deadline_us, GError **error)
{
	g_autofree char *url = g_strconcat(chain->region, path, NULL);
	g_autoptr(HttpRequest) request = http_request_new("POST", url);

	http_request_set(
		request, "content-type", "application/json;charset=UTF-8");
	if (idp_id)
		http_request_set(request, "x-idp-id", idp_id);
	request->body = body;
	g_autoptr(HttpAnswer) answer =
		auth_send(chain->remote, request, 0, deadline_us, error);
	if (!answer || answer->status < 300)
		return g_steal_pointer(&answer);
	g_autoptr(SecretJson) refusal = auth_answer_json(answer);
	dli_refuse(answer, refusal, error);
	return NULL;
}

/* IAM's own token. */
static Secret *token_get(const Chain *chain, const char *idp_id,
	const Secret *id_token, gint64 deadline_us, GError **error)
{
	g_autoptr(HttpAnswer) answer =
		post(chain, "/v3.0/OS-AUTH/id-token/tokens", idp_id,
			body_around("{\"auth\":{\"id_token\":{\"id\":\"",
				id_token, "\"}}}"),
			deadline_us, error);

	if (!answer)
		return NULL;
	const char *sent = http_answer_get(answer, "x-subject-token");
	if (sent && token_is_plain(sent))
		return secret_new(sent, -1);
	return backend_error_null(error, BACKEND_ERROR_BAD_ANSWER,
		"the answer has no X-Subject-Token as it should");
}

static Credentials *keys_get(const Chain *chain, const Secret *token,
	const char *origin, gint64 deadline_us, GError **error)
{
	g_autoptr(HttpAnswer) answer = post(chain,
		"/v3.0/OS-CREDENTIAL/securitytokens", NULL,
		body_around("{\"auth\":{\"identity\":{\"methods\":[\"token\"],"
			    "\"token\":{\"id\":\"",
			token, "\",\"duration_seconds\":" DURATION "}}}}"),
		deadline_us, error);

	if (!answer)
		return NULL;
	g_autoptr(SecretJson) body = json_parse(
		(const char *)answer->body->data, answer->body->len, error);
	Credentials *credentials =
		body ? auth_keys_read(json_get(body, "credential"),
			       &huawei_key_names, origin, error)
		     : NULL;
	auth_correct_expiry(credentials, answer);
	return credentials;
}

static Credentials *exchange(const Chain *chain, const char *idp_id,
	const Secret *id_token, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(Secret) token =
		token_get(chain, idp_id, id_token, deadline_us, &cause);
	Credentials *credentials =
		token ? keys_get(chain, token, origin, deadline_us, &cause)
		      : NULL;

	if (!credentials)
		g_propagate_prefixed_error(
			error, g_steal_pointer(&cause), "IAM: ");
	return credentials;
}

Credentials *huawei_oidc(const Chain *chain, const char *idp_id,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error)
{
	g_autoptr(SecretText) file = auth_read_file(token_file, error);

	if (!file)
		return NULL;
	const char *text = g_strchomp(file) + strspn(file, " \f\n\r\t");
	g_autoptr(Secret) id_token = secret_new(text, -1);
	if (!chain->region)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"no region or endpoint of IAM is known");
	else if (!token_is_plain(text))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s: there is no token in it", token_file);
	else
		return exchange(
			chain, idp_id, id_token, origin, deadline_us, error);
	return NULL;
}
