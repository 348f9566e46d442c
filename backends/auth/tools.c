#include "backends/auth/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/http/outcome.h"
#include "backends/http/redirect.h"
#include "backends/http/retry.h"

#define SKEW_MIN_S 60 /* a clock that is off by less is right */
#define KEY_MAX 65536 /* tokens run to a few KiB */

/* ---- files ---- */

static char *read_open(int fd, gsize size, gsize *ret_len)
{
	char *text = g_malloc(size + 1);
	gsize len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	text[len] = '\0';
	*ret_len = len;
	return text;
}

char *auth_read_file(const char *path, gsize *ret_len, GError **error)
{
	/* Not to hang on a pipe that somebody put there. */
	g_autofree char *whole = auth_whole_path(path);
	int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;

	if (fd < 0 || fstat(fd, &st) != 0)
		backend_error_set(error, BACKEND_ERROR_NO_KEY, "%s: %s", path,
			g_strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size > AUTH_FILE_MAX)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s: not a file of at most 1 MiB", path);
	else
		text = read_open(fd, st.st_size, ret_len);
	if (fd >= 0)
		close(fd);
	return text;
}

/* ---- wiping ---- */

void auth_wipe_text(char *text, gsize len)
{
	secret_wipe(text, len);
	g_free(text);
}

/* Through borrowed pointers, but the document is ours and about to go. */
static void wipe_strings(const Json *value)
{
	char *text = (char *)json_text(value);

	if (text)
		secret_wipe(text, strlen(text));
	json_foreach (child, value)
		wipe_strings(child);
}

void auth_wipe_json(Json *document)
{
	if (!document)
		return;
	wipe_strings(document);
	json_free(document);
}

void auth_wipe_answer(HttpAnswer *answer)
{
	if (!answer)
		return;
	if (answer->body)
		secret_wipe(answer->body->data, answer->body->len);
	http_answer_free(answer);
}

static void request_wipe(HttpRequest *request)
{
	for (guint i = 0; i < request->headers->len; i++) {
		char *header = g_ptr_array_index(request->headers, i);
		secret_wipe(header, strlen(header));
	}
	http_request_free(request);
}

/* Only a GET is redirected, since a POST may be signed for its address.  The URL
 * of the request becomes the last one. */
static HttpAnswer *send_on(HttpClient *client, HttpRequest *request,
	gint64 deadline_us, GError **error)
{
	gboolean get = strcmp(request->method, "GET") == 0;
	HttpAnswer *answer = http_send(client, request, deadline_us, error);

	for (int hop = 0; answer && get && hop < REDIRECT_HOPS; hop++) {
		char *url = redirect_next(request, answer);

		if (!url)
			break;
		g_free(request->url);
		request->url = url;
		auth_wipe_answer(answer);
		answer = http_send(client, request, deadline_us, error);
	}
	return answer;
}

HttpAnswer *auth_send(HttpClient *client, HttpRequest *request, gint64 limit_ms,
	gint64 deadline_us, GError **error)
{
	gint64 limit_us = g_get_monotonic_time() + limit_ms * 1000;

	if (limit_ms > 0)
		deadline_us = MIN(deadline_us, limit_us);
	g_autoptr(GError) elsewhere = NULL;
	HttpAnswer *answer = send_on(client, request, deadline_us, error);
	if (answer && !redirect_check(request, answer, &elsewhere)) {
		auth_wipe_answer(answer);
		answer = NULL;
		/* It is no verdict on a call of the provider's. */
		if (elsewhere->code == BACKEND_ERROR_UNSUPPORTED)
			elsewhere->code = BACKEND_ERROR_BAD_ANSWER;
		g_propagate_error(error, g_steal_pointer(&elsewhere));
	}
	request_wipe(request);
	return answer;
}

gint64 auth_skew_s(const HttpAnswer *answer)
{
	const char *date = http_answer_get(answer, "date");
	gint64 server_s, skew_s;

	if (!date || !retry_http_date(date, &server_s))
		return 0;
	skew_s = server_s - g_get_real_time() / G_USEC_PER_SEC;
	return ABS(skew_s) > SKEW_MIN_S ? skew_s : 0;
}

gboolean auth_repair_clock(
	const HttpAnswer *answer, gboolean was_skew, gint64 *skew_s)
{
	gint64 told_s = was_skew ? auth_skew_s(answer) : 0;

	if (told_s == 0 || ABS(told_s - *skew_s) <= SKEW_MIN_S)
		return FALSE;
	*skew_s = told_s;
	return TRUE;
}

void auth_correct_expiry(Credentials *credentials, const HttpAnswer *answer)
{
	if (credentials && credentials->expires_ms > 0)
		credentials->expires_ms -= auth_skew_s(answer) * 1000;
}

void auth_mask(GError *error, const char *secret)
{
	if (!error || !secret)
		return;
	g_autoptr(Secret) sent G_GNUC_UNUSED = secret_new(secret, -1);
	char *masked = secret_mask(error->message);

	secret_free_text(error->message);
	error->message = masked;
}

void auth_quote(GError **error, const char *said)
{
	if (!error || !*error || !said)
		return;
	char *whole = g_strconcat((*error)->message, ": ", said, NULL);
	g_free((*error)->message);
	(*error)->message = whole;
}

/* ---- credentials out of JSON ---- */

static const char *member(
	const Json *object, const char *name, gboolean needed, GError **error)
{
	const char *text = json_get_text(object, name, KEY_MAX, "");

	if (*text || !needed)
		return text;
	backend_error_set(error, BACKEND_ERROR_AUTH, "%s is missing", name);
	return NULL;
}

/* It is shown, and stands in a header. */
static gboolean is_id(const char *id, const char *name, GError **error)
{
	for (const char *c = id; *c; c++)
		if (!g_ascii_isgraph(*c)) {
			backend_error_set(
				error, BACKEND_ERROR_AUTH, "%s is none", name);
			return FALSE;
		}
	return TRUE;
}

static const char *member_id(
	const Json *object, const char *name, GError **error)
{
	const char *id = member(object, name, TRUE, error);

	return id && is_id(id, name, error) ? id : NULL;
}

Credentials *auth_pair_new(const char *id, const char *secret,
	const char *token, const char *origin, GError **error)
{
	if (!is_id(id, "the access key id", error))
		return NULL;
	return credentials_new(id, secret_new(secret, -1),
		token && *token ? secret_new(token, -1) : NULL, 0, origin);
}

/* 0 (never) when there is none that can be read. */
static gint64 expiry_ms(const Json *object, const char *name)
{
	const char *text = json_get_text(object, name, 64, "");
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);

	return time ? g_date_time_to_unix(time) * 1000 : 0;
}

Credentials *auth_keys_read(const Json *object, const AuthKeyNames *names,
	const char *origin, GError **error)
{
	const char *id = member_id(object, names->id, error);
	const char *secret =
		id ? member(object, names->secret, TRUE, error) : NULL;
	const char *token =
		secret ? member(object, names->token, names->temporary, error)
		       : NULL;

	if (!token)
		return NULL;
	return credentials_new(id, secret_new(secret, -1),
		*token ? secret_new(token, -1) : NULL,
		expiry_ms(object, names->expiry), origin);
}
