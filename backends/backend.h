#pragma once

#include "backends/error.h"
#include "backends/session.h"

/*
 * The contract between a provider and everything above it.
 *
 * A provider is one file: a const BackendClass, filled in by name, of tables
 * (states, verbs, spec schema, config keys) and slots.  It translates and does
 * nothing else: it builds requests and reads answers, and hands both to
 * api/api.h, which signs, waits for the budget, retries and times out.  It does
 * not cache, sleep, retry or touch files.  Each slot may be called from several
 * worker threads at once for one instance; none is ever called from a FUSE
 * thread, but for check_spec, is_other, renders and the tables, which do no I/O.
 *
 * A slot that fails returns NULL or FALSE and sets a BACKEND_ERROR; out
 * parameters are then untouched.  What comes back belongs to the caller.
 *
 * To add a provider called foo:
 *
 *   1. foo.c opens with the dialogue it speaks.  Tables: states (the vendor's
 *      words and their phases), verbs, keys, spec.  Slots: open (reads keys,
 *      makes an Api with a chain and an ApiProtocol), list_workspaces,
 *      list_page, get, plan (plan.h helps), create, control; the others as the
 *      vendor has them, NULL where not.  record.h reads sessions out of answers
 *      by a table of member names, which the views read too (`record`);
 *      refusal.h turns the vendor's error codes into ours by a table.  Over 500
 *      lines, what is pure moves to foo_record.c, foo_spec.c.
 *   2. Credentials: a chain of the vendor's own sources, foo_chain.c, is a
 *      ChainClass (auth/chain.h).  A signature that is none of sign.h's goes
 *      there, with vectors from the vendor's SDK in tests/vectors/requests; each
 *      exchange of credentials is a flow in tests/vectors/flows.
 *   3. One line each in classes.h, in the table of backend.c, in meson.build.
 *      The config's `type`, the directories, the files, ctl, .status and the
 *      metrics follow from the tables.
 *   4. tests/unit/test_foo.c plays recorded answers to the slots: pages, hostile
 *      ones, each class of refusal; that what `new` takes comes back in
 *      config.json.
 *   5. examples/emulator/foo.c speaks the server's side (README.md there), and
 *      the vendor's SDK proves it in tests/conformance.  A row in
 *      tests/mount/test_providers.py asks everything of it on a real mount;
 *      examples/specs/foo-*.json are tried there.  A section in fs/start/demo.c;
 *      in packaging/man what lint misses there, and five lines in README.md.
 */
typedef struct Backend Backend;
typedef struct cJSON Json; /* base/json.h */

/* What a caller grants one call. */
typedef struct Call {
	gint64 deadline_us;   /* monotonic: by when it must be over;
	                         later by the time that a reading call for which
	                         nobody waits waited for the budget */
	gboolean interactive; /* somebody waits: may use the budget's reserve,
	                         and fails with BUDGET rather than wait for it */
	gboolean (*sending)(
		void *data); /* asked once, before the first byte of a
	                         changing call leaves; FALSE drops the call with
	                         CANCELLED.  NULL: always yes */
	void *data;
	void (*next)(
		const char *token, void *next_data); /* list_page says which
	                         page follows as soon as the answer is there,
	                         before it is read: once at most, on the calling
	                         thread, and void unless the page comes and says
	                         the same.  A provider need not.  May be NULL */
	void *next_data;
	gboolean (*owned)(const char *account, const struct Call *call,
		GError **error); /* asked before each attempt leaves, with
	                            whose credentials it is signed (a text
	                            without control characters): FALSE drops
	                            the call with that error.  May itself make
	                            calls.  NULL: anybody's will do */
	gboolean (*accepted)(
		const char *account, const struct Call *call); /* told of each
	                       answer that is none of a refusal: those
	                       credentials are good.  FALSE: the answer is
	                       of no use, and a reading call fails with AUTH.
	                       May be NULL; not without `owned` */
	void *owner; /* for these two */
} Call;

/* One attempt of a call, once it is over.  Nothing in it is a secret, but the
 * provider's words are as it said them. */
typedef struct {
	const char *action;
	guint attempt;          /* from 1; 0: nothing was sent */
	guint status;           /* of HTTP; 0: there was no answer */
	const char *request_id; /* the provider's; NULL: it told none */
	gint64 took_us;
	const GError *problem; /* NULL: it succeeded */
} CallReport;

/* Called on the thread that calls, with no lock held; the report is borrowed. */
typedef void (*CallObserver)(const CallReport *report, void *data);

/*
 * What one create sends, besides what all calls of its provider bear: made
 * before anything is sent, and sent as it is, however often; only date, nonce
 * and signature are new each time.  Plain data; texts are never NULL.
 */
typedef struct {
	char *query; /* encoded, "" for none */
	char *body;  /* JSON, byte for byte */
	char *name; /* that the session will bear, as backend_summarize tells it;
	                "": none */
	char *id;   /* that it will have, where the client chooses it; "": the
	                provider does */
	gboolean repeatable; /* the provider knows the plan again: sent twice it
	                        makes one session */
	gboolean unique; /* that name or id was made from our token: nobody else
	                    can have given it to a session */
	gboolean fresh;  /* no session had that name when this was made, unless
	                   one of the same token; where it is not unique,
	                   somebody else may give it before this is sent */
} CreatePlan;

/* All texts are empty. */
CreatePlan *create_plan_new(void);
void create_plan_free(CreatePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CreatePlan, create_plan_free)
/* Whether they are the same in every member. */
gboolean create_plan_equal(const CreatePlan *a, const CreatePlan *b);

typedef struct {
	const char *word; /* compared without case */
	Phase phase;
} BackendState;

typedef struct {
	const char *name; /* as written into ctl */
	const char *help;
	guint from; /* bit set of 1 << Phase in which it makes sense */
} BackendVerb;

typedef enum {
	SPEC_STRING,
	SPEC_BOOL,
	SPEC_INT,
	SPEC_OBJECT, /* fields: its members; NULL fields: any members */
	SPEC_ARRAY,  /* fields[0] describes each element */
	SPEC_STRING_MAP,
	SPEC_ANY, /* what check_spec alone can tell */
} SpecType;

/* One member of what `new` accepts.  Tables end with a NULL name. */
typedef struct SpecField {
	const char *name;
	SpecType type;
	gboolean required;
	gint64 min,
		max; /* INT: its range; STRING: length in characters; both 0:
	                      any.  ARRAY: number of elements */
	const struct SpecField *fields;
} SpecField;

typedef enum {
	KEY_STRING,
	KEY_BOOL,
	KEY_INT,
	KEY_URL,
	KEY_SECONDS,
	KEY_PATH, /* of a file: absolute once it is read */
} KeyType;

/* One key of a provider's config section.  Tables end with a NULL name. */
typedef struct {
	const char *name;
	KeyType type;
	const char *help;
} BackendKey;

/*
 * The last part of a file that only ever grows, in sections.  Each begins with a
 * line of WINDOW_MARK, one of the letters below and the section's name; a line of
 * it never begins with that mark.  Windows of one file are laid over each other
 * section by section.
 */
#define WINDOW_MARK '\x1d'
#define WINDOW_LINES '-'  /* its lines go on: the first of them drop out */
#define WINDOW_TITLED '+' /* likewise, and its name is shown above */
#define WINDOW_TEXT '='   /* another text each time, shown below its name */

/* Appends the bytes of a content file as a session's record tells them; nothing
 * where it tells none.  Pure. */
typedef void (*RecordRender)(
	const Backend *self, const Json *record, GString *out);

/* A key and its value, both borrowed. */
typedef void (*BackendFound)(const char *key, const char *value, void *data);

typedef struct BackendClass {
	const char *name;           /* the section's type: "alibaba" */
	const BackendKey *keys;     /* its own keys, besides api_keys */
	const BackendState *states; /* ends with a NULL word */
	const BackendVerb *verbs;   /* ends with a NULL name */
	const SpecField *spec;      /* top-level members of a spec */
	guint whole_files; /* bit set of 1 << SessionFile: those of its files (see
	                      backend_files) that a partial record cannot tell:
	                      what they hold costs a `get` until there was one */
	guint described;   /* those whose bytes `describe` gets */
	guint grows;       /* those of `described` that only ever grow, and of
	                       which it gives a window: see WINDOW_MARK */
	guint secret_files; /* those of them that are for the owner alone, since
	                       they bear tokens (mode 0600) */
	guint quoting_files; /* those of them that may quote what a driver has
	                        logged: not for all (no mode has o+r) */
	const char *const *private; /* members of a record, at any depth, that
	                               session.json, which all may read, shows
	                               as "***", while config.json tells them;
	                               ends with NULL; may be NULL */
	const char *const *dated; /* members that differ as soon as anything of
	                               a record does; ends with NULL; may be NULL */
	const char *const *fleeting; /* with `dated`: those that hold no longer,
	                                and which a partial record does not tell */
	const char *const *chatter;  /* members that go on while a session does
	                               not: alone they make no other record
	                               before it has ended; ends with NULL; may
	                               be NULL */
	const char *kept; /* an object of which a member that was told once is
	                     not taken back by a null, while `kept_by` reads the
	                     same; NULL: none */
	const char *kept_by;
	const char *const
		*bad_ends;         /* words of states of which `cause` may tell
	                                why; ends with NULL; may be NULL */
	const char *const *unique; /* not NULL: the provider does not tell what
	                              a session was made from, so that the spec
	                              is remembered, but for these top-level
	                              members; ends with NULL */
	const struct RecordKind *record; /* what a body is like: see
	                                       backend_summarize */
	const RecordRender
		*renders; /* by SessionFile, but for STATE, PHASE, JSON:
	                                NULL where the body does not tell the file;
	                                may itself be NULL */
	const BackendVerb *workspace_verbs; /* of .ctl; `from` is not used; ends
	                                       with a NULL name; may be NULL */
	const char *start_verb; /* verb of create's second step, when a new
	                               session is seen stopped; NULL: one step */
	const char *end_verb;   /* what a permitted rmdir means */
	gboolean newest_first;  /* list_page names those made last first, as the
	                           vendor documents */

	/* The top-level member of a spec by which a caller names his own
	 * idempotency token, whether it is sent or not; NULL: he cannot. */
	const char *token_member;

	/* How long after a create was sent its session may still be missing from
	 * listings. */
	gint64 list_lag_ms;

	gsize size; /* of an instance; 0: of a Backend */

	/*
	 * Fills in an instance, all of whose other members are 0, from config keys
	 * (name -> text, borrowed; every key is in `keys`).  No network, no
	 * waiting.  It is closed where that fails.  Errors: CONFIG.
	 */
	gboolean (*open)(Backend *self, GHashTable *keys, GError **error);
	/* Frees what it has besides the base, whose `api` has gone, but not its
	 * `iam`.  May be NULL. */
	void (*close)(Backend *self);

	/*
	 * Tells which of its keys are in force, and how, though the section may
	 * not set them: what was found in the environment or in a vendor's own
	 * files.  No network, no secrets.  NULL: region and project.
	 */
	void (*found)(Backend *self, BackendFound tell, void *data);

	/* Whether credentials are in sight without asking the network; used to
	 * choose providers when there is no configuration.  NULL: where the
	 * vendor's chain of sources sees some; with neither, they never are. */
	gboolean (*discover)(void);
	const struct ChainClass *chain; /* auth/chain.h */

	/* One page of containers; token is NULL at first. */
	WorkspacePage *(*list_workspaces)(Backend *self, const char *token,
		const Call *call, GError **error);

	/* One page of a container's sessions; token is NULL at first. */
	SessionPage *(*list_page)(Backend *self, const char *workspace,
		const char *token, const Call *call, GError **error);

	/* The same of those sessions alone that have not ended, as far as the
	 * provider can tell them apart itself; `total` is then of no use.  NULL:
	 * it cannot. */
	SessionPage *(*list_living)(Backend *self, const char *workspace,
		const char *token, const Call *call, GError **error);

	/* One session.  Errors: GONE when the provider knows it not. */
	Session *(*get)(Backend *self, const char *workspace, const char *id,
		const Call *call, GError **error);

	/*
	 * What to send to make one session of a spec that check_spec has accepted,
	 * and which may be changed into the body of the call.  `token` is the
	 * idempotency token (32 hex digits); a token in the spec wins.  Nothing is
	 * changed at the provider: it may send safe calls alone, and the same spec
	 * and token make the same plan as long as their answers do.  Errors:
	 * INVALID, EXISTS where a name is known to be taken.
	 */
	CreatePlan *(*plan)(Backend *self, const char *workspace, Json *spec,
		const char *token, const Call *call, GError **error);

	/*
	 * Sends a plan, which may be one of another process, and returns the id
	 * of what it made.  MAY_EXIST says that the session may; any other
	 * error that it surely does not come of this call.  A repeatable plan may
	 * be sent more than once by one call.
	 *
	 * A refusal may teach what the server does not know: where a create fails
	 * with INVALID and a plan made now differs from the refused one, that new
	 * plan is worth sending, once.
	 */
	char *(*create)(Backend *self, const char *workspace,
		const CreatePlan *plan, const Call *call, GError **error);

	/* Sends a verb of the table for a session (body: its JSON, may be NULL). */
	gboolean (*control)(Backend *self, const char *workspace,
		const char *id, const char *body, const char *verb,
		const Call *call, GError **error);

	/* Sends a verb of the table for a workspace.  NULL where there is none. */
	gboolean (*control_workspace)(Backend *self, const char *workspace,
		const char *verb, const Call *call, GError **error);

	/*
	 * The bytes of a file of `described`, as a reader gets them; none when it
	 * has none now.  body: the session's record.  *ret_until_ms (since the
	 * epoch): they are worth showing until then; 0: until the session changes.
	 * Of a file of `grows` they are a window.
	 * What is secret in them is given to secret_bytes.
	 */
	GBytes *(*describe)(Backend *self, const char *workspace,
		const char *id, const char *body, SessionFile file,
		const Call *call, gint64 *ret_until_ms, GError **error);

	/*
	 * Asks why a session ended badly, where its record does not say so for
	 * sure: lines, "" where nobody says; a new string.  May be NULL.
	 */
	char *(*cause)(Backend *self, const char *workspace, const char *id,
		const Call *call, GError **error);

	/*
	 * Whether two records of one id cannot be of the same session, since the
	 * provider uses its ids again.  Pure.  May be NULL: it does not.
	 */
	gboolean (*is_other)(const Session *before, const Session *now);

	/*
	 * Rules that the table cannot say: members that the workspace implies must
	 * agree.  Pure.  May be NULL.
	 */
	gboolean (*check_spec)(Backend *self, const char *workspace,
		const Json *spec, GError **error);

	/*
	 * These four may be NULL: as the base does.
	 *
	 * Appends "key: value" lines on the account: credentials' source and
	 * expiry, call budget, last error.  No secrets, no network.
	 */
	void (*report)(Backend *self, GString *out);

	/* How far the provider's clock is ahead of ours, as its answers so far
	 * tell; FALSE: none told.  Any thread. */
	gboolean (*clock)(Backend *self, gint64 *ret_ahead_ms);

	/* Calls made so far, by action: visit(action, calls, failures). */
	void (*count)(Backend *self,
		void (*visit)(const char *action, guint64 calls, guint64 failed,
			void *data),
		void *data);

	/* Ends every call in flight and to come with CANCELLED. */
	void (*abort)(Backend *self);
} BackendClass;

/* Each instance begins with this.  But for the class it is private to providers:
 * the base knows by it what is alike with all who reach a service by api/api.h. */
struct Backend {
	const BackendClass *class;
	struct Api *api; /* NULL: it reaches none so */
	struct Api *iam; /* a service that is asked where the other is; NULL:
	                    none */
	char *region, *project; /* as the keys of the section are called; NULL:
	                           no such key, or not known before a call */
	gint small_pages;       /* atomic: a server has refused greater ones */
	gint holders; /* atomic: the cache's, see provider_hold there */
};

/* All provider types, ended by NULL. */
extern const BackendClass *const backend_classes[];
const BackendClass *backend_class_find(const char *name);

/* The key of that name that sections of this class may have, or NULL. */
const BackendKey *backend_key_find(const BackendClass *class, const char *name);

/*
 * The wrappers: the only way to reach a slot.  They hold the defaults of slots
 * that may be NULL, and check what a provider file hands back (ids present and
 * of legal length, bodies within bounds), so that nothing above has to.
 */
Backend *backend_open(const BackendClass *class, GHashTable *keys,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void backend_close(Backend *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Backend, backend_close)
gboolean backend_discover(const BackendClass *class);
/* What looks wrong in keys that can be opened: "KEY: ...", new; NULL: nothing. */
char *backend_doubt(const BackendClass *class, GHashTable *keys);
/* Whose sessions it tells of, as far as that is known without the network: `place` gets
 * what tells apart where they are (class, region, project, an endpoint that is not the
 * vendor's own), `source` which credentials will be taken.  Both stay the same for as
 * long as that does.  No secrets. */
void backend_identify(Backend *self, GString *place, GString *source);
void backend_found(Backend *self, BackendFound tell, void *data);
WorkspacePage *backend_list_workspaces(Backend *self, const char *token,
	const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
SessionPage *backend_list_page(Backend *self, const char *workspace,
	const char *token, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* UNSUPPORTED where there is no such list. */
SessionPage *backend_list_living(Backend *self, const char *workspace,
	const char *token, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
Session *backend_get(Backend *self, const char *workspace, const char *id,
	const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
CreatePlan *backend_plan(Backend *self, const char *workspace, const char *spec,
	gsize spec_len, const char *token, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *backend_create(Backend *self, const char *workspace,
	const CreatePlan *plan, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean backend_control(Backend *self, const char *workspace, const char *id,
	const char *body, const char *verb, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean backend_control_workspace(Backend *self, const char *workspace,
	const char *verb, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* UNSUPPORTED for a file that is not of `described`. */
GBytes *backend_describe(Backend *self, const char *workspace, const char *id,
	const char *body, SessionFile file, const Call *call,
	gint64 *ret_until_ms, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The member of a record under which an answer of `cause` is kept; session.json does
 * not show it, and whoever renders `reason` takes it. */
#define BACKEND_CAUSE "sessionfs.cause"

/* Whether a session that ended in that state is worth asking why. */
gboolean backend_has_cause(const Backend *self, const char *state);
/* UNSUPPORTED where nobody can tell. */
char *backend_cause(Backend *self, const char *workspace, const char *id,
	const Call *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether a record has an answer. */
gboolean backend_keeps_cause(const char *body, gsize len);
/* A record with one.  New string. */
char *backend_keep_cause(
	const char *body, gsize len, const char *cause, gsize *ret_len);

/* Whether `now` is another session than `before`, of the same id: as the slot
 * says, or because it was made at another time. */
gboolean backend_is_other(
	const Backend *self, const Session *before, const Session *now);

/*
 * Puts an object over another: the members of `over`, null ones too, and of `base`
 * those that are missing in it.  Both are texts that json_parse accepts; a
 * base that is none is left out.  New string.
 */
char *backend_merge(const char *base, gsize base_len, const char *over,
	gsize over_len, gsize *ret_len);

/* The same of a partial record and the one that is held, which stands where the partial
 * one says null, but for whom the session belongs to and its queue; without the
 * `fleeting` members that the held one alone has, where a `dated` one differs, and
 * with what the `kept` object told before. */
char *backend_renew(const Backend *self, const char *held, gsize held_len,
	const char *partial, gsize partial_len, gsize *ret_len);

/* What a body tells besides the state; "" and 0 for what it does not. */
typedef struct {
	char *name, *user; /* valid UTF-8, at most SESSION_ID_MAX bytes */
	gint64 created_ms;
} SessionSummary;

/* Reads it by the `record` of the class; pure.  Cleared by the caller. */
void backend_summarize(
	const Backend *self, const char *body, gsize len, SessionSummary *ret);
void session_summary_clear(SessionSummary *brief);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SessionSummary, session_summary_clear)

typedef enum { MADE_OTHERWISE, MADE_UNSURE, MADE_SO } Made;

/*
 * Whether a session's record reads as if it was made from that plan: by the id
 * or the unique name where the plan has one, else by its name and what its
 * config.json says.  Members that one of them lacks prove nothing, and one that
 * differs makes it UNSURE, as a record that cannot be read does.  Pure.
 */
Made backend_made_of(const Backend *self, const CreatePlan *plan,
	const char *id, const char *body, gsize len);

/*
 * A sentence on the members of which a session's record says something else than
 * the spec that it was made from: "the provider says proxyUser null where the spec
 * said \"alice\"".  "" where it says the same, in whatever spelling, or more, or
 * nothing; see setting_may_be.  Without secrets and control characters, of a bounded
 * length.  New string; pure.
 */
char *backend_objection(const Backend *self, const char *workspace,
	const char *spec, const char *body, gsize len);

/* Whether a whole record says what the held one does, but that some of the
 * `fleeting` members both have went on, while the `dated` ones did not. */
gboolean backend_is_steady(const Backend *self, const char *held,
	gsize held_len, const char *now, gsize now_len);

/* Whether two records differ in members of `chatter` at most. */
gboolean backend_is_chatter(const Backend *self, const char *held,
	gsize held_len, const char *now, gsize now_len);

/*
 * A record whose times of making and of change are spelt as in the held one, where
 * they are the same in another precision: one is told to the second, the other
 * with a fraction of it.  New string; NULL: no time is.
 */
char *backend_respell(const Backend *self, const char *held, gsize held_len,
	const char *now, gsize now_len, gsize *ret_len);

/* Whether two records differ in the white space between their tokens at most, as
 * where an answer of one and a list of many are indented. */
gboolean backend_is_respelt(
	const char *held, gsize held_len, const char *now, gsize now_len);

/* Appends a record as all may read it: the values of members of `private`, at
 * any depth, read "***". */
void backend_mask(
	const Backend *self, const char *body, gsize len, GString *out);

/* What of an accepted spec is remembered, an object without the members of
 * `unique`: a new string; NULL where nothing is. */
char *backend_kept_spec(const Backend *self, const char *spec, gsize len);

/* The caller's own idempotency token in a spec: a new string; NULL: none. */
char *backend_spec_token(const Backend *self, const char *spec, gsize len);

/*
 * Checks a spec against the class's table and check_spec: JSON, an object,
 * depth, types, ranges, required members, unknown keys (with "did you mean").
 * Pure, any thread.  Errors: INVALID.
 */
gboolean backend_check_spec(Backend *self, const char *workspace,
	const char *spec, gsize spec_len,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The verb of that name, or NULL with UNSUPPORTED (INVALID for an empty name) naming
 * those there are. */
const BackendVerb *backend_verb(
	const BackendClass *class, const char *name, GError **error);
const BackendVerb *backend_workspace_verb(
	const BackendClass *class, const char *name, GError **error);

/* Stopped or failed. */
gboolean backend_state_has_ended(const BackendState *state);

/* The phase of a provider's word; PENDING for an unknown one. */
Phase backend_phase(const BackendClass *class, const char *state);
/* Whether the provider says what that word means.  FALSE for a word that is in no
 * table, or that stands for none. */
gboolean backend_state_is_documented(
	const BackendClass *class, const char *state);
/* Whether a session in that state is on its way to another one by itself.  FALSE
 * for a word that is not documented: it may be the last. */
gboolean backend_is_transitional(
	const BackendClass *class, const char *state, Phase phase);

/* The files of a session: bit set of 1 << SessionFile. */
guint backend_files(const BackendClass *class);
/* The bytes of one of the files that come from the body; a body that makes no sense
 * has none. */
void backend_render(const Backend *self, SessionFile file, const char *body,
	gsize body_len, GString *out);
void backend_report(Backend *self, GString *out);
/* By how much the provider's clock is ahead of ours; FALSE, and 0: not known. */
gboolean backend_clock(Backend *self, gint64 *ret_ahead_ms);
void backend_count(Backend *self,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
/* Before the first call. */
void backend_observe(Backend *self, CallObserver observer, void *data);
void backend_abort(Backend *self);
/* Closes the connections that no call uses: nobody asks it for long.  A call opens
 * them again.  Any thread that may wait. */
void backend_rest(Backend *self);
