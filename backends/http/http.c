#include "backends/http/http.h"

#include <pthread.h>
#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/mutex.h"
#include "backends/base/pipe_guard.h"
#include "backends/base/secret.h"
#include "backends/error.h"
#include "backends/http/http_login.h"
#include "backends/http/http_rules.h"
#include "backends/http/http_transfer.h"
#include "backends/http/http_url.h"

/*
 * The face is blocking and the inside is not: a thread that sends drives a multi
 * handle with its one transfer in it, because curl_multi_poll can be woken from
 * outside (abort) and ends at our deadline, whatever the resolver, TLS or the
 * server do meanwhile.
 */

#define BODY_MAX (16 * 1024 * 1024)
#define IDLE_MAX 16
#define CONNECT_MS 5000
/* Only a safety net: an abort wakes the poll. */
#define POLL_MS 1000

/*
 * A handle with a multi of its own: the multi holds the open connections, and
 * its poll can be woken from another thread, which an easy handle's cannot.
 * Used by one thread at a time.
 */
typedef struct {
	CURL *easy;
	CURLM *multi;
} Line;

struct HttpClient {
	HttpSettings settings; /* its strings are our own */
	HttpLogin *login;

	Mutex lock;
	GPtrArray *idle GUARDED_BY(lock); /* Line, the last used last */
	GPtrArray *busy GUARDED_BY(lock);
	gboolean aborted GUARDED_BY(lock);
};

gboolean http_can_negotiate(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	return (info->features & CURL_VERSION_SPNEGO) != 0;
}

const char *http_library(void)
{
	return curl_version();
}

/* libcurl reads them by itself, and quotes them. */
static void keep_environment_logins(void)
{
	static const char *const names[] = {"http_proxy", "https_proxy",
		"HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		secret_keep_login(g_getenv(names[i]));
}

static void curl_start(void)
{
	keep_environment_logins();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		g_error("libcurl could not be started");
}

static Line *line_new(void)
{
	Line *line = g_new0(Line, 1);

	line->easy = curl_easy_init();
	line->multi = curl_multi_init();
	if (!line->easy || !line->multi)
		g_error("no memory for libcurl");
	curl_multi_setopt(line->multi, CURLMOPT_MAXCONNECTS, 2L);
	return line;
}

static void line_free(gpointer data)
{
	Line *line = data;

	curl_easy_cleanup(line->easy);
	curl_multi_cleanup(line->multi);
	g_free(line);
}

HttpClient *http_client_new(const HttpSettings *settings)
{
	static pthread_once_t started = PTHREAD_ONCE_INIT;
	HttpClient *client = g_new0(HttpClient, 1);

	mutex_init(&client->lock);
	pthread_once(&started, curl_start);
	secret_keep_login(settings->proxy);
	client->settings = *settings;
	client->settings.proxy = g_strdup(settings->proxy);
	client->settings.no_proxy = g_strdup(settings->no_proxy);
	client->settings.ca_file = g_strdup(settings->ca_file);
	if (settings->connect_ms <= 0)
		client->settings.connect_ms = CONNECT_MS;
	client->login = http_login_new();
	client->idle = g_ptr_array_new_with_free_func(line_free);
	client->busy = g_ptr_array_new();
	return client;
}

void http_client_free(HttpClient *client)
{
	g_auto(PipeGuard) guard G_GNUC_UNUSED = pipe_guard_enter();

	if (!client)
		return;
	mutex_destroy(&client->lock);
	g_ptr_array_unref(client->idle);
	g_ptr_array_unref(client->busy);
	http_login_free(client->login);
	g_free((char *)client->settings.proxy);
	g_free((char *)client->settings.no_proxy);
	g_free((char *)client->settings.ca_file);
	g_free(client);
}

const HttpSettings *http_client_settings(const HttpClient *client)
{
	return &client->settings;
}

void http_client_rest(HttpClient *client)
{
	g_auto(PipeGuard) guard G_GNUC_UNUSED = pipe_guard_enter();
	g_autoptr(GPtrArray) none = g_ptr_array_new_with_free_func(line_free);
	GPtrArray *idle;

	mutex_lock(&client->lock);
	idle = client->idle;
	client->idle = g_steal_pointer(&none);
	mutex_unlock(&client->lock);
	g_ptr_array_unref(idle);
}

void http_client_abort(HttpClient *client)
{
	mutex_lock(&client->lock);
	client->aborted = TRUE;
	for (guint i = 0; i < client->busy->len; i++) {
		Line *line = g_ptr_array_index(client->busy, i);

		curl_multi_wakeup(line->multi);
	}
	mutex_unlock(&client->lock);
}

static gboolean client_is_aborted(HttpClient *client)
{
	gboolean aborted;

	mutex_lock(&client->lock);
	aborted = client->aborted;
	mutex_unlock(&client->lock);
	return aborted;
}

static Line *client_take(HttpClient *client)
{
	Line *line;

	mutex_lock(&client->lock);
	if (client->idle->len > 0)
		line = g_ptr_array_steal_index(
			client->idle, client->idle->len - 1);
	else
		line = line_new();
	g_ptr_array_add(client->busy, line);
	mutex_unlock(&client->lock);
	return line;
}

static void client_return(HttpClient *client, Line *line)
{
	gboolean kept;

	curl_easy_reset(line->easy);
	mutex_lock(&client->lock);
	g_ptr_array_remove_fast(client->busy, line);
	kept = client->idle->len < IDLE_MAX && !client->aborted;
	if (kept)
		g_ptr_array_add(client->idle, line);
	mutex_unlock(&client->lock);
	if (!kept)
		line_free(line);
}

static gint64 left_ms(gint64 deadline_us)
{
	/* Rounded up, so that a poll does not spin through the last one. */
	return (deadline_us - clock_now_us(&clock_real) + 999) / 1000;
}

/* Drives the transfer to its end; CURLE_OK when there is an answer. */
static CURLcode drive(
	HttpClient *client, Line *line, Transfer *transfer, gint64 deadline_us)
{
	int running = 1, queued;
	CURLMsg *done;

	while (!(transfer->aborted = client_is_aborted(client))) {
		gint64 left = left_ms(deadline_us);

		if (curl_multi_perform(line->multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		done = curl_multi_info_read(line->multi, &queued);
		if (done)
			return done->data.result;
		if (left <= 0)
			return CURLE_OPERATION_TIMEDOUT;
		curl_multi_poll(
			line->multi, NULL, 0, (int)MIN(left, POLL_MS), NULL);
	}
	return CURLE_ABORTED_BY_CALLBACK;
}

static gboolean perform(HttpClient *client, Line *line, Transfer *transfer,
	gint64 deadline_us, GError **error)
{
	g_auto(PipeGuard) guard G_GNUC_UNUSED = pipe_guard_enter();
	CURLcode code = CURLE_URL_MALFORMAT;

	if (transfer_set_up(transfer, &client->settings, client->login,
		    left_ms(deadline_us))) {
		curl_multi_add_handle(line->multi, line->easy);
		code = drive(client, line, transfer, deadline_us);
		curl_multi_remove_handle(line->multi, line->easy);
	}
	if (transfer_end(transfer, code))
		return TRUE;
	transfer_fail(transfer, code, error);
	return FALSE;
}

static HttpAnswer *answer_new(void)
{
	HttpAnswer *answer = g_new0(HttpAnswer, 1);

	/* Some bear tokens: Set-Cookie, X-Subject-Token. */
	answer->headers = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, secret_free_text);
	answer->body = g_byte_array_new();
	return answer;
}

static gboolean may_start(HttpClient *client, const HttpRequest *request,
	gint64 deadline_us, GError **error)
{
	if (!http_rules_check(request, error) ||
		!http_url_check(
			request->url, client->settings.insecure_http, error))
		return FALSE;
	if (left_ms(deadline_us) <= 0)
		return backend_error_false(error, BACKEND_ERROR_UNREACHABLE,
			"the time was up before anything was sent");
	return TRUE;
}

HttpAnswer *http_send(HttpClient *client, const HttpRequest *request,
	gint64 deadline_us, GError **error)
{
	g_autoptr(HttpAnswer) answer = answer_new();
	Transfer transfer = {
		.request = request,
		.answer = answer,
		.limit = request->limit > 0 ? request->limit : BODY_MAX,
	};
	gboolean answered;
	Line *line;

	if (!may_start(client, request, deadline_us, error))
		return NULL;
	line = client_take(client);
	transfer.easy = line->easy;
	answered = perform(client, line, &transfer, deadline_us, error);
	client_return(client, line);
	return answered ? g_steal_pointer(&answer) : NULL;
}
