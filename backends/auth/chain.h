#pragma once

#include "backends/auth/tools.h"

/*
 * A vendor's credential chain: its sources are tried in turn, one that fails
 * makes way for the next, and only when none is left is there an error, which
 * then says what was wrong with each, and is NO_KEY where none was set up.  A
 * profile or a file that is named in the configuration is the user's choice: only
 * the sources that know profiles, or read such a file, are asked then, and the
 * error names the key.
 *
 * The order is asked for an identity once.  After that the source that gave it
 * comes first, until a file has changed; and while what it gave is good, one
 * that is out of reach ends the round, lest an hour's outage turn the account
 * into another.
 */
typedef struct Chain Chain;

typedef struct {
	const char *what; /* for people: "the environment" */
	/* One thread at a time.  A source that is not set up fails with AUTH and
	 * says in a few words what is missing.  NULL: the environment's key pair,
	 * whose id and secret are `needs`. */
	Credentials *(*get)(
		const Chain *chain, gint64 deadline_us, GError **error);
	/* Whether it is set up, and worth the time.  No network.  NULL: needs and
	 * off say all. */
	gboolean (*may_be)(const Chain *chain);
	const char
		*needs[3]; /* environment variables, without which it is not */
	const char *off;   /* one that switches it off when it is "true" */
	const char *token; /* one with the session token of that key pair */
	const char *
		named; /* one with the path of a file, without which it fails */
	gboolean profiled;    /* knows profiles */
	gboolean filed;       /* reads the file that the section names */
	gboolean metadata;    /* a service of the machine's host.  Most machines
	                      have none: until it has answered once, any
	                      failure is NO_KEY */
	const char *variable; /* of a metadata service: the one that says that
	                         the machine has it, so that only an address
	                         where nobody can be reached is NO_KEY */
} ChainSource;

typedef struct ChainClass {
	const char *name;   /* "alibaba" */
	const char *vendor; /* for people: "Alibaba Cloud" */
	const char *key;    /* of the section, that names the profile; NULL: it
	                         has none */
	const char *file_key;       /* that names the file */
	gint64 refresh_ms;          /* as in CredentialClass */
	const ChainSource *sources; /* ends with a NULL what */
	/* Names the files that may be read and their times; see
	 * auth_append_stat. */
	void (*fingerprint)(const Chain *chain, GString *out);
	/* As in CredentialClass; may be NULL. */
	char *(*account)(const Chain *chain, const Credentials *credentials,
		gint64 deadline_us, GError **error);
	/* What the source that comes first, the one at `first`, tells besides its
	 * name; may be NULL: nothing. */
	void (*place)(
		const Chain *chain, const ChainSource *first, GString *out);
	/* Environment variables that choose a profile, the first that is set. */
	const char *profile_variables[3];
	/* Whether a profile is nowhere in the files that may have it, which are
	 * named then: no network, and FALSE where they cannot be read, since the
	 * source says why.  NULL: there are no profiles. */
	gboolean (*lacks)(
		const Chain *chain, const char *profile, GString *files);
	/* What else looks wrong in the section without the network: "region:
	 * ...", a new string; NULL: nothing.  May be NULL. */
	char *(*doubt)(const Chain *chain);
	gboolean strict; /* a source that is set up (may_be) but fails ends the
	                    round: no other takes its place */
} ChainClass;

struct Chain {
	const ChainClass *class;
	char *profile; /* NULL: as the vendor chooses */
	char *file;    /* instead of the vendor's own, and in their form; NULL:
	               the vendor's own */
	char *region;  /* of the section; NULL: none is known */
	HttpClient *remote; /* as the section says */
	HttpClient *nearby; /* the metadata service: no proxy, 1 s to connect */
	gint stopped;       /* atomic; for process_run */

	/* Of the last success, by the one thread that fetches. */
	guint last;       /* its source, counted from 1; 0: none yet */
	char *last_print; /* fingerprint then */
	gboolean on_site; /* the metadata service has answered */
};

/* profile, file, region and http may be NULL; all are copied. */
CredentialSource *chain_new(const ChainClass *class, const char *profile,
	const char *file, const char *region, const HttpSettings *http);

/* What looks wrong in a profile, in a file that a variable names, or to the class's
 * `doubt`: "profile: ...", a new string; NULL: nothing.  No network. */
char *chain_doubt(const ChainClass *class, const char *profile,
	const char *file, const char *region);

/* Whether a source other than a metadata service is in sight.  No network. */
gboolean chain_in_sight(const ChainClass *class);
