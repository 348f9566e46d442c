#include "backends/auth/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "backends/base/process.h"
#include "backends/base/text.h"
#include "backends/base/utc.h"
#include "backends/http/date_clock.h"
#include "backends/http/redirect.h"

#define KEY_MAX 65536 /* tokens run to a few KiB */
#define OUTPUT_MAX (64 * 1024)
#define ANSWER_MAX (256 * 1024)
#define NEARBY_MAX (64 * 1024) /* of a service of the machine's own */

/* ---- files ---- */

static char *read_open(int fd, gsize size)
{
	char *text = g_malloc0(size + 1);
	gsize len = 0;

	while (len < size) {
		ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += n;
	}
	for (gsize i = 0; i < len; i++)
		if (!text[i])
			text[i] = '\1';
	return text;
}

SecretText *auth_read_file(const char *path, GError **error)
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
		text = read_open(fd, st.st_size);
	if (fd >= 0)
		close(fd);
	return text;
}

/* ---- the network ---- */

/* Only a GET is redirected, since a POST may be signed for its address. */
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
		http_answer_free(answer);
		answer = http_send(client, request, deadline_us, error);
	}
	return answer;
}

HttpAnswer *auth_send(HttpClient *client, HttpRequest *request, gint64 limit_ms,
	gint64 deadline_us, GError **error)
{
	gint64 limit_us = clock_now_us(&clock_real) + limit_ms * 1000;

	if (limit_ms > 0)
		deadline_us = MIN(deadline_us, limit_us);
	request->limit = limit_ms > 0 ? NEARBY_MAX : ANSWER_MAX;
	g_autoptr(GError) elsewhere = NULL;
	g_autoptr(HttpAnswer) answer =
		send_on(client, request, deadline_us, error);
	if (!answer || redirect_check(request, answer, &elsewhere))
		return g_steal_pointer(&answer);
	/* It is no verdict on a call of the provider's. */
	if (elsewhere->code == BACKEND_ERROR_UNSUPPORTED)
		elsewhere->code = BACKEND_ERROR_BAD_ANSWER;
	g_propagate_error(error, g_steal_pointer(&elsewhere));
	return NULL;
}

SecretJson *auth_answer_json(const HttpAnswer *answer)
{
	return json_parse(
		(const char *)answer->body->data, answer->body->len, NULL);
}

SecretText *auth_answer_word(const HttpAnswer *answer)
{
	g_autoptr(SecretText) text =
		g_strndup((const char *)answer->body->data, answer->body->len);

	g_strstrip(text);
	return text_is_graph(text) ? g_steal_pointer(&text) : NULL;
}

BackendErrorCode auth_refusal_code(guint status)
{
	if (status == 429)
		return BACKEND_ERROR_THROTTLED;
	return status >= 500 ? BACKEND_ERROR_REMOTE : BACKEND_ERROR_AUTH;
}

HttpRequest *auth_form_new(const char *url, GString *form)
{
	HttpRequest *request = http_request_new("POST", url);

	http_request_set(
		request, "content-type", "application/x-www-form-urlencoded");
	request->body = secret_string_bytes(form);
	return request;
}

void auth_correct_expiry(Credentials *credentials, const HttpAnswer *answer)
{
	gint64 ahead_s;

	if (credentials && credentials->expires_ms > 0 &&
		date_clock_is_wrong(answer, 0, &ahead_s))
		credentials->expires_ms -= ahead_s * 1000;
}

static gboolean is_skew(const AuthExchange *kind, GError *refusal)
{
	const BackendErrorDetail *detail = backend_error_detail(refusal);
	const char *code = detail ? detail->provider_code : NULL;

	return kind->is_skew && refusal->code == BACKEND_ERROR_AUTH &&
	       kind->is_skew(code ? code : "");
}

/* *skew_s: by how much the service's clock is ahead of ours.  *ret_again: a refusal
 * has told that it was wrong, and it is put right. */
static Credentials *exchange_once(HttpClient *client, const AuthExchange *kind,
	void *data, gint64 *skew_s, gboolean *ret_again, gint64 deadline_us,
	GError **error)
{
	gint64 now = clock_wall_us(&clock_real) / G_USEC_PER_SEC + *skew_s;
	g_autoptr(GError) cause = NULL;
	g_autoptr(HttpRequest) request = kind->make(data, now, &cause);
	g_autoptr(HttpAnswer) answer =
		request ? auth_send(client, request, 0, deadline_us, &cause)
			: NULL;
	Credentials *found = answer ? kind->read(answer, data, &cause) : NULL;

	*ret_again = !found && answer && is_skew(kind, cause) &&
		     date_clock_is_wrong(answer, *skew_s, skew_s);
	if (found)
		auth_correct_expiry(found, answer);
	else
		g_propagate_prefixed_error(
			error, g_steal_pointer(&cause), "%s", kind->who);
	return found;
}

Credentials *auth_exchange(HttpClient *client, const AuthExchange *kind,
	void *data, gint64 deadline_us, GError **error)
{
	g_autoptr(GError) cause = NULL;
	gboolean again;
	gint64 skew_s = 0;
	Credentials *found = exchange_once(
		client, kind, data, &skew_s, &again, deadline_us, &cause);

	if (again)
		return exchange_once(client, kind, data, &skew_s, &again,
			deadline_us, error);
	if (!found)
		g_propagate_error(error, g_steal_pointer(&cause));
	return found;
}

void auth_quote(GError **error, const char *said)
{
	if (!error || !*error || !said)
		return;
	char *whole = g_strconcat((*error)->message, ": ", said, NULL);
	g_free((*error)->message);
	(*error)->message = whole;
}

SecretJson *auth_run_json(char **argv, const char *what, gint64 deadline_us,
	const gint *stop, char **ret_said, GError **error)
{
	g_autoptr(SecretText) output = process_run(
		argv, OUTPUT_MAX, deadline_us, stop, ret_said, error);
	SecretJson *json =
		output ? json_parse(output, strlen(output), NULL) : NULL;

	if (!output || json)
		return json;
	backend_error_set(
		error, BACKEND_ERROR_AUTH, "%s did not print JSON", what);
	auth_quote(error, *ret_said);
	return NULL;
}

/* ---- credentials out of JSON ---- */

static const char *member(
	const Json *object, const char *name, gboolean needed, GError **error)
{
	const char *text = json_get_text(object, name, KEY_MAX, "");

	if (*text || !needed)
		return text;
	return backend_error_null(
		error, BACKEND_ERROR_AUTH, "%s is missing", name);
}

/* It is shown, and stands in a header. */
static gboolean is_id(const char *id, const char *name, GError **error)
{
	return !*id || text_is_graph(id) ||
	       backend_error_false(
		       error, BACKEND_ERROR_AUTH, "%s is none", name);
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
	return credentials_pair(id, secret, token, 0, origin);
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
	return credentials_pair(id, secret, token,
		utc_ms(json_get_text(object, names->expiry, 64, "")), origin);
}
