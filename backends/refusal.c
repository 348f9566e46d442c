#include "refusal.h"

static const RefusalStatus common[] = {
	{401, 401, BACKEND_ERROR_AUTH, "the credentials were refused"},
	{403, 403, BACKEND_ERROR_DENIED, "this is not allowed"},
	{409, 409, BACKEND_ERROR_CONFLICT, "this conflicts with its state"},
	{429, 429, BACKEND_ERROR_THROTTLED, "the provider throttles"},
	{400, 499, BACKEND_ERROR_INVALID, "the provider refused the request"},
	{500, 599, BACKEND_ERROR_REMOTE, "the provider failed"},
	{0, G_MAXUINT, BACKEND_ERROR_REMOTE,
		"the provider refused without saying why"},
};

void refusal_clear(Refusal *self)
{
	g_free(self->code);
	g_free(self->message);
	g_free(self->request_id);
}

gboolean refusal_code_fits(const char *code, const char *pattern)
{
	return code && g_pattern_match_simple(pattern, code);
}

const RefusalStatus *refusal_status(const RefusalStatus *own, guint status)
{
	for (const RefusalStatus *row = own; row && row->message; row++)
		if (status >= row->least && status <= row->most)
			return row;
	gsize last = 0;
	while (status < common[last].least || status > common[last].most)
		last++;
	return &common[last];
}

static const RefusalCode *find_code(const RefusalCode *rows, const char *code)
{
	for (; rows->pattern; rows++)
		if (refusal_code_fits(code, rows->pattern))
			return rows;
	return NULL;
}

void refusal_set(const Refusal *self, const RefusalKind *kind, GError **error)
{
	const RefusalStatus *status =
		refusal_status(kind->statuses, self->status);
	const RefusalCode *row =
		self->status != 429 ? find_code(kind->codes, self->code) : NULL;
	gboolean shown = self->message && !(kind->quotes && kind->quotes(self));
	const char *message = shown ? self->message : status->message;
	BackendErrorCode code = row ? row->code : status->code;

	if (kind->judge)
		code = kind->judge(self, row != NULL, code);
	refusal_say(self, code, message, row ? row->advice : NULL, error);
}

void refusal_say(const Refusal *self, BackendErrorCode code,
	const char *message, const char *advice, GError **error)
{
	g_autoptr(GError) made = NULL;

	backend_error_set(&made, code, "%s%s%s", message, advice ? "; " : "",
		advice ? advice : "");
	BackendErrorDetail *detail = backend_error_detail(made);
	detail->provider_code = g_strdup(self->code);
	detail->request_id = g_strdup(self->request_id);
	detail->retry_after_ms = self->retry_after_ms;
	g_propagate_error(error, g_steal_pointer(&made));
}
