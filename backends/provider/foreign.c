#include "backends/provider/foreign.h"

#include <string.h>

#include "backends/http/html.h"

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
static const char *const inner_names[] = {"error", "Error", "errors", "Errors",
	"fault", "Fault", "detail", "Detail", "response", "Response", NULL};

/* On one line, without what a terminal would take for more. */
static char *line_of(const char *text, gsize len, gsize max)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)MIN(len, max));

	for (char *c = valid; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = ' ';
	g_strstrip(valid);
	return *valid ? g_steal_pointer(&valid) : NULL;
}

/* ---- JSON ---- */

static void keep_text(char **ret, const Json *value, gsize max)
{
	const char *text = json_text(value);

	/* What is longer than any code is none. */
	if (!*ret && text && (max != CODE_MAX || strlen(text) <= max))
		*ret = line_of(text, strlen(text), max);
}

static void read_names(
	char **ret, const Json *object, const char *const *names, gsize max)
{
	for (; *names; names++)
		keep_text(ret, json_get(object, *names), max);
}

/* A code may be a number. */
static void read_code(char **ret, const Json *object)
{
	const Json *code = json_get(object, "code");
	gint64 number;

	read_names(ret, object, code_names, CODE_MAX);
	if (!code)
		code = json_get(object, "error_code");
	if (!*ret && code && json_whole(code, &number))
		*ret = g_strdup_printf("%" G_GINT64_FORMAT, number);
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
	if (!self->code)
		read_code(&self->foreign_code, object);
	if (!self->message) {
		read_names(&self->message, object, message_names, MESSAGE_MAX);
		/* A number or a word is no sentence where there is another. */
		read_error(self, object);
	}
	if (!self->request_id) {
		static const char *const names[] = {"requestId", "RequestId",
			"request_id", "requestID", NULL};

		read_names(&self->request_id, object, names, CODE_MAX);
	}
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

static void read_xml(Refusal *self, const char *text, gsize len)
{
	static const char *const codes[] = {
		"Code", "code", "faultcode", "errorCode"};
	static const char *const messages[] = {"Message", "message",
		"faultstring", "errorMessage", "description", "Reason"};

	for (gsize i = 0; !self->code && i < G_N_ELEMENTS(codes); i++)
		if (!self->foreign_code)
			self->foreign_code =
				element(text, len, codes[i], CODE_MAX);
	for (gsize i = 0; i < G_N_ELEMENTS(messages); i++)
		if (!self->message)
			self->message =
				element(text, len, messages[i], MESSAGE_MAX);
	if (!self->request_id)
		self->request_id = element(text, len, "RequestId", CODE_MAX);
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
		read_xml(self, text, len);
	} else {
		read_plain(self, text, len);
	}
}

void foreign_read(Refusal *self, const HttpAnswer *answer, const Json *body)
{
	gboolean bare = !self->code && !self->message;

	if (body)
		read_json(self, body, 0);
	else
		read_text(self, answer);
	/* Its words may say no more than "error". */
	self->foreign = bare && self->message != NULL;
}
