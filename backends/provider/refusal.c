#include "backends/provider/refusal.h"

#include <string.h>

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
	g_free(self->foreign_code);
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

static gboolean has_any(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strstr(text, *words))
			return TRUE;
	return FALSE;
}

gboolean refusal_is_quota(const char *code, const char *message)
{
	static const char *const spent[] = {"insufficient", "exceed", "reached",
		"not enough", "used up", "run out", "ran out", "out of quota",
		"over quota", "over the quota", "surpass", "exhausted",
		"available:", "available 0", NULL};
	static const char *const rates[] = {"per minute", "per second",
		"per hour", "rate", "throttl", "too many requests",
		"requests per", NULL};
	static const char *const codes[] = {
		"quota", "limitexceeded", "limit_exceeded", NULL};
	g_autofree char *low_code = g_ascii_strdown(code ? code : "", -1);
	g_autofree char *low = g_ascii_strdown(message ? message : "", -1);

	if (has_any(low, rates) || has_any(low_code, rates) ||
		strstr(low_code, "request"))
		return FALSE;
	return has_any(low_code, codes) ||
	       (strstr(low, "quota") && has_any(low, spent));
}

/* Where a refusal by another code says so in words alone. */
static gboolean is_quota(const Refusal *self, BackendErrorCode code)
{
	if (self->status >= 500 || (code != BACKEND_ERROR_INVALID &&
					   code != BACKEND_ERROR_DENIED &&
					   code != BACKEND_ERROR_CONFLICT &&
					   code != BACKEND_ERROR_REMOTE))
		return FALSE;
	return refusal_is_quota(
		self->code ? self->code : self->foreign_code, self->message);
}

static const RefusalCode *row_of(const Refusal *self, const RefusalKind *kind)
{
	const RefusalCode *row;

	if (self->status == 429)
		return NULL;
	row = find_code(kind->codes, self->code);
	if (row || self->code || !self->foreign_code)
		return row;
	row = find_code(kind->codes, self->foreign_code);
	/* A gateway that failed does not know what the provider has done. */
	return row && row->code != BACKEND_ERROR_GONE && self->status < 500
		       ? row
		       : NULL;
}

/* The provider's own words, or else what the status says and the words of who
 * answered in its place. */
static char *words_of(const Refusal *self, const char *fallback, gboolean shown)
{
	if (!shown)
		return g_strdup(fallback);
	if (!self->foreign || self->foreign_code)
		return g_strdup(self->message);
	return g_strdup_printf(
		"%s (status %u): %s", fallback, self->status, self->message);
}

void refusal_set(const Refusal *self, const RefusalKind *kind, GError **error)
{
	const RefusalStatus *status =
		refusal_status(kind->statuses, self->status);
	const RefusalCode *row = row_of(self, kind);
	gboolean shown = self->message && !(kind->quotes && kind->quotes(self));
	g_autofree char *message = words_of(self, status->message, shown);
	BackendErrorCode code = row ? row->code : status->code;
	const char *advice = row ? row->advice : NULL;

	if (kind->judge)
		code = kind->judge(self, row != NULL, code);
	if (is_quota(self, code)) {
		code = BACKEND_ERROR_QUOTA;
		advice = "raise the quota or end a session";
	}
	refusal_say(self, code, message, advice, error);
}

void refusal_say(const Refusal *self, BackendErrorCode code,
	const char *message, const char *advice, GError **error)
{
	const char *told = self->code ? self->code : self->foreign_code;
	g_autoptr(GError) made = NULL;

	backend_error_set(&made, code, "%s%s%s", message, advice ? "; " : "",
		advice ? advice : "");
	BackendErrorDetail *detail = backend_error_detail(made);
	detail->provider_code = g_strdup(told);
	detail->request_id = g_strdup(self->request_id);
	detail->retry_after_ms = self->retry_after_ms;
	g_propagate_error(error, g_steal_pointer(&made));
}
