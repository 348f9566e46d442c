#include "backends/auth/metadata.h"

#include "backends/http/http_url.h"

#define TOKEN_SECONDS "21600"

void metadata_clear(Metadata *self)
{
	secret_free_text(self->token);
}

HttpAnswer *metadata_ask(const Metadata *self, const char *method,
	const char *path, const char *header, const char *value, GError **error)
{
	g_autofree char *url = g_strconcat(self->base, path, NULL);
	g_autoptr(HttpRequest) request = http_request_new(method, url);

	if (value)
		http_request_set(request, header, value);
	return auth_send(self->chain->nearby, request, self->limit_ms,
		self->deadline_us, error);
}

void *metadata_refuse(const Metadata *self, const char *path,
	const HttpAnswer *answer, GError **error)
{
	g_autofree char *shown = http_url_shown(self->base);

	return backend_error_null(error,
		answer->status >= 500 ? BACKEND_ERROR_REMOTE
				      : BACKEND_ERROR_AUTH,
		"%.200s%s answered with status %u", shown, path,
		answer->status);
}

gboolean metadata_token(Metadata *self, const char *path, const char *header,
	guint *ret_status, GError **error)
{
	g_autoptr(HttpAnswer) answer =
		metadata_ask(self, "PUT", path, header, TOKEN_SECONDS, error);

	*ret_status = answer ? answer->status : 0;
	if (answer && answer->status != 200)
		metadata_refuse(self, path, answer, error);
	else if (answer)
		self->token = auth_answer_word(answer);
	if (!self->token && *ret_status == 200)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the metadata service's token is none");
	return self->token != NULL;
}

HttpAnswer *metadata_get(const Metadata *self, const char *path, GError **error)
{
	g_autoptr(HttpAnswer) answer = metadata_ask(
		self, "GET", path, self->token_header, self->token, error);

	if (!answer || answer->status == 200)
		return g_steal_pointer(&answer);
	return metadata_refuse(self, path, answer, error);
}

static char *role_get(const Metadata *self, const char *roles, GError **error)
{
	g_autoptr(HttpAnswer) answer = metadata_get(self, roles, error);
	char *role = answer ? auth_answer_word(answer) : NULL;

	if (answer && !role)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the metadata service names no role");
	return role;
}

Credentials *metadata_role(const Metadata *self, const char *roles,
	const char *role, const AuthKeyNames *names, const char *usual_code,
	const char *what, GError **error)
{
	g_autofree char *named =
		role && *role ? g_strdup(role) : role_get(self, roles, error);

	if (!named)
		return NULL;
	g_autofree char *segment = http_encode(named);
	g_autofree char *path = g_strconcat(roles, segment, NULL);
	g_autofree char *origin =
		g_strdup_printf("%s, role %.128s", what, named);
	g_autoptr(HttpAnswer) answer = metadata_get(self, path, error);

	return answer ? metadata_keys(answer, names, usual_code, origin, error)
		      : NULL;
}

Credentials *metadata_keys(const HttpAnswer *answer, const AuthKeyNames *names,
	const char *usual_code, const char *origin, GError **error)
{
	g_autoptr(SecretJson) body = auth_answer_json(answer);
	const char *code = json_get_text(body, "Code", 256, usual_code);
	Credentials *found = NULL;

	if (!body)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"%s: the answer is not JSON", origin);
	else if (!g_str_equal(code, "Success"))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s: the answer's Code is not Success", origin);
	else
		found = auth_keys_read(body, names, origin, error);
	auth_correct_expiry(found, answer);
	return found;
}
