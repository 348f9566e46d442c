#include "backends/http/http_transfer.h"

#include <string.h>
#include <sys/stat.h>

#include "backends/base/secret.h"
#include "backends/error.h"
#include "backends/http/http_rules.h"
#include "backends/http/http_url.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 is needed, for CURLOPT_QUICK_EXIT"
#endif

/*
 * Hostile servers: the body is bounded as it arrives, the headers by number and
 * by bytes over all answers of a transfer (interim ones have no end by
 * themselves), the time as a whole, so that a slow drip gains nothing.
 */

#define RESERVE_MAX (1024 * 1024) /* for an answer that only says its size */
#define LOGIN_ROUNDS 3

/* curl repeats a request on its own when a kept connection turns out to be
 * dead.  A signature is good for one attempt only, and whether there may be a
 * second is for others to say; but for a login of several rounds, where the
 * request may come twice. */
static int on_prerequest(
	void *data, char *address, char *local, int port, int local_port)
{
	Transfer *transfer = data;
	const HttpRequest *request = transfer->request;
	guint most = request->negotiate && !request->once ? LOGIN_ROUNDS : 1;

	if (transfer->rounds++ >= most)
		return CURL_PREREQFUNC_ABORT;
	transfer->sent = TRUE;
	return CURL_PREREQFUNC_OK;
}

/* "HTTP/1.1 200 OK" */
static guint read_status(const char *line, gsize len)
{
	const char *blank = memchr(line, ' ', len);
	guint status = 0;

	for (gsize at = blank ? (gsize)(blank - line) + 1 : len;
		at < len && g_ascii_isdigit(line[at]) && status < 1000; at++)
		status = status * 10 + (guint)(line[at] - '0');
	return status;
}

static gboolean is_status(const char *line, gsize len)
{
	return len >= 5 && g_ascii_strncasecmp(line, "HTTP/", 5) == 0;
}

static void add_header(HttpAnswer *answer, const char *line, gsize len)
{
	const char *colon = memchr(line, ':', len);

	if (is_status(line, len)) {
		/* An interim answer's headers are not the answer's. */
		g_hash_table_remove_all(answer->headers);
		answer->status = read_status(line, len);
	} else if (colon)
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
	if (is_status(line, len)) {
		transfer->answers++;
		transfer->headers = 0;
	}
	if (transfer->answers > TRANSFER_ANSWERS_MAX)
		transfer->over = "100 interim answers";
	else if (++transfer->headers > TRANSFER_HEADERS_MAX)
		transfer->over = "256 headers";
	else if (transfer->header_bytes > TRANSFER_HEADER_BYTES_MAX)
		transfer->over = "256 KiB of headers";
	if (transfer->over)
		return 0;
	add_header(transfer->answer, line, len);
	return len;
}

/* What came without any header: another protocol, or noise. */
static const char *alien_of(const char *bytes, gsize len)
{
	if (len >= 4 && memcmp(bytes, "SSH-", 4) == 0)
		return "SSH";
	/* An alert or a handshake, of version 3.x. */
	if (len >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) &&
		bytes[1] == 0x03)
		return "TLS: write https";
	return NULL;
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

	if (transfer->headers == 0) {
		transfer->alien = alien_of(bytes, len);
		return 0;
	}
	if (body->len == 0)
		reserve(transfer);
	if (len > transfer->limit - body->len) {
		transfer->over = "its size";
		return 0;
	}
	g_byte_array_append(body, (const guint8 *)bytes, (guint)len);
	return len;
}

/* Requests for credentials never pass a proxy, nor do those to this machine
 * unless the proxy was named for this account. */
static void set_proxy(
	CURL *easy, const HttpSettings *settings, const char *host)
{
	if (http_rules_is_metadata(host) ||
		(!settings->proxy && http_rules_is_loopback(host)))
		curl_easy_setopt(easy, CURLOPT_PROXY, "");
	else if (settings->proxy)
		curl_easy_setopt(easy, CURLOPT_PROXY, settings->proxy);
	if (settings->no_proxy)
		curl_easy_setopt(easy, CURLOPT_NOPROXY, settings->no_proxy);
}

/* A name that no file has. */
#define NO_FILE "/dev/null/no-file"

/* TLS libraries open it and wait, as for a FIFO that nobody writes: what is neither a
 * file nor a directory is, to them, not there. */
static void set_authorities(CURL *easy, const char *file)
{
	struct stat st;

	if (!file)
		return;
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
		curl_easy_setopt(easy, CURLOPT_CAPATH, file);
	else if (stat(file, &st) == 0 && !S_ISREG(st.st_mode))
		curl_easy_setopt(easy, CURLOPT_CAINFO, NO_FILE);
	else
		curl_easy_setopt(easy, CURLOPT_CAINFO, file);
}

static void set_security(CURL *easy, const HttpSettings *settings)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(
		easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	set_authorities(easy, settings->ca_file);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}

void transfer_set_way(
	CURL *easy, const HttpSettings *settings, const char *host)
{
	set_proxy(easy, settings, host);
	set_security(easy, settings);
}

static void set_limits(CURL *easy, const HttpSettings *settings,
	Transfer *transfer, gint64 left_ms)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A resolver that hangs must not keep us past the deadline. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)MIN(settings->connect_ms, left_ms));
	curl_easy_setopt(
		easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->limit);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L * 1024);
	/* Some compress without being asked, and we do not ask. */
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	/* So that on_body sees what speaks there instead. */
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 1L);
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
		"Accept", "Accept-Encoding", "Content-Type", "Expect"};
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

/* libcurl tells nowhere else whether GSSAPI had a ticket for it. */
static int on_debug(
	CURL *easy, curl_infotype type, char *data, size_t size, void *user)
{
	static const char header[] = "\r\nAuthorization: Negotiate ";
	Transfer *transfer = user;

	if (type == CURLINFO_HEADER_OUT &&
		memmem(data, size, header, strlen(header)))
		transfer->ticket = TRUE;
	return 0;
}

static void watch_ticket(CURL *easy, Transfer *transfer)
{
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

gboolean transfer_set_up(Transfer *transfer, const HttpSettings *settings,
	HttpLogin *login, gint64 left_ms)
{
	g_autofree char *host = http_url_host(transfer->request->url);
	CURL *easy = transfer->easy;

	if (!host)
		return FALSE;
	transfer->sent_headers = make_headers(transfer->request);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->sent_headers);
	set_request(easy, transfer->request);
	transfer_set_way(easy, settings, host);
	set_limits(easy, settings, transfer, left_ms);
	http_login_set(login, easy, transfer->request->negotiate);
	if (transfer->request->negotiate)
		watch_ticket(easy, transfer);
	return TRUE;
}

/* A refused login proves that nothing was done, and curl, which would try it
 * once more, has been kept from that. */
static gboolean is_login_refused(const Transfer *transfer, CURLcode code)
{
	return code == CURLE_ABORTED_BY_CALLBACK && !transfer->aborted &&
	       transfer->request->negotiate && transfer->answer->status == 401;
}

gboolean transfer_end(Transfer *transfer, CURLcode code)
{
	HttpAnswer *answer = transfer->answer;

	free_headers(transfer->sent_headers);
	transfer->sent_headers = NULL;
	http_login_end(transfer->easy);
	if (code != CURLE_OK && !is_login_refused(transfer, code))
		return FALSE;
	answer->no_ticket = transfer->request->negotiate && !transfer->ticket;
	g_byte_array_append(answer->body, (const guint8 *)"", 1);
	g_byte_array_set_size(answer->body, answer->body->len - 1);
	return TRUE;
}
