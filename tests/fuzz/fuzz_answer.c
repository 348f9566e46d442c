#include "fuzz_answer.h"

#include <string.h>

#include "backends/api/rate_limiter.h"
#include "backends/base/process.h"
#include "backends/base/text.h"
#include "backends/error.h"
#include "backends/http/http_url.h"

/* Enough for each call of a provider, and for the pages of a listing. */
#define REQUESTS_MAX 200
#define KEPT_MAX 50

static FuzzParts script;
static char *last;
static gsize last_len;
static guint played;

/* ---- answers ---- */

static guint status_of(const char *bytes, gsize len)
{
	guint status = 0;
	gsize i = 0;

	for (; i < len && i < 3 && g_ascii_isdigit(bytes[i]); i++)
		status = status * 10 + (guint)g_ascii_digit_value(bytes[i]);
	return i > 0 && (i == len || bytes[i] == '\n') ? status : 0;
}

/* As http_transfer.c does it: to the colon, in lower case, without blanks. */
static void add_header(HttpAnswer *answer, const char *line, gsize len)
{
	const char *colon = memchr(line, ':', len);

	if (colon && !memchr(line, '\0', len))
		g_hash_table_insert(answer->headers,
			g_ascii_strdown(line, colon - line),
			g_strstrip(g_strndup(
				colon + 1, (gsize)(line + len - colon) - 1)));
}

HttpAnswer *fuzz_answer_of(const char *bytes, gsize len)
{
	HttpAnswer *answer = g_new0(HttpAnswer, 1);
	guint status = status_of(bytes, len);
	const char *end = bytes + len;

	answer->headers =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer->body = g_byte_array_new();
	answer->status = status ? status : 200;
	for (gboolean head = status > 0; head && bytes < end;) {
		const char *stop = memchr(bytes, '\n', (gsize)(end - bytes));
		gsize line = (gsize)((stop ? stop : end) - bytes);

		head = line > 0;
		add_header(answer, bytes, line);
		bytes = stop ? stop + 1 : end;
	}
	g_byte_array_append(
		answer->body, (const guint8 *)bytes, (guint)(end - bytes));
	g_byte_array_append(answer->body, (const guint8 *)"", 1);
	g_byte_array_set_size(answer->body, answer->body->len - 1);
	return answer;
}

/* ---- the server ---- */

void fuzz_play(FuzzParts parts)
{
	script = parts;
	g_clear_pointer(&last, g_free);
	last = g_strdup("");
	last_len = 0;
	played = 0;
}

guint fuzz_played(void)
{
	return played;
}

static void next_part(void)
{
	played++;
	if (!fuzz_more(&script))
		return;
	g_free(last);
	last = fuzz_part(&script, &last_len);
}

/* Nobody else's text may end a line of it, or begin another. */
static void request_is_whole(const HttpRequest *request)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(text_is_graph(request->method));
	if (!http_url_check(request->url, TRUE, &error))
		return; /* http_send refuses it */
	for (const char *c = request->url; *c; c++)
		g_assert_true((guchar)*c > ' ' && *c != 0x7f);
	for (guint i = 0; i < request->headers->len; i++) {
		const char *header = g_ptr_array_index(request->headers, i);

		g_assert_null(strpbrk(header, "\r\n"));
	}
}

HttpAnswer *__wrap_http_send(HttpClient *client, const HttpRequest *request,
	gint64 deadline_us, GError **error);
HttpAnswer *__wrap_http_send(HttpClient *client, const HttpRequest *request,
	gint64 deadline_us, GError **error)
{
	guint status;

	request_is_whole(request);
	next_part();
	status = status_of(last, last_len);
	if (played > REQUESTS_MAX || (status > 0 && status < 100)) {
		backend_error_set(error,
			played > REQUESTS_MAX
				? BACKEND_ERROR_CANCELLED
				: status % (BACKEND_ERROR_TLS + 1),
			"the server failed so");
		return NULL;
	}
	return fuzz_answer_of(last, last_len);
}

/* Nobody waits here. */
gboolean __wrap_rate_limiter_sleep(RateLimiter *limiter, gint64 until_us);
gboolean __wrap_rate_limiter_sleep(RateLimiter *limiter, gint64 until_us)
{
	return TRUE;
}

/* It keeps them for as long as the process lives, which looks for each of them in all
 * that it says: a few are enough. */
void __real_secret_keep_login(const char *url);
void __wrap_secret_keep_login(const char *url);
void __wrap_secret_keep_login(const char *url)
{
	static guint kept;

	if (kept++ < KEPT_MAX)
		__real_secret_keep_login(url);
}

/* No program is ever run: the input may name any. */
SecretText *__wrap_process_run(char **argv, gsize max, gint64 deadline_us,
	const gint *stop, char **ret_said, GError **error);
SecretText *__wrap_process_run(char **argv, gsize max, gint64 deadline_us,
	const gint *stop, char **ret_said, GError **error)
{
	g_assert_true(argv[0] && *argv[0]);
	next_part();
	if (last_len > max)
		return backend_error_null(
			error, BACKEND_ERROR_AUTH, "it prints too much");
	return g_strndup(last, last_len);
}
