#include "livy_error.h"

#include <string.h>

#include "refusal.h"

#define MESSAGE_MAX 1024
#define HTML_SCANNED (64 * 1024)
#define HTML_SHOWN 200

/* What a text means; the first row counts whose status and pattern
 * fit.  NULL advice: the text says enough. */
static const struct {
	guint status;
	const char *pattern;
	BackendErrorCode code;
	const char *advice;
} refusals[] = {
	{404, "Session '*' not found*", BACKEND_ERROR_GONE, NULL},
	{404, "*already stopped*", BACKEND_ERROR_GONE, NULL},
	{404, "*ession*not found*", BACKEND_ERROR_GONE, NULL},
	{400, "*Duplicate session name*", BACKEND_ERROR_EXISTS, NULL},
	{400, "*too many sessions*", BACKEND_ERROR_QUOTA,
		"wait until those that start are up, or end one"},
	{400, "*isn't active*", BACKEND_ERROR_CONFLICT, NULL},
	{400, "*CSRF*", BACKEND_ERROR_DENIED,
		"something on the way drops the header X-Requested-By"},
	{400, "Unrecognized field*", BACKEND_ERROR_INVALID,
		"this server's Livy is too old for it"},
};

/* What a status means where the text says nothing. */
static const RefusalStatus statuses[] = {
	{401, 401, BACKEND_ERROR_AUTH, "the credentials were refused",
		"check the section's key auth"},
	{407, 407, BACKEND_ERROR_DENIED, "the proxy wants a login"},
	/* Livy says which session it does not find. */
	{404, 406, BACKEND_ERROR_UNSUPPORTED,
		"this address does not answer as a Livy server does",
		"check the section's key url"},
	{408, 408, BACKEND_ERROR_REMOTE, "the server waited in vain"},
	{502, 504, BACKEND_ERROR_REMOTE, "the gateway has no Livy behind it"},
	{0},
};

/* ---- reading ---- */

/* Parsers tell where in their source, which helps nobody. */
static void cut_noise(char *text)
{
	static const char *const noise[] = {
		"\n", " (class ", " (through reference chain"};

	for (gsize i = 0; i < G_N_ELEMENTS(noise); i++) {
		char *found = strstr(text, noise[i]);

		if (found)
			*found = '\0';
	}
	g_strstrip(text);
}

static char *json_words(const Json *body)
{
	static const char *const names[] = {"msg", "message", "error"};
	const char *text = json_text(body);

	for (gsize i = 0; !text && i < G_N_ELEMENTS(names); i++)
		text = json_text(json_get(body, names[i]));
	if (!text)
		return g_strdup("");
	g_autofree char *cut = g_strndup(text, MESSAGE_MAX);
	char *words = g_utf8_make_valid(cut, -1);
	cut_noise(words);
	return words;
}

/* Where the element's text begins, up to its end in *ret_end. */
static const char *html_element(
	const char *html, gsize len, const char *name, const char **ret_end)
{
	g_autofree char *open = g_strdup_printf("<%s>", name);
	g_autofree char *close = g_strdup_printf("</%s>", name);
	const char *start = g_strstr_len(html, len, open);

	if (!start)
		return NULL;
	start += strlen(open);
	*ret_end = g_strstr_len(start, html + len - start, close);
	return *ret_end ? start : NULL;
}

/* Of Jetty's pages and most gateways': the reason, or else the title. */
static char *html_words(const GByteArray *body)
{
	static const char *const names[] = {"pre", "title", "h1"};
	const char *html = (const char *)body->data, *start = NULL, *end = NULL;
	gsize len = MIN(body->len, HTML_SCANNED);

	for (gsize i = 0; html && !start && i < G_N_ELEMENTS(names); i++)
		start = html_element(html, len, names[i], &end);
	if (!start)
		return g_strdup("");
	g_autofree char *cut = g_strndup(start, MIN(end - start, HTML_SHOWN));
	char *words = g_utf8_make_valid(cut, -1);
	for (char *c = words; *c; c++)
		if (g_ascii_iscntrl(*c) || *c == '<' || *c == '>')
			*c = ' ';
	return g_strstrip(words);
}

/* ---- saying ---- */

/* Who asks for Kerberos gets no further without a ticket. */
static const char *advice_of(const HttpAnswer *answer, const char *usual)
{
	const char *challenge = http_answer_get(answer, "www-authenticate");

	if (answer->status != 401 || !challenge ||
		g_ascii_strncasecmp(challenge, "Negotiate", 9) != 0)
		return usual;
	return "it asks for Kerberos: set auth = negotiate, and get a ticket "
	       "by kinit";
}

void livy_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	const Refusal said = {.status = answer->status};
	g_autofree char *words =
		body ? json_words(body) : html_words(answer->body);

	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		if (refusals[i].status == said.status &&
			g_pattern_match_simple(refusals[i].pattern, words)) {
			refusal_say(&said, refusals[i].code, words,
				refusals[i].advice, error);
			return;
		}
	const RefusalStatus *row = refusal_status(statuses, said.status);
	refusal_say(&said, row->code, *words ? words : row->message,
		advice_of(answer, row->advice), error);
}

gboolean livy_is_unknown_member(const GError *error, const char *name)
{
	g_autofree char *start =
		g_strdup_printf("Unrecognized field \"%s\"", name);

	return g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_INVALID) &&
	       g_str_has_prefix(error->message, start);
}
