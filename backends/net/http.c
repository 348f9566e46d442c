#include "net/http.h"

#include <pthread.h>
#include <string.h>

#include <curl/curl.h>

#include "auth/secret.h"
#include "error.h"
#include "net/http_rules.h"
#include "net/pipe_guard.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 is needed, for CURLOPT_QUICK_EXIT"
#endif

/*
 * The face is blocking and the inside is not: a thread that sends drives a multi
 * handle with its one transfer in it, because curl_multi_poll can be woken from
 * outside (abort) and ends at our deadline, whatever the resolver, TLS or the
 * server do meanwhile.
 *
 * What a failure means hangs on one moment, on_prerequest: curl calls it when
 * the connection stands, TLS included, and nothing of the request has left.
 *
 *   before it          UNREACHABLE  surely nothing was done
 *   after, no answer   TIMEOUT      it may have been done
 *   answer begun       BAD_ANSWER   it was done, but we cannot read what
 *
 * Hostile servers: the body is bounded as it arrives, the headers by number and
 * by bytes over all answers of a transfer (interim ones have no end by
 * themselves), the time as a whole, so that a slow drip gains nothing.
 */

#define BODY_MAX (16 * 1024 * 1024)
#define RESERVE_MAX (1024 * 1024) /* for an answer that only says its size */
#define HEADERS_MAX 256
#define HEADER_BYTES_MAX (256 * 1024)
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
	char *proxy;
	char *no_proxy;
	char *ca_file;
	gboolean insecure_http;
	gint64 connect_ms;

	pthread_mutex_t lock; /* guards what follows */
	GPtrArray *idle;      /* Line, the last used last */
	GPtrArray *busy;
	gboolean aborted;
};

/* What the callbacks of one http_send share. */
typedef struct {
	const HttpRequest *request;
	HttpAnswer *answer;
	CURL *easy;
	gsize limit;
	guint headers;
	gsize header_bytes;
	gboolean sent;     /* some of the request may have left */
	gboolean answered; /* some of the answer came */
	gboolean over;     /* it went over a limit */
	gboolean aborted;
	char message[CURL_ERROR_SIZE];
} Transfer;

static void curl_start(void)
{
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

	pthread_once(&started, curl_start);
	client->proxy = g_strdup(settings->proxy);
	client->no_proxy = g_strdup(settings->no_proxy);
	client->ca_file = g_strdup(settings->ca_file);
	client->insecure_http = settings->insecure_http;
	client->connect_ms =
		settings->connect_ms > 0 ? settings->connect_ms : CONNECT_MS;
	client->idle = g_ptr_array_new_with_free_func(line_free);
	client->busy = g_ptr_array_new();
	pthread_mutex_init(&client->lock, NULL);
	return client;
}

void http_client_free(HttpClient *client)
{
	g_auto(PipeGuard) guard G_GNUC_UNUSED = pipe_guard_enter();

	if (!client)
		return;
	g_ptr_array_unref(client->idle);
	g_ptr_array_unref(client->busy);
	pthread_mutex_destroy(&client->lock);
	g_free(client->proxy);
	g_free(client->no_proxy);
	g_free(client->ca_file);
	g_free(client);
}

void http_client_abort(HttpClient *client)
{
	pthread_mutex_lock(&client->lock);
	client->aborted = TRUE;
	for (guint i = 0; i < client->busy->len; i++) {
		Line *line = g_ptr_array_index(client->busy, i);

		curl_multi_wakeup(line->multi);
	}
	pthread_mutex_unlock(&client->lock);
}

static gboolean client_is_aborted(HttpClient *client)
{
	gboolean aborted;

	pthread_mutex_lock(&client->lock);
	aborted = client->aborted;
	pthread_mutex_unlock(&client->lock);
	return aborted;
}

static Line *client_take(HttpClient *client)
{
	Line *line;

	pthread_mutex_lock(&client->lock);
	if (client->idle->len > 0)
		line = g_ptr_array_steal_index(
			client->idle, client->idle->len - 1);
	else
		line = line_new();
	g_ptr_array_add(client->busy, line);
	pthread_mutex_unlock(&client->lock);
	return line;
}

static void client_return(HttpClient *client, Line *line)
{
	gboolean kept;

	curl_easy_reset(line->easy);
	pthread_mutex_lock(&client->lock);
	g_ptr_array_remove_fast(client->busy, line);
	kept = client->idle->len < IDLE_MAX && !client->aborted;
	if (kept)
		g_ptr_array_add(client->idle, line);
	pthread_mutex_unlock(&client->lock);
	if (!kept)
		line_free(line);
}

/* curl repeats a request on its own when a kept connection turns out to be
 * dead.  A signature is good for one attempt only, and whether there may be a
 * second is for others to say. */
static int on_prerequest(
	void *data, char *address, char *local, int port, int local_port)
{
	Transfer *transfer = data;

	if (transfer->sent)
		return CURL_PREREQFUNC_ABORT;
	transfer->sent = TRUE;
	return CURL_PREREQFUNC_OK;
}

static void add_header(HttpAnswer *answer, const char *line, gsize len)
{
	const char *colon = memchr(line, ':', len);

	if (g_ascii_strncasecmp(line, "HTTP/", MIN(len, 5)) == 0)
		/* An interim answer's headers are not the answer's. */
		g_hash_table_remove_all(answer->headers);
	else if (colon)
		g_hash_table_insert(answer->headers,
			g_ascii_strdown(line, colon - line),
			g_strstrip(g_strndup(
				colon + 1, (gsize)(line + len - colon) - 1)));
}

static gsize on_header(char *line, gsize size, gsize n, void *data)
{
	Transfer *transfer = data;
	gsize len = size * n;

	transfer->answered = TRUE;
	transfer->header_bytes += len;
	if (++transfer->headers > HEADERS_MAX ||
		transfer->header_bytes > HEADER_BYTES_MAX) {
		transfer->over = TRUE;
		return 0;
	}
	add_header(transfer->answer, line, len);
	return len;
}

/* Room for as much as is announced, so that the body need not grow. */
static void reserve(Transfer *transfer)
{
	GByteArray *body = transfer->answer->body;
	curl_off_t len = -1;

	curl_easy_getinfo(
		transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
	if (len <= 0)
		return;
	g_byte_array_set_size(body,
		(guint)MIN(len, (curl_off_t)MIN(transfer->limit, RESERVE_MAX)) +
			1);
	g_byte_array_set_size(body, 0);
}

static gsize on_body(char *bytes, gsize size, gsize n, void *data)
{
	Transfer *transfer = data;
	GByteArray *body = transfer->answer->body;
	gsize len = size * n;

	if (body->len == 0)
		reserve(transfer);
	if (len > transfer->limit - body->len) {
		transfer->over = TRUE;
		return 0;
	}
	g_byte_array_append(body, (const guint8 *)bytes, (guint)len);
	return len;
}

typedef struct {
	char *scheme;
	char *host;
	char *user;
} UrlParts;

static void url_parts_clear(UrlParts *parts)
{
	curl_free(parts->scheme);
	curl_free(parts->host);
	curl_free(parts->user);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UrlParts, url_parts_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

/* By curl's own parser, so that no URL means one host here and another there. */
static gboolean url_split(const char *url, UrlParts *ret)
{
	g_autoptr(CURLU) parsed = curl_url();

	if (curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK)
		return FALSE;
	curl_url_get(parsed, CURLUPART_USER, &ret->user, 0);
	return curl_url_get(parsed, CURLUPART_SCHEME, &ret->scheme, 0) ==
		       CURLUE_OK &&
	       curl_url_get(parsed, CURLUPART_HOST, &ret->host, 0) == CURLUE_OK;
}

char *http_url_shown(const char *url)
{
	g_auto(UrlParts) parts = {NULL};

	if (!url_split(url, &parts))
		return g_strdup("what was given");
	return g_strdup_printf("%s://%s", parts.scheme, parts.host);
}

gboolean http_url_check(const char *url, gboolean insecure_http, GError **error)
{
	g_auto(UrlParts) parts = {NULL};
	const char *wrong = NULL;

	if (!url_split(url, &parts))
		wrong = "is not a URL";
	else if (strcmp(parts.scheme, "https") != 0 &&
		 strcmp(parts.scheme, "http") != 0)
		wrong = "is neither https nor http";
	else if (parts.user)
		wrong = "holds a user name";
	else if (strcmp(parts.scheme, "http") == 0 && !insecure_http &&
		 !http_rules_is_loopback(parts.host) &&
		 !http_rules_is_metadata(parts.host))
		wrong = "is plain http, which insecure_http = true would allow";
	if (!wrong)
		return TRUE;
	g_autofree char *shown = http_url_shown(url);
	backend_error_set(
		error, BACKEND_ERROR_CONFIG, "%.200s %s", shown, wrong);
	return FALSE;
}

/* Requests for credentials never pass a proxy, nor do those to this machine
 * unless the proxy was named for this account. */
static void set_proxy(CURL *easy, const HttpClient *client, const char *host)
{
	if (http_rules_is_metadata(host) ||
		(!client->proxy && http_rules_is_loopback(host)))
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	else if (client->proxy)
		curl_easy_setopt(easy, CURLOPT_PROXY, client->proxy);
	if (client->no_proxy)
		curl_easy_setopt(easy, CURLOPT_NOPROXY, client->no_proxy);
}

static void set_security(CURL *easy, const HttpClient *client)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(
		easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (client->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}

static void set_limits(CURL *easy, const HttpClient *client, Transfer *transfer,
	gint64 left_ms)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A resolver that hangs must not keep us past the deadline. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)MIN(client->connect_ms, left_ms));
	curl_easy_setopt(
		easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->limit);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_prerequest);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void append_header(struct curl_slist **list, const char *header)
{
	struct curl_slist *longer = curl_slist_append(*list, header);

	if (!longer)
		g_error("no memory for libcurl");
	*list = longer;
}

/* Headers exactly as they were signed, and none that curl would add. */
static struct curl_slist *make_headers(const HttpRequest *request)
{
	static const char *const unwanted[] = {
		"Accept", "Content-Type", "Expect"};
	struct curl_slist *list = NULL;

	for (guint i = 0; i < request->headers->len; i++) {
		const char *header = g_ptr_array_index(request->headers, i);
		g_autofree char *empty = NULL;

		/* "name:" would mean to leave it out. */
		if (g_str_has_suffix(header, ": "))
			empty = g_strdup_printf(
				"%.*s;", (int)strlen(header) - 2, header);
		append_header(&list, empty ? empty : header);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(unwanted); i++) {
		g_autofree char *none = g_strconcat(unwanted[i], ":", NULL);

		if (!http_request_get(request, unwanted[i]))
			append_header(&list, none);
	}
	return list;
}

static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *item = list; item; item = item->next)
		secret_wipe(item->data, strlen(item->data));
	curl_slist_free_all(list);
}

static gboolean method_is(const HttpRequest *request, const char *method)
{
	return strcmp(request->method, method) == 0;
}

static void set_body(CURL *easy, const HttpRequest *request)
{
	gsize len = 0;
	const char *bytes =
		request->body ? g_bytes_get_data(request->body, &len) : NULL;

	if (method_is(request, "HEAD")) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	/* POST and PUT announce a length even when it is nought. */
	if (len > 0 || method_is(request, "POST") ||
		method_is(request, "PUT")) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(
			easy, CURLOPT_POSTFIELDS, len > 0 ? bytes : "");
		curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_request(CURL *easy, const HttpRequest *request)
{
	curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(
		easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* On a kept connection that is dead its fate would be unknown. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L);
	if (!http_request_get(request, "user-agent"))
		curl_easy_setopt(easy, CURLOPT_USERAGENT, "sessionfs");
	set_body(easy, request);
}

static gint64 left_ms(gint64 deadline_us)
{
	/* Rounded up, so that a poll does not spin through the last one. */
	return (deadline_us - g_get_monotonic_time() + 999) / 1000;
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

static void transfer_fail(
	const Transfer *transfer, CURLcode code, GError **error)
{
	g_auto(UrlParts) parts = {NULL};
	const char *host =
		url_split(transfer->request->url, &parts) ? parts.host : "?";
	const char *why = *transfer->message ? transfer->message
					     : curl_easy_strerror(code);

	if (code == CURLE_ABORTED_BY_CALLBACK && !transfer->aborted)
		why = "it was a kept one";
	if (transfer->aborted && !(transfer->sent && transfer->request->once))
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"the request to %s was cancelled", host);
	else if (transfer->over || code == CURLE_FILESIZE_EXCEEDED)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer from %s is over the limit of "
			"%" G_GSIZE_FORMAT " bytes",
			host, transfer->limit);
	else if (!transfer->sent)
		backend_error_set(error, BACKEND_ERROR_UNREACHABLE,
			"%s cannot be reached: %s", host, why);
	else if (transfer->aborted || code == CURLE_OPERATION_TIMEDOUT)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"no answer from %s in time", host);
	else if (transfer->answered)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer from %s was cut short: %s", host, why);
	else
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"the connection to %s broke before an answer: %s", host,
			why);
}

static CURLcode perform(
	HttpClient *client, Line *line, Transfer *transfer, gint64 deadline_us)
{
	g_auto(PipeGuard) guard G_GNUC_UNUSED = pipe_guard_enter();
	g_auto(UrlParts) parts = {NULL};
	struct curl_slist *headers = make_headers(transfer->request);
	CURLcode code = CURLE_URL_MALFORMAT;
	long status = 0;

	curl_easy_setopt(line->easy, CURLOPT_HTTPHEADER, headers);
	set_request(line->easy, transfer->request);
	set_security(line->easy, client);
	set_limits(line->easy, client, transfer, left_ms(deadline_us));
	if (url_split(transfer->request->url, &parts)) {
		set_proxy(line->easy, client, parts.host);
		curl_multi_add_handle(line->multi, line->easy);
		code = drive(client, line, transfer, deadline_us);
		curl_multi_remove_handle(line->multi, line->easy);
	}
	curl_easy_getinfo(line->easy, CURLINFO_RESPONSE_CODE, &status);
	transfer->answer->status = (guint)status;
	free_headers(headers);
	return code;
}

static HttpAnswer *answer_new(void)
{
	HttpAnswer *answer = g_new0(HttpAnswer, 1);

	answer->headers =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	answer->body = g_byte_array_new();
	return answer;
}

static gboolean may_start(HttpClient *client, const HttpRequest *request,
	gint64 deadline_us, GError **error)
{
	if (!http_rules_check(request, error) ||
		!http_url_check(request->url, client->insecure_http, error))
		return FALSE;
	if (left_ms(deadline_us) <= 0) {
		backend_error_set(error, BACKEND_ERROR_UNREACHABLE,
			"the time was up before anything was sent");
		return FALSE;
	}
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
	CURLcode code;
	Line *line;

	if (!may_start(client, request, deadline_us, error))
		return NULL;
	line = client_take(client);
	transfer.easy = line->easy;
	code = perform(client, line, &transfer, deadline_us);
	client_return(client, line);
	if (code != CURLE_OK) {
		transfer_fail(&transfer, code, error);
		return NULL;
	}
	g_byte_array_append(answer->body, (const guint8 *)"", 1);
	g_byte_array_set_size(answer->body, answer->body->len - 1);
	return g_steal_pointer(&answer);
}
