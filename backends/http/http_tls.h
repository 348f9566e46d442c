#pragma once

#include "backends/http/http_settings.h"

/* What a server shows of itself before a request is sent: for a diagnosis, which no
 * call waits for. */
typedef struct {
	char *problem;       /* a plain sentence; NULL: it is trusted */
	const char *mend;    /* static; NULL: there is no problem */
	char *protocol;      /* "TLSv1.3"; NULL: there was none */
	char *name, *issuer; /* of its certificate; NULL: it showed none */
	gint64 until_s;      /* since the epoch; 0: not known */
} HttpTls;

void http_tls_clear(HttpTls *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpTls, http_tls_clear)

/* Connects to an https URL as a client of these settings would, and a second time
 * without trust where that fails, so that the certificate can be told of.  Sends no
 * request.  Blocks for 10 s at most. */
void http_tls_look(const char *url, const HttpSettings *settings, HttpTls *ret);

/* "libcurl 8.14.1, OpenSSL/3.5.1": a new string; *ret_problem, static: what is wrong
 * with it, or NULL. */
char *http_libraries(const char **ret_problem);
