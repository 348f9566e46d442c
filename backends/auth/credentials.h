#pragma once

#include "backends/base/clock.h"
#include "backends/base/secret.h"
#include "backends/error.h"

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
	char *account; /* that they are of, where their source tells; else NULL */
} Credentials;

Credentials *credentials_new(const char *id, Secret *secret, Secret *token,
	gint64 expires_ms, const char *origin); /* takes secret and token */
/* The same of texts; token may be NULL or "". */
Credentials *credentials_pair(const char *id, const char *secret,
	const char *token, gint64 expires_ms, const char *origin);
/*
 * Whose they are, as far as they tell by themselves: the account that their source
 * named; else, of a lasting key pair, "key ID", since a key never moves to another
 * account; else the place that they came from.  New string.
 */
char *credentials_account(const Credentials *credentials);
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
	/* Whose credentials they are, the same text for all that one account ever
	 * has.  May ask the network.  Any thread.  NULL: credentials_account. */
	char *(*account)(void *self, const Credentials *credentials,
		gint64 deadline_us, GError **error);
	/* Appends which source will be taken, and what it tells of the account
	 * without the network.  Any thread.  May be NULL. */
	void (*place)(void *self, GString *out);
} CredentialClass;

/*
 * Keeps what a chain found, refreshes it before it expires, and goes on using
 * the old ones while they are valid and a refresh fails, which is then tried
 * again after half a minute.  A refresh takes 2 s at most of the time of the one
 * call that makes it.  Without usable ones a failure stands for a second.  A
 * changed fingerprint is followed at once.  Thread-safe.
 */
typedef struct CredentialSource CredentialSource;

/* Takes self.  The clock says when they expire, and outlives the source. */
CredentialSource *credential_source_new(
	const CredentialClass *class, void *self, const Clock *clock);
void credential_source_free(CredentialSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CredentialSource, credential_source_free)

/* New reference.  Errors: NO_KEY (none found: says where it looked), AUTH,
 * AUTH_EXPIRED, CANCELLED after an abort, TIMEOUT, and what the network says. */
Credentials *credential_source_get(CredentialSource *source, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Whose these are, which come of this source; asked once for each.  New string,
 * without control characters.  Errors: those of the class's `account`.
 */
char *credential_source_account(CredentialSource *source,
	Credentials *credentials, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As the class's `place`; nothing where it has none. */
void credential_source_place(CredentialSource *source, GString *out);

/* The provider refused these: they are not used again.  Others than the current
 * ones are ignored. */
void credential_source_reject(CredentialSource *source, const Credentials *bad);

/* Ends waiting and fetching, for good. */
void credential_source_abort(CredentialSource *source);

/* Appends "credentials: ..." lines: origin, id, expiry.  No network. */
void credential_source_report(CredentialSource *source, GString *out);
