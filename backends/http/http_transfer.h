#pragma once

#include <curl/curl.h>

#include "backends/http/http_login.h"
#include "backends/http/http_message.h"
#include "backends/http/http_settings.h"

/*
 * One request's way through an easy handle: options and callbacks here, what a
 * failure means in http_failure.c.  Private to http*.c.
 */
typedef struct {
	/* Filled in by who makes it. */
	const HttpRequest *request;
	HttpAnswer *answer;
	CURL *easy;
	gsize limit;

	struct curl_slist *sent_headers;
	guint rounds;  /* requests that curl has begun to send */
	guint answers; /* status lines that came */
	guint headers;
	gsize header_bytes;
	gboolean sent;     /* some of the request may have left */
	gboolean answered; /* some of the answer came */
	const char *over;  /* the limit that it went over; NULL: none */
	const char *alien; /* what speaks there instead of HTTP; NULL: none */
	gboolean aborted;  /* set by who drives it */
	gboolean ticket;   /* it bore a Kerberos ticket */
	char message[CURL_ERROR_SIZE];
} Transfer;

/* FALSE: its URL is none. */
gboolean transfer_set_up(Transfer *transfer, const HttpSettings *settings,
	HttpLogin *login, gint64 left_ms);

/* Which way it takes to a host, and whom it trusts. */
void transfer_set_way(
	CURL *easy, const HttpSettings *settings, const char *host);

/* Once it is over: whether there is an answer, which is complete then. */
gboolean transfer_end(Transfer *transfer, CURLcode code);

/* Above these an answer is not read on. */
#define TRANSFER_ANSWERS_MAX 100
#define TRANSFER_HEADERS_MAX 256
#define TRANSFER_HEADER_BYTES_MAX (256 * 1024)

/* The error of one that ended without. */
void transfer_fail(const Transfer *transfer, CURLcode code, GError **error);
