#pragma once

#include <curl/curl.h>
#include <glib.h>

/*
 * Logins that libcurl does by itself: Kerberos by SPNEGO, and the cookies that
 * servers hand out then, so that not every request needs a ticket.  They are in
 * memory alone, shared between the handles of one client.  Private to
 * http*.c.
 */
typedef struct HttpLogin HttpLogin;

HttpLogin *http_login_new(void);
/* After all handles that it was set on have gone. */
void http_login_free(HttpLogin *self);

/* Any thread.  wanted FALSE: the handle sends no cookie and no ticket. */
void http_login_set(HttpLogin *self, CURL *easy, gboolean wanted);
/* When the transfer is over. */
void http_login_end(CURL *easy);
