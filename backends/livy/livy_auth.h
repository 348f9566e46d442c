#pragma once

#include "backends/auth/credentials.h"
#include "backends/http/http.h"

/*
 * How a Livy server, or the gateway before it, wants to be convinced: what the
 * key `auth` of a section says.
 *
 *   none                nothing is sent
 *   basic:FILE          Authorization: Basic; user:password in the file
 *   bearer:FILE         Authorization: Bearer; the token in the file
 *   header:NAME:FILE    NAME: what the file holds
 *   exec:COMMAND        Authorization: Bearer; the command prints
 *                       {"token": text, "expires_at": ISO 8601 or seconds}
 *   negotiate           Kerberos (SPNEGO), with the ticket that kinit got
 *
 * FILE may stand in the key `credentials_file` instead: `basic`, `bearer` and
 * `header:NAME` are all of `auth` then.
 *
 * Of a file the first line counts, and it is read again when it changes.  A
 * command is split like a shell's line, but no shell runs; it runs again a
 * minute before its token expires, and when the token is refused.
 */
typedef struct LivyAuth LivyAuth;

/* What `auth` and `credentials_file` say; text NULL: none; file NULL: it is not set.
 * Errors: CONFIG; the text is not repeated, since it might be the secret itself. */
LivyAuth *livy_auth_new(const char *text, const char *file,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void livy_auth_free(LivyAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LivyAuth, livy_auth_free)

/* Borrows self, which must live longer.  Its errors begin with "auth: ", or
 * with the other key where that names the file. */
CredentialSource *livy_auth_source(LivyAuth *self);

/* Whether nothing is sent. */
gboolean livy_auth_is_none(const LivyAuth *self);

/* Adds to a request what convinces.  Any thread. */
void livy_auth_sign(const LivyAuth *self, HttpRequest *request,
	const Credentials *credentials);
