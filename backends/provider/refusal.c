#include "backends/provider/refusal.h"

#include <string.h>

#include "backends/base/text.h"
#include "backends/http/html.h"
#include "backends/http/outcome.h"

#define CODE_MAX 128
#define MESSAGE_MAX 1024
#define LEVELS 3
#define SCANNED (64 * 1024)
#define TEXT_SHOWN 300

static const char *const code_names[] = {"code", "Code", "error_code",
	"errorCode", "ErrorCode", "errCode", "__type", "errorType", "status",
	"type", NULL};
static const char *const message_names[] = {"message", "Message", "msg",
	"error_msg", "errorMessage", "error_message", "errMsg",
	"error_description", "detail", "details", "description", "reason",
	"faultstring", "title", NULL};
static const char *const id_names[] = {
	"requestId", "RequestId", "request_id", "requestID", NULL};
static const char *const inner_names[] = {"error", "Error", "errors", "Errors",
	"fault", "Fault", "detail", "Detail", "response", "Response", NULL};

/* What a gateway calls its elements. */
static const RefusalWords elements = {
	.codes = (const char *const[]){"Code", "code", "faultcode", "errorCode",
		NULL},
	.messages = (const char *const[]){"Message", "message", "faultstring",
		"errorMessage", "description", "Reason", NULL},
	.ids = (const char *const[]){"RequestId", NULL},
};

void refusal_clear(Refusal *self)
{
	g_free(self->code);
	g_free(self->message);
	g_free(self->request_id);
	g_free(self->foreign_code);
}

/* ---- reading ---- */

/* On one line, without what a terminal would take for more. */
static char *line_of(const char *text, gsize len, gsize max)
{
	g_autofree char *line = g_strstrip(text_line(text, MIN(len, max), ' '));

	return *line ? g_steal_pointer(&line) : NULL;
}

/* ---- JSON ---- */

static void keep_text(char **ret, const Json *value, gsize max)
{
	const char *text = json_text(value);

	/* What is longer than any code is none. */
	if (!*ret && text && (max != CODE_MAX || strlen(text) <= max))
		*ret = line_of(text, strlen(text), max);
}

static void keep_number(char **ret, const Json *value)
{
	gint64 number;

	if (!*ret && value && json_whole(value, &number))
		*ret = g_strdup_printf("%" G_GINT64_FORMAT, number);
}

static void keep_first(char **ret, const Json *object, const char *const *names,
	gboolean numbers, gsize max)
{
	for (; *names; names++) {
		keep_text(ret, json_get(object, *names), max);
		if (numbers)
			keep_number(ret, json_get(object, *names));
	}
}

void refusal_read(Refusal *self, const Json *object, const RefusalWords *words)
{
	keep_first(&self->code, object, words->codes, words->numbers, CODE_MAX);
	keep_first(&self->message, object, words->messages, words->numbers,
		MESSAGE_MAX);
	keep_first(&self->request_id, object, words->ids, words->numbers,
		CODE_MAX);
}

/* "error" alone is a message; beside a longer one it is the code. */
static void read_error(Refusal *self, const Json *object)
{
	const Json *error = json_get(object, "error");

	if (!json_text(error))
		return;
	if (self->message && !self->foreign_code)
		keep_text(&self->foreign_code, error, CODE_MAX);
	else
		keep_text(&self->message, error, MESSAGE_MAX);
}

static void read_object(Refusal *self, const Json *object)
{
	if (!self->code) {
		const Json *code = json_get(object, "code");

		keep_first(&self->foreign_code, object, code_names, FALSE,
			CODE_MAX);
		keep_number(&self->foreign_code,
			code ? code : json_get(object, "error_code"));
	}
	if (!self->message) {
		keep_first(&self->message, object, message_names, FALSE,
			MESSAGE_MAX);
		/* A number or a word is no sentence where there is another. */
		read_error(self, object);
	}
	keep_first(&self->request_id, object, id_names, FALSE, CODE_MAX);
}

/* The outermost that says something comes last: what it holds says more. */
static void read_json(Refusal *self, const Json *value, int level)
{
	if (level == LEVELS || !value)
		return;
	if (json_type(value) == JSON_ARRAY) {
		read_json(self, json_first(value), level + 1);
		return;
	}
	keep_text(&self->message,
		json_type(value) == JSON_STRING ? value : NULL, MESSAGE_MAX);
	for (const char *const *name = inner_names; *name; name++) {
		const Json *inner = json_get(value, *name);

		if (inner && (json_type(inner) == JSON_OBJECT ||
				     json_type(inner) == JSON_ARRAY))
			read_json(self, inner, level + 1);
	}
	read_object(self, value);
}

/* ---- texts ---- */

/* The text of the first element of that name. */
static char *element(const char *text, gsize len, const char *name, gsize max)
{
	g_autofree char *open = g_strdup_printf("<%s>", name);
	g_autofree char *close = g_strdup_printf("</%s>", name);
	const char *start = g_strstr_len(text, (gssize)len, open), *end;

	if (!start)
		return NULL;
	start += strlen(open);
	end = g_strstr_len(start, text + len - start, close);
	return end ? line_of(start, (gsize)(end - start), max) : NULL;
}

static void keep_element(char **ret, const char *text, gsize len,
	const char *const *names, gsize max)
{
	for (; ret && !*ret && *names; names++)
		*ret = element(text, len, *names, max);
}

static void read_xml(Refusal *self, char **code, const char *text, gsize len,
	const RefusalWords *words)
{
	keep_element(code, text, len, words->codes, CODE_MAX);
	keep_element(&self->message, text, len, words->messages, MESSAGE_MAX);
	keep_element(&self->request_id, text, len, words->ids, CODE_MAX);
}

static void read_plain(Refusal *self, const char *text, gsize len)
{
	if (!self->message && !memchr(text, '\0', len))
		self->message = line_of(text, len, TEXT_SHOWN);
}

static void read_text(Refusal *self, const HttpAnswer *answer)
{
	const char *text = (const char *)answer->body->data;
	gsize len = MIN(answer->body->len, SCANNED);
	g_autofree char *words = NULL;

	if (!text || len == 0)
		return;
	if (html_is(answer)) {
		words = html_words(answer->body);
		if (*words && !self->message)
			self->message = g_steal_pointer(&words);
	} else if (g_strstr_len(text, (gssize)MIN(len, 64), "<")) {
		read_xml(self, self->code ? NULL : &self->foreign_code, text,
			len, &elements);
	} else {
		read_plain(self, text, len);
	}
}

void refusal_read_foreign(
	Refusal *self, const HttpAnswer *answer, const Json *body)
{
	gboolean bare = !self->code && !self->message;

	if (body)
		read_json(self, body, 0);
	else
		read_text(self, answer);
	/* Its words may say no more than "error". */
	self->foreign = bare && self->message != NULL;
}

/* ---- meaning ---- */

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
		advice = NULL;
	}
	if (code == BACKEND_ERROR_QUOTA && !advice)
		advice = "raise the quota or end a session";
	refusal_say(self, code, message, advice, error);
}

void refusal_say(const Refusal *self, BackendErrorCode code,
	const char *message, const char *advice, GError **error)
{
	const char *told = self->code ? self->code : self->foreign_code;
	g_autoptr(GError) made = NULL;
	g_autofree char *text = backend_error_advised(message, advice);

	backend_error_set(&made, code, "%s", text);
	BackendErrorDetail *detail = backend_error_detail(made);
	detail->provider_code = g_strdup(told);
	detail->request_id = g_strdup(self->request_id);
	detail->retry_after_ms = self->retry_after_ms;
	g_propagate_error(error, g_steal_pointer(&made));
}

/* ---- of an answer ---- */

static void read_own(Refusal *self, const HttpAnswer *answer, const Json *body,
	const RefusalKind *kind)
{
	const char *text = (const char *)answer->body->data;
	gsize len = MIN(answer->body->len, SCANNED);

	refusal_read(self, body, kind->words);
	if (!body && kind->xml && text &&
		g_strstr_len(text, (gssize)len, kind->xml))
		read_xml(self, &self->code, text, len, kind->words);
	if (!kind->nested || self->code || self->message)
		return;
	json_foreach (member, body)
		refusal_read(self, member, kind->words);
}

void refusal_answer(const RefusalKind *kind, const HttpAnswer *answer,
	const Json *body, GError **error)
{
	g_auto(Refusal) self = {.status = answer->status};

	read_own(&self, answer, body, kind);
	if (!self.request_id)
		self.request_id = outcome_request_id(answer, NULL);
	refusal_read_foreign(&self, answer, body);
	refusal_set(&self, kind, error);
}

gboolean refusal_accept(
	const RefusalKind *kind, const Json *answer, GError **error)
{
	g_auto(Refusal) self = {0};
	gboolean success = TRUE;

	for (const char *const *name = kind->success; *name; name++) {
		const char *text = json_get_text(answer, *name, 16, "true");

		success = success && json_get_bool(answer, *name, TRUE) &&
			  g_ascii_strcasecmp(text, "false") != 0;
	}
	if (success)
		return TRUE;
	refusal_read(&self, answer, kind->words);
	refusal_set(&self, kind, error);
	return FALSE;
}
