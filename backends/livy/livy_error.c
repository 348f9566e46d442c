#include "backends/livy/livy_error.h"

#include <string.h>

#include "backends/provider/refusal.h"

#define MESSAGE_MAX 1024

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

static const RefusalStatus no_key = {401, 401, BACKEND_ERROR_NO_KEY,
	"the server wants credentials, and the section names none",
	"set the section's key auth"};
static const RefusalStatus no_ticket = {401, 401, BACKEND_ERROR_NO_KEY,
	"there is no Kerberos ticket to show to the server",
	"get one by kinit, as the user whom the daemon runs as"};

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
	const char *text = json_get_text(body, "msg", G_MAXSIZE, NULL);

	if (!text)
		return NULL;
	g_autofree char *cut = g_strndup(text, MESSAGE_MAX);
	char *words = g_utf8_make_valid(cut, -1);
	cut_noise(words);
	return words;
}

/* ---- saying ---- */

/* Who asks for Kerberos gets no further without a ticket. */
static const char *advice_of(const HttpAnswer *answer, const char *usual)
{
	const char *challenge = http_answer_get(answer, "www-authenticate");

	if (answer->status != 401 || answer->no_ticket || !challenge ||
		g_ascii_strncasecmp(challenge, "Negotiate", 9) != 0)
		return usual;
	return "it asks for Kerberos: set auth = negotiate, and get a ticket "
	       "by kinit";
}

static gboolean is_spent(const Refusal *said, BackendErrorCode code)
{
	return (code == BACKEND_ERROR_INVALID || code == BACKEND_ERROR_DENIED ||
		       code == BACKEND_ERROR_CONFLICT) &&
	       refusal_is_quota(said->foreign_code, said->message);
}

static const RefusalStatus *row_of(const HttpAnswer *answer, gboolean bare)
{
	if (answer->status == no_key.least && answer->no_ticket)
		return &no_ticket;
	if (answer->status == no_key.least && bare)
		return &no_key;
	return refusal_status(statuses, answer->status);
}

static void refuse(const HttpAnswer *answer, const Json *body, gboolean bare,
	GError **error)
{
	g_auto(Refusal)
		said = {.status = answer->status, .message = json_words(body)};
	const char *words;

	refusal_read_foreign(&said, answer, body);
	if (said.message)
		cut_noise(said.message);
	words = said.message ? said.message : "";
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++)
		if (refusals[i].status == said.status &&
			g_pattern_match_simple(refusals[i].pattern, words)) {
			refusal_say(&said, refusals[i].code, words,
				refusals[i].advice, error);
			return;
		}
	const RefusalStatus *row = row_of(answer, bare);

	if (is_spent(&said, row->code))
		refusal_say(&said, BACKEND_ERROR_QUOTA, words,
			"raise the quota or end a session", error);
	else
		refusal_say(&said, row->code, *words ? words : row->message,
			advice_of(answer, row->advice), error);
}

void livy_refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	refuse(answer, body, FALSE, error);
}

void livy_refuse_bare(
	const HttpAnswer *answer, const Json *body, GError **error)
{
	refuse(answer, body, TRUE, error);
}

gboolean livy_is_unknown_member(const GError *error, const char *name)
{
	g_autofree char *start =
		g_strdup_printf("Unrecognized field \"%s\"", name);

	return g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_INVALID) &&
	       g_str_has_prefix(error->message, start);
}
