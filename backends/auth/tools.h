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

/* Sends.  A service of the machine's own has `limit_ms` and 64 KiB for its answer,
 * any other (limit_ms 0) the time to the deadline and 256 KiB.  A GET is redirected
 * within its origin, and the request's URL becomes the last one; other redirects and
 * pages for people are errors, as http/redirect.h has them. */
HttpAnswer *auth_send(HttpClient *client, HttpRequest *request, gint64 limit_ms,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The JSON of an answer; NULL: it is none. */
SecretJson *auth_answer_json(const HttpAnswer *answer);
/* An answer of one printable word; NULL: it is none. */
SecretText *auth_answer_word(const HttpAnswer *answer);

/* What a refusal of that status means where its words do not say: THROTTLED, REMOTE or
 * AUTH. */
BackendErrorCode auth_refusal_code(guint status);

/* A POST of a form, which it takes and which may hold secrets. */
HttpRequest *auth_form_new(const char *url, GString *form);

/* What one has, in exchange for credentials. */
typedef struct {
	/* The request, at that time by the service's clock (seconds since the
	 * epoch). */
	HttpRequest *(*make)(void *data, gint64 now, GError **error);
	/* The credentials of an answer of any status. */
	Credentials *(*read)(
		const HttpAnswer *answer, void *data, GError **error);
	/* Whether AUTH with that code ("" for none) may come of a wrong clock;
	 * NULL: it does not. */
	gboolean (*is_skew)(const char *provider_code);
	const char *who; /* before errors: "the token service: " */
} AuthExchange;

/* Makes the request, once more where the clock was wrong, and puts the expiry into
 * our own clock.  What is sent and secret is masked as long as it is a Secret. */
Credentials *auth_exchange(HttpClient *client, const AuthExchange *kind,
	void *data, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts the expiry that an answer named into our own clock, by which it is
 * watched. */
void auth_correct_expiry(Credentials *credentials, const HttpAnswer *answer);

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
