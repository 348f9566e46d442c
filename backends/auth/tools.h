#pragma once

#include "backends/auth/credentials.h"
#include "backends/auth/paths.h"
#include "backends/base/json.h"
#include "backends/http/http.h"

/*
 * What the sources of all credential chains share: files and answers that hold
 * secrets.  Any thread.
 */

#define AUTH_FILE_MAX (1024 * 1024)

/* A whole regular file; NULL with why: NO_KEY where it cannot be opened, AUTH
 * where it is none.  A NUL byte becomes the byte 1, which no key and no JSON may
 * hold. */
SecretText *auth_read_file(
	const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends, and waits at most `limit_ms` (0: to the deadline).  A GET is redirected
 * within its origin, and the request's URL becomes the last one; other redirects
 * and pages for people are errors, as http/redirect.h has them. */
HttpAnswer *auth_send(HttpClient *client, HttpRequest *request, gint64 limit_ms,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The JSON of an answer; NULL: it is none. */
SecretJson *auth_answer_json(const HttpAnswer *answer);

/* How far the clock of who answered is ahead of ours, in seconds, by its Date; 0
 * where it tells none, or one within a minute of ours. */
gint64 auth_skew_s(const HttpAnswer *answer);

/* Whether a refused call, signed with our clock plus *skew_s, is worth being
 * signed once more: `was_skew` says that the refusal is of that kind, and the
 * answer's clock differs.  *skew_s becomes what the answer tells. */
gboolean auth_repair_clock(
	const HttpAnswer *answer, gboolean was_skew, gint64 *skew_s);

/* Puts the expiry that an answer named into our own clock, by which it is
 * watched. */
void auth_correct_expiry(Credentials *credentials, const HttpAnswer *answer);

/* Puts "***" for a secret that was sent, where the error quotes it.  Either may
 * be NULL. */
void auth_mask(GError *error, const char *secret);

/* Runs a program (base/process.h) for the JSON that it prints, 64 KiB at most.
 * Errors: those of process_run; AUTH "`what` did not print JSON". */
SecretJson *auth_run_json(char **argv, const char *what, gint64 deadline_us,
	const gint *stop, char **ret_said,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Puts what a program says behind the error; either may be NULL. */
void auth_quote(GError **error, const char *said);

/* A key pair out of JSON: the members' names. */
typedef struct {
	const char *id, *secret, *token, *expiry; /* expiry: ISO 8601 */
	gboolean temporary;                       /* the token must be there */
} AuthKeyNames;

/* Errors: AUTH, naming the member that is missing or makes no sense. */
Credentials *auth_keys_read(const Json *object, const AuthKeyNames *names,
	const char *origin, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same out of texts; token may be NULL or "".  Errors: AUTH for an id that
 * cannot stand in a header. */
Credentials *auth_pair_new(const char *id, const char *secret,
	const char *token, const char *origin,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
