#include "backends/http/http_transfer.h"

#include <errno.h>
#include <string.h>

#include "backends/error.h"
#include "backends/http/http_url.h"

/*
 * What a failure means hangs on one moment, on_prerequest: curl calls it when
 * the connection stands, TLS included, and nothing of the request has left.
 *
 *   before it          UNREACHABLE  surely nothing was done; REFUSED where
 *                                   nobody listens, TLS where that failed
 *   after, no answer   TIMEOUT      it may have been done
 *   another protocol   UNSUPPORTED  surely nothing was done
 *   answer begun       BAD_ANSWER   it was done, but we cannot read what
 */

/* CURLE_TOO_LARGE, which curl has since 8.6. */
#define TOO_LARGE 100

static const char *reason_of(const Transfer *transfer, CURLcode code)
{
	if (code == CURLE_ABORTED_BY_CALLBACK && !transfer->aborted)
		return "it was a kept one";
	return *transfer->message ? transfer->message
				  : curl_easy_strerror(code);
}

static gboolean is_refused(const Transfer *transfer, CURLcode code)
{
	long os_error = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
	return code == CURLE_COULDNT_CONNECT && os_error == ECONNREFUSED;
}

/* curl names what it connected to. */
static gboolean is_proxy(const char *why, const char *host)
{
	static const char to[] = "Failed to connect to ";
	const char *named = g_str_has_prefix(why, to) ? why + strlen(to) : host;

	return *host != '[' && !g_str_has_prefix(named, host);
}

/* What would help against a failure of TLS; NULL: it was none. */
static const char *tls_advice(const char *why, CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CACERT_BADFILE:
		return "the certificates named by ca_file (or AWS_CA_BUNDLE, "
		       "REQUESTS_CA_BUNDLE and their kin) cannot be read";
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return "name the authority that signed its certificate in the "
		       "section's ca_file";
	case CURLE_SSL_CONNECT_ERROR:
		if (strstr(why, "wrong version number") ||
			strstr(why, "packet length too long") ||
			strstr(why, "http request"))
			return "no TLS is spoken there: is it http?";
		return "TLS failed; ca_file names other authorities";
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_USE_SSL_FAILED:
		return "TLS failed";
	default:
		return NULL;
	}
}

static void fail_unsent(const Transfer *transfer, CURLcode code,
	const char *host, GError **error)
{
	const char *why = reason_of(transfer, code);
	const char *advice = tls_advice(why, code);

	if (advice)
		backend_error_set(error, BACKEND_ERROR_TLS,
			"no secure connection to %s: %s; %s", host, why,
			advice);
	else if (is_refused(transfer, code) && is_proxy(why, host))
		backend_error_set(error, BACKEND_ERROR_REFUSED,
			"the proxy, through which %s is asked, refuses the "
			"connection: %s",
			host, why);
	else if (is_refused(transfer, code))
		backend_error_set(error, BACKEND_ERROR_REFUSED,
			"%s refuses the connection: %s", host, why);
	else if (code == CURLE_COULDNT_RESOLVE_HOST)
		backend_error_set(error, BACKEND_ERROR_UNREACHABLE,
			"the host %s is unknown: %s", host, why);
	else if (code == CURLE_COULDNT_RESOLVE_PROXY)
		backend_error_set(error, BACKEND_ERROR_UNREACHABLE,
			"the proxy's host is unknown: %s", why);
	else
		backend_error_set(error, BACKEND_ERROR_UNREACHABLE,
			"%s cannot be reached: %s", host, why);
}

/* curl has a limit of its own on a header. */
static const char *limit_of(const Transfer *transfer, CURLcode code)
{
	if (transfer->over)
		return transfer->over;
	if (code == CURLE_FILESIZE_EXCEEDED)
		return "its size";
	if (code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE)
		return "the length of a header";
	return NULL;
}

static void fail_over(const Transfer *transfer, const char *limit,
	const char *host, GError **error)
{
	if (g_str_equal(limit, "its size"))
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer from %s is over the limit of "
			"%" G_GSIZE_FORMAT " bytes",
			host, transfer->limit);
	else
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer from %s is over the limit: %s", host,
			limit);
}

static void fail_answered(const Transfer *transfer, CURLcode code,
	const char *host, GError **error)
{
	const char *why = reason_of(transfer, code);

	if (transfer->aborted || code == CURLE_OPERATION_TIMEDOUT)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"no answer from %s in time", host);
	else if (transfer->alien)
		backend_error_set(error, BACKEND_ERROR_UNSUPPORTED,
			"%s does not speak HTTP at that port but %s", host,
			transfer->alien);
	else if (code == CURLE_BAD_CONTENT_ENCODING)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer from %s is compressed in a way that cannot "
			"be read: %s",
			host, why);
	else if (transfer->answered)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the answer from %s was cut short: %s", host, why);
	else if (code == CURLE_WRITE_ERROR)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"what %s answers is not HTTP", host);
	else
		backend_error_set(error, BACKEND_ERROR_TIMEOUT,
			"the connection to %s broke before an answer: %s", host,
			why);
}

void transfer_fail(const Transfer *transfer, CURLcode code, GError **error)
{
	g_autofree char *named = http_url_host(transfer->request->url);
	const char *host = named ? named : "?";
	const char *limit = limit_of(transfer, code);

	if (transfer->aborted && !(transfer->sent && transfer->request->once))
		backend_error_set(error, BACKEND_ERROR_CANCELLED,
			"the request to %s was cancelled", host);
	else if (!transfer->sent)
		fail_unsent(transfer, code, host, error);
	else if (limit)
		fail_over(transfer, limit, host, error);
	else
		fail_answered(transfer, code, host, error);
}
