#pragma once

#include "auth/secret.h"
#include "error.h"

/* What a request is signed with: a key pair, or only a secret that is sent (a
 * bearer token, say; then the id is "").  Immutable, reference-counted. */
typedef struct {
	char *access_key_id;
	Secret *secret;    /* the secret key or the token; NULL: none is sent */
	Secret *token;     /* session token of temporary keys; NULL: none */
	gint64 expires_ms; /* since the epoch; 0: never */
	char *origin;      /* where it came from, for people: "environment" */
	gint64 refresh_ms; /* fetch again when less remains; 0: as its class says */
	char *project; /* that pays for the calls; NULL: as the vendor says */
} Credentials;

Credentials *credentials_new(const char *id, Secret *secret, Secret *token,
	gint64 expires_ms, const char *origin); /* takes secret and token */
/* Whether they sign alike. */
gboolean credentials_equal(const Credentials *a, const Credentials *b);
Credentials *credentials_ref(Credentials *credentials);
void credentials_unref(Credentials *credentials);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Credentials, credentials_unref)

/*
 * One vendor's chain.  fetch may read files and ask the network, blocks until
 * deadline_us at most, and is called by one thread at a time; `again`: there are
 * usable ones, so that a source that is only out of reach is no reason to take
 * another's.  fingerprint (may be NULL) names the files that may be read and
 * their times, so that a changed file is read again.
 */
typedef struct {
	const char *name;
	gint64 refresh_ms; /* fetch again when less than this remains */
	Credentials *(*fetch)(
		void *self, gboolean again, gint64 deadline_us, GError **error);
	char *(*fingerprint)(void *self);
	void (*free)(void *self);
	/* Ends a fetch in flight and those to come; any thread.  May be NULL. */
	void (*abort)(void *self);
} CredentialClass;

/*
 * Keeps what a chain found, refreshes it before it expires, and goes on using
 * the old ones while they are valid and a refresh fails, which is then tried
 * again after half a minute.  A refresh takes 2 s at most of the time of the one
 * call that makes it.  Without usable ones a failure stands for a second.  A
 * changed fingerprint is followed at once.  Thread-safe.
 */
typedef struct CredentialSource CredentialSource;

/* Takes self. */
CredentialSource *credential_source_new(
	const CredentialClass *class, void *self);
void credential_source_free(CredentialSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CredentialSource, credential_source_free)

/* New reference.  Errors: AUTH (none found: says where it looked),
 * AUTH_EXPIRED, CANCELLED after an abort, TIMEOUT, and what the network says. */
Credentials *credential_source_get(CredentialSource *source, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The provider refused these: they are not used again.  Others than the current
 * ones are ignored. */
void credential_source_reject(CredentialSource *source, const Credentials *bad);

/* Ends waiting and fetching, for good. */
void credential_source_abort(CredentialSource *source);

/* Appends "credentials: ..." lines: origin, id, expiry.  No network. */
void credential_source_report(CredentialSource *source, GString *out);
