/* What servers answer, gateways and proxies among them: headers, pages, addresses,
 * XML, logs. */
#include "fuzz.h"

#include <string.h>

#include "backends/auth/canonical.h"
#include "backends/aws/aws_xml.h"
#include "backends/base/text.h"
#include "backends/dli/dli_log.h"
#include "backends/http/date_clock.h"
#include "backends/http/html.h"
#include "backends/http/http_url.h"
#include "backends/http/outcome.h"
#include "backends/http/redirect.h"
#include "backends/http/retry.h"
#include "backends/livy/livy_cause.h"
#include "backends/livy/livy_log.h"
#include "backends/provider/record.h"
#include "backends/provider/refusal.h"
#include "fuzz_answer.h"

#define NOW 1800000000

/* ---- an answer ---- */

static void refuse(const HttpAnswer *answer, const Json *body, GError **error)
{
	static const char *const codes[] = {"code", "Code", NULL};
	static const char *const messages[] = {"message", "msg", NULL};
	static const char *const ids[] = {"RequestId", NULL};
	static const RefusalWords words = {codes, messages, ids, TRUE};
	static const RefusalCode meanings[] = {
		{"Throttl*", BACKEND_ERROR_THROTTLED, NULL}, {NULL}};
	static const RefusalKind kind = {.words = &words,
		.nested = TRUE,
		.xml = "Error",
		.codes = meanings};

	refusal_answer(&kind, answer, body, error);
}

static void is_refused(const HttpAnswer *answer)
{
	g_autoptr(GError) problem = outcome_refusal(refuse, answer, NOW);
	g_autofree char *id = outcome_request_id(answer, problem);

	fuzz_is_sentence(problem);
	if (id)
		g_assert_true(g_utf8_validate(id, -1, NULL));
	outcome_clear_up(problem, FALSE);
	fuzz_is_sentence(problem);
}

/* A redirect is followed to the origin that was asked, and nowhere else. */
static void is_redirected(const HttpAnswer *answer)
{
	g_autoptr(HttpRequest) request =
		http_request_new("GET", "https://a.example:8443/x?y=1");
	g_autofree char *next = redirect_next(request, answer);
	g_autofree char *origin = next ? http_url_origin(next) : NULL;
	g_autoptr(GError) error = NULL;

	if (next) {
		g_assert_cmpstr(origin, ==, "https://a.example:8443");
		g_assert_true(http_url_check(next, FALSE, NULL));
	}
	if (!redirect_check(request, answer, &error))
		fuzz_is_sentence(error);
}

static void says_when(const HttpAnswer *answer)
{
	gint64 wait = retry_after_ms(answer, NOW), right = -1, ahead;
	DateClock clock;

	g_assert_cmpint(wait, >=, 0);
	g_assert_cmpint(wait, <=, RETRY_AFTER_MAX_MS);
	if (!date_clock_is_wrong(answer, 0, &right))
		g_assert_cmpint(right, ==, -1);
	date_clock_init(&clock);
	date_clock_learn(&clock, answer);
	date_clock_read(&clock, &ahead);
	date_clock_clear(&clock);
}

static void is_json(HttpAnswer *answer, gboolean outline)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(HttpBody) text = NULL;
	g_autoptr(Json) json =
		outcome_json(answer, TRUE, outline, NULL, &text, &error);

	g_assert_true((json != NULL) == (error == NULL));
	if (error)
		fuzz_is_sentence(error);
	else
		g_assert_true(g_utf8_validate(
			(const char *)text->data, text->len, NULL));
}

void fuzz_answer(const char *bytes, gsize len)
{
	g_autoptr(HttpAnswer) answer = fuzz_answer_of(bytes, len);
	g_autoptr(HttpAnswer) again = fuzz_answer_of(bytes, len);

	says_when(answer);
	is_redirected(answer);
	is_refused(answer);
	is_json(answer, FALSE);
	is_json(again, TRUE);
}

void fuzz_html(const char *bytes, gsize len)
{
	g_autoptr(GByteArray) body = g_byte_array_new();
	g_autofree char *address = g_strndup(bytes, len);

	g_byte_array_append(body, (const guint8 *)bytes, (guint)len);
	g_autofree char *words = html_words(body);
	g_assert_cmpuint(strlen(words), <=, 200);
	fuzz_is_line(words);
	html_is_login(body);
	html_is_login_address(address);
}

/* ---- addresses ---- */

static void is_canonical(const char *url)
{
	g_autofree char *path = NULL, *query = NULL;
	g_autofree char *host = canonical_host(url);

	canonical_split(url, &path, &query);
	g_assert_nonnull(host);
	for (PathForm form = PATH_ONCE; form <= PATH_TWICE; form++) {
		g_autofree char *once = canonical_path(path, form);
		g_autofree char *twice = canonical_path(once, form);

		g_assert_true(text_is_graph(once));
		if (form != PATH_TWICE)
			g_assert_cmpstr(once, ==, twice);
	}
	g_autofree char *once = canonical_query(query);
	g_autofree char *twice = canonical_query(once);
	g_assert_cmpstr(once, ==, twice);
	g_autofree char *value = canonical_value(url, TRUE);
	g_autofree char *again = canonical_value(value, TRUE);
	g_assert_cmpstr(value, ==, again);
}

static void is_shown(const char *url)
{
	g_autofree char *shown = http_url_shown(url);
	g_autofree char *place = http_url_place(url);
	g_autofree char *host = http_url_host(url);
	g_autofree char *origin = http_url_origin(url);
	g_autoptr(GString) line = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(shown);
	g_assert_cmpuint(strlen(place), <=, 512);
	g_assert_null(strpbrk(place, "?#"));
	if (http_url_check(url, TRUE, &error))
		g_assert_true(host && origin);
	else
		fuzz_is_sentence(error);
	if (origin) {
		g_autofree char *again = http_url_origin(origin);

		g_assert_cmpstr(again, ==, origin);
	}
	record_append_url(line, url);
	g_assert_true((line->len > 0) == record_is_url(url));
	if (line->len > 0) {
		g_assert_true(g_str_has_suffix(line->str, "\n"));
		g_string_truncate(line, line->len - 1);
		fuzz_is_line(line->str);
	}
}

void fuzz_url(const char *bytes, gsize len)
{
	FuzzParts parts = fuzz_parts(bytes, len);
	g_autofree char *url = fuzz_part(&parts, NULL);
	g_autofree char *to = fuzz_part(&parts, NULL);
	g_autofree char *there = http_url_resolve(url, to);

	is_shown(url);
	is_canonical(url);
	if (there) {
		g_autofree char *origin = http_url_origin(there);

		g_assert_nonnull(origin);
		is_shown(there);
	}
}

/* ---- XML and logs ---- */

void fuzz_xml(const char *bytes, gsize len)
{
	static const char *const paths[] = {"?/Error/Code",
		"AssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId",
		"Error/Message", "?", "?/?"};

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(SecretText) text =
			aws_xml_text(bytes, len, paths[i], 64);

		if (text)
			g_assert_cmpuint(strlen(text), <=, 64);
	}
}

void fuzz_log(const char *bytes, gsize len)
{
	g_autoptr(Json) answer = json_parse(bytes, len, NULL);
	const Json *log = json_get(answer, "log");
	g_autoptr(GString) cause = g_string_new(NULL);
	g_autofree char *tracking = log ? dli_log_tracking(log) : NULL;
	guint lines = 0;

	if (!log)
		return;
	if (tracking)
		fuzz_is_line(tracking);
	livy_cause(log, cause);
	for (const char *c = cause->str; *c; c++)
		lines += *c == '\n';
	g_assert_cmpuint(lines, <=, 3);
	g_assert_true(g_utf8_validate(cause->str, -1, NULL));
	for (gboolean titled = FALSE; titled <= TRUE; titled++) {
		g_autoptr(GString) window = g_string_new(NULL);

		livy_log_window(log, titled, window);
		g_assert_cmpuint(window->len, <=, LIVY_LOG_MAX);
		g_assert_true(g_utf8_validate(window->str, -1, NULL));
	}
}
