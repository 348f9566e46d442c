#pragma once

#include "backends/backend.h"
#include "backends/base/clock.h"

/*
 * What is known, since when, and when to ask again.  This is all that fs/ and
 * cache/ may ask of each other: fs/ calls the functions, the cache calls the
 * observer.  Every function here may be called from any thread, answers from
 * memory (or the local disk) and never waits for the network.  What is not
 * known yet is asked for in the background, and the observer tells when.
 *
 * Everything that stands in the tree has a number: providers, workspaces and
 * sessions alike.  Numbers begin at CACHE_NUMBER_FIRST, grow, stay the same
 * across restarts and are never used again for something else.  0 is the root.
 */
typedef struct Cache Cache;

#define CACHE_NUMBER_FIRST 64u
#define CACHE_NUMBER_MAX ((1u << 27) - 1)

typedef enum {
	ENTRY_PROVIDER,
	ENTRY_WORKSPACE,
	ENTRY_SESSION,
	ENTRY_GROUP,   /* a directory of links in a view */
	ENTRY_REQUEST, /* a create, or a verb: what became of it */
} EntryKind;

/* What there is to read of a request. */
typedef enum {
	REQUEST_TEXT_SPEC,   /* of a create: byte for byte as written */
	REQUEST_TEXT_VERB,   /* of a verb: it, and what it was written for */
	REQUEST_TEXT_STATE,  /* a word */
	REQUEST_TEXT_RESULT, /* the answer of what is done, as a line of JSON */
	REQUEST_TEXT_ERROR,  /* why it is not, or not as it should be */
	N_REQUEST_TEXTS,
} RequestText;

/* The views of a workspace: its sessions as links, by what is known of them. */
typedef enum { BY_NAME, BY_STATE, BY_PHASE, BY_USER, N_VIEWS } ByWhat;

typedef struct {
	guint32 number;
	guint32 parent; /* 0: the root */
	guint32 workspace,
		provider; /* those it lies in, itself included; or 0 */
	EntryKind kind;
	ByWhat by;       /* group: of which view; its parent is the workspace */
	guint files;     /* session: bit set of 1 << SessionFile */
	guint on_demand; /* those of them whose bytes cost a call now: cache_open
	                 gets them, cache_read does not */
	guint grows; /* those of the on-demand ones that only ever grow: they are
	                 read by cache_stream */
	guint secret;  /* those of them that are for the owner alone */
	guint quoting; /* those of them that may quote a driver's log: not for
	                  all */
	guint texts;   /* request: bit set of 1 << RequestText */
	gboolean steered;    /* workspace: it takes verbs */
	gboolean views;      /* provider, workspace: links stand in it */
	gboolean read_only;  /* the section says so */
	gboolean rmdir_ends; /* the section says rmdir = terminate */
	gint64 mtime_ns;     /* of the directory: membership last changed */
} Entry;

typedef enum {
	KNOWN_YES,
	KNOWN_NO,      /* surely not there */
	KNOWN_NOT_YET, /* asked for; the observer will tell */
	KNOWN_FAILED,  /* asked for just now and refused: see the error */
} Known;

/* ---- news ---- */

typedef enum {
	NEWS_APPEARED, /* number, in parent, under name */
	NEWS_VANISHED, /* likewise; the number stands for nothing any more */
	NEWS_CHANGED,  /* the bytes of `files` of session `number` */
	NEWS_LISTING, /* the listing of directory `number` got further, ended or
	                  failed, or a name asked for in it is decided */
	NEWS_ON_DEMAND, /* what cache_open of session `number` waits for is there
	                   or cannot be had; the sizes of `files` are others */
	NEWS_TEXT,      /* `texts` of `number` changed */
	NEWS_GROUPED,   /* group `number` appeared in view `by` of workspace
	                   `parent`, under name */
	NEWS_UNGROUPED, /* likewise, vanished */
	NEWS_LINKED, /* session `number` is now in view `by` under name: in group
	                  `parent`, or, BY_NAME, of workspace `parent`; or
	                  workspace `number` in that of provider `parent` */
	NEWS_UNLINKED, /* likewise, no more */
	NEWS_TABLE,    /* the tables of workspace `number` have other bytes */
	NEWS_REQUEST_MADE, /* request `number` of workspace `parent`, called name */
	NEWS_REQUEST_GONE, /* likewise */
	NEWS_REQUEST, /* likewise: its state, result and error are others */
} NewsKind;

enum {
	TEXT_LAST_ERROR = 1 << 0, /* other bytes */
	TEXT_LAST_GONE = 1 << 1,  /* .last is not there, or points elsewhere */
	TEXT_LAST_MADE = 1 << 2,
	TEXT_PARTIAL_GONE = 1 << 3,
	TEXT_PARTIAL_MADE = 1 << 4,
	TEXT_PARTIAL = 1 << 5, /* other bytes */
	TEXT_LINKS = 1 << 6,   /* views and links come, or go */
};

typedef struct {
	NewsKind kind;
	guint32 number, parent;
	const char *name; /* APPEARED, VANISHED, and of views: escaped;
	                     borrowed for the call, as are the next three */
	guint files;      /* CHANGED: bit set of 1 << SessionFile; VANISHED: of
	                     those that sessions have there */
	guint grown;    /* DESCRIBED: those of `files` to which lines were added
	                     since somebody had them */
	guint texts;    /* TEXT: bit set of TEXT_... */
	ByWhat by;      /* of views */
	gboolean first; /* not an event at the provider.  APPEARED: part of a
	                     listing that had never been complete; CHANGED: of
	                     a record of which only a part was known so far,
	                     the whole is, and the state is the same */
	guint32 debt; /* APPEARED, VANISHED, CHANGED: what CacheOwes returned */
	const char *id;        /* APPEARED, VANISHED, CHANGED: raw */
	const char *from, *to; /* state words: CHANGED, the same where the state
	                          did not change; APPEARED has `to`, VANISHED
	                          `from`; "" for what has none */
} News;

/* Called on a worker with no lock held, in the order in which things became
 * true, one call at a time; must be quick and must not call cache_free. */
typedef void (*CacheObserver)(const News *news, gsize n, void *data);

/*
 * What is about to become true on disk, where a crash leaves it, and will be news: the
 * observer has it as the debt of that news.  A crash between the two would leave a
 * change that nobody was ever told of.  0: it is not noted.  Called with locks of the
 * cache held: it is to write that down, and call nothing.
 */
typedef guint32 (*CacheOwes)(const News *news, void *data);
/* It did not become true. */
typedef void (*CacheOwesNot)(guint32 debt, void *data);

/* Of an operation that was given with these two: its request, of that name, is about
 * to be written to disk, after which it may be sent.  On a worker, with no lock
 * held. */
typedef struct Operation Operation;
typedef void (*OperationDone)(Operation *operation, void *data);
typedef void (*CacheSends)(const char *rid, OperationDone done, void *data);

/* Of each attempt of a call of a section's provider; see CallObserver. */
typedef void (*CacheCalled)(
	const char *section, const CallReport *report, void *data);
/* A line, without its end, on what the cache does: "listing=begun path=ali/w-1".  On
 * a worker, with no lock held. */
typedef void (*CacheTraced)(const char *text, void *data);

/* ---- construction ---- */

/* Each costs memory, about 400 bytes and 4 KiB: a provider may not have all. */
#define CACHE_SESSIONS_MAX 2000000u
#define CACHE_WORKSPACES_MAX 10000u

typedef struct {
	const char *state_dir; /* exists, private to this mount, locked */
	const char *const
		*reserved;  /* names in use by the tree; ends with NULL */
	gint64 refresh_ms;  /* age at which a looked-at listing is asked */
	gint64 window_ms;   /* interest lasts that long after a look */
	gint64 deadline_ms; /* for each background call */
	guint64 sessions_max, workspaces_max; /* that are shown of one provider;
	                       0: CACHE_SESSIONS_MAX, CACHE_WORKSPACES_MAX */
	const Clock *clock; /* outlives the cache; NULL: the real one */
	CacheObserver observer;
	CacheCalled called; /* may be NULL, as may: */
	CacheTraced traced;
	CacheOwes owes; /* NULL: nothing is written down; else both */
	CacheOwesNot owes_not;
	CacheSends sends; /* may be NULL; has no data of its own */
	void *data;       /* of all of them */
} CacheSettings;

/* Which sessions that have ended (stopped or failed) are shown. */
typedef enum { ENDED_ALL, ENDED_DAY, ENDED_NONE } Ended;

typedef struct {
	const char *name;  /* the section's: the directory's name */
	Backend *backend;  /* taken */
	char **workspaces; /* copied; NULL: those the list API names */
	char **names; /* copied: a workspace's id or directory name, what it
	                      is to be called, and so on; NULL: none */
	const char *name_all; /* of those that are not among them, in place of
	                         what their provider calls them; NULL: none */
	gint64 refresh_ms;    /* 0: as in CacheSettings */
	gboolean read_only;
	gboolean rmdir_ends;
	gboolean start;     /* create's second step is wanted */
	gboolean views;     /* see Entry */
	gint64 list_lag_ms; /* how long a new session may be missing from listings;
	                     -1: what the provider's class says */
	Ended ended;        /* DAY: those of the last 24 hours */
} CacheProvider;

/* Opens the state directory.  (A damaged file, here and in cache_add, costs what
 * it held, and is named by g_warning.)  Errors: LOCAL, NO_ROOM. */
Cache *cache_new(const CacheSettings *settings,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Before cache_start only: loads what is known of the provider. */
gboolean cache_add(Cache *cache, const CacheProvider *provider,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * The rest of what another configuration asks for, once it runs.
 *
 * cache_put: a section that is new, or of which something is other now.  Without a
 * backend it keeps the one it has.  Where the new one speaks to the same place
 * (Backend.identify), everything in the directory stays, and calls that are under
 * way end with the old one; else the directory is another one, and the old one is
 * dropped.
 *
 * cache_drop: a section that is not to be there.  Its directory goes, and whoever
 * waits or has something open in it finds that it is gone.  Creates and verbs that
 * were given are carried out, and requests whose outcome is open are looked for, as
 * if it was there.  What is known of it stays in memory and on disk: cache_put
 * finds it again.
 *
 * Errors: LOCAL, NO_ROOM, CONFIG; then the section is shown as before.  The backend
 * is taken in any case.
 */
gboolean cache_put(Cache *cache, const CacheProvider *provider,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean cache_drop(Cache *cache, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Starts the scheduler.  From here on the observer may be called. */
void cache_start(Cache *cache);
/* Ends calls in flight and to come: nothing is sent any more, and operations end.  What
 * is known is still answered.  Any thread, any number of times. */
void cache_abort(Cache *cache);
/* Ends calls in flight, joins every thread: no news afterwards.  Waits for none
 * but the local disk: what is being written or synced is not broken off.  A thread
 * that hangs holds it up for ever. */
void cache_stop(Cache *cache);
/* What cache_stop is waiting for, as "listings of alibaba: 2, operations of livy: 1"; a
 * new string, empty: nothing.  Any thread, until cache_free. */
char *cache_left(Cache *cache);
void cache_free(Cache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cache, cache_free)

/* ---- looking ---- */

/* The entry of a number; FALSE when it stands for nothing (any more). */
gboolean cache_entry(Cache *cache, guint32 number, Entry *ret);

/*
 * The entry called `name` (as escaped) in directory `parent`.  A name that is
 * unknown while the listing is incomplete is asked for by `get`.  A question
 * that fails answers FAILED for a second, then is asked again; a listing that
 * fails again and again is for a minute at most.
 */
Known cache_find(Cache *cache, guint32 parent, const char *name, Entry *ret,
	GError **error);

/* Returns FALSE to stop. */
typedef gboolean (*CacheVisit)(
	const Entry *entry, const char *name, void *data);

/*
 * Visits the entries of directory `parent` with a number above `after`, in
 * ascending order, from one snapshot, until visit stops (then YES).  At the end
 * of what is known: YES the listing has been complete once (it may be old);
 * NOT_YET more is coming; FAILED it was never complete and the last try failed.
 */
Known cache_list(Cache *cache, guint32 parent, guint32 after, CacheVisit visit,
	void *data, GError **error);

#define CACHE_ON_DEMAND_SIZE 4096

typedef struct {
	gsize size; /* exact; or CACHE_ON_DEMAND_SIZE, for bytes that would have to
	               be asked for */
	gint64 mtime_ns;
	gint64 keep_ms; /* how long this may be taken for true: 0 not at all,
	                   -1 until news */
} ContentStat;

/* Size and time of a content file, without keeping its bytes.
 * Errors: GONE, LOCAL. */
gboolean cache_stat(Cache *cache, guint32 session, SessionFile file,
	ContentStat *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * The bytes of a on-demand file for somebody who opens it: YES with a reference
 * when the last answer is still good, NOT_YET when the provider was asked (then
 * NEWS_ON_DEMAND tells), FAILED with the reason (BUDGET at once, when the budget
 * is spent; TIMEOUT or UNREACHABLE at once, for a while, when another file of the
 * provider had no answer), NO when there is no such session.
 */
Known cache_open(Cache *cache, guint32 session, SessionFile file, GBytes **ret,
	GError **error);
/* Its bytes; of a on-demand one the last that cache_open got, or none.
 * Errors: GONE, LOCAL. */
GBytes *cache_read(Cache *cache, guint32 session, SessionFile file,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What was ever read of a file that only ever grows, and what is added: the same
 * for all who have it. */
typedef struct Stream Stream;

/*
 * That of a file of Entry.grows for somebody who opens it, after cache_open; NULL
 * when it is not known (any more).  While it is held, and was read or asked for its
 * size within the window, the provider is asked for more every `refresh`, in the
 * background and within the budget; while it is only held, once a window.
 * NEWS_ON_DEMAND tells.
 */
Stream *cache_stream(Cache *cache, guint32 session, SessionFile file);
/* Somebody reads it. */
void cache_stream_look(Cache *cache, guint32 session, SessionFile file);
Stream *stream_ref(Stream *self);
void stream_unref(Stream *self);
gsize stream_size(Stream *self);
/* From an offset on; fewer bytes than `size` at the end alone. */
GBytes *stream_read(Stream *self, gsize at, gsize size);

/* How many sessions a workspace, provider or (0) everything shows. */
guint64 cache_count(Cache *cache, guint32 number);

/* The raw ids of the provider and the workspace that the number is or lies in, or
 * lay in last, borrowed for the cache's life; NULL: none. */
void cache_place(Cache *cache, guint32 number, const char **ret_provider,
	const char **ret_workspace);
/* The directory name of what the number stands for or, when that is gone, stood
 * for last; NULL for a number that was never shown.  New string. */
char *cache_name(Cache *cache, guint32 number);

/* The workspace, or else the provider, that it is or lies in, or lay in; 0: none. */
guint32 cache_home(Cache *cache, guint32 number);

typedef struct {
	const char *word; /* the provider's; borrowed for the cache's life */
	Phase phase;
	gboolean documented; /* the provider says what the word means */
	gint64 since_ms;     /* when that became the state, since the epoch; 0:
	                        nobody knows */
} SessionState;

/* The state of a session as shown: FALSE when there is none. */
gboolean cache_state(Cache *cache, guint32 session, SessionState *ret);

/* ---- views and tables of a workspace, at no cost ---- */

/*
 * All of these need an index of the workspace, which is made on the first
 * question (NOT_YET; NEWS_LISTING of the workspace tells) and from then on
 * follows each change, with news of the views.  While the listing has never been
 * complete they answer NOT_YET or FAILED, as the end of cache_list does.
 *
 * A provider has the view BY_NAME alone: its workspaces as links, by the names
 * that the section gives them or else the provider.  The functions for links and
 * cache_view_mtime_ns take its number too.
 */
Known cache_view_ready(Cache *cache, guint32 workspace, GError **error);

/* Visits the groups of a view (not of BY_NAME, which has none) with a number
 * above `after`, in ascending order.  The seven of BY_PHASE are always there,
 * others while they have links. */
Known cache_groups(Cache *cache, guint32 workspace, ByWhat by, guint32 after,
	CacheVisit visit, void *data, GError **error);
Known cache_group_find(Cache *cache, guint32 workspace, ByWhat by,
	const char *name, Entry *ret, GError **error);

/* Visits the links of a group, or, BY_NAME, of workspace or provider `where`:
 * each is an Entry of what it leads to with the link's name, in ascending order
 * of numbers. */
Known cache_links(Cache *cache, guint32 where, guint32 after, CacheVisit visit,
	void *data, GError **error);
Known cache_link_find(Cache *cache, guint32 where, const char *name, Entry *ret,
	GError **error);
/* When that which view `by` of the workspace lists last changed (groups; BY_NAME:
 * links); strictly increasing.  (A group's is its Entry.mtime_ns.) */
gint64 cache_view_mtime_ns(Cache *cache, guint32 workspace, ByWhat by);

typedef enum { TABLE_TSV, TABLE_JSONL } CacheTable;

/* Exact size of a table and when it last changed. */
Known cache_table_stat(Cache *cache, guint32 workspace, CacheTable table,
	gsize *ret_size, gint64 *ret_mtime_ns, GError **error);
/* Its bytes; a new reference. */
Known cache_table(Cache *cache, guint32 workspace, CacheTable table,
	GBytes **ret, GError **error);

/* ---- interest ---- */

/* Somebody looks at this directory or something below it, now.  A session's
 * number counts for it and for its workspace. */
void cache_look(Cache *cache, guint32 number);
/* The sessions of a workspace that the kernel holds on to (watched, opened, a
 * cwd); replaces what was said before.  Where a listing takes long, they and
 * those looked at last are asked for one by one in between. */
void cache_watch(
	Cache *cache, guint32 workspace, const guint32 *sessions, gsize n);
/* Asks for this workspace's or provider's listing now, whoever looks; a pause
 * that the provider asked for is kept. */
void cache_refresh(Cache *cache, guint32 number);
/* The same for somebody who waits until it is over. */
typedef struct {
	guint32 number;
	guint32 relist; /* 0: there is no listing to wait for */
	guint64 news;   /* 0: it was not seen to be over yet */
} CacheAsked;
void cache_refresh_for(Cache *cache, guint32 number, CacheAsked *ret);
/* YES: a listing that began after that is over, and the observer has heard of all
 * that it brought; NOT_YET, to be asked again soon, unless that is long ago;
 * FAILED with its reason. */
Known cache_refreshed(Cache *cache, CacheAsked *asked, GError **error);
/* How much the observer was to hear so far; and whether it has heard all of that.
 * What is looked at between two equal answers was not changed meanwhile. */
guint64 cache_news(Cache *cache);
gboolean cache_has_told(Cache *cache, guint64 news);
/* Whether the kernel holds on to something in this workspace or provider:
 * a watch, a cwd, an open file.  Interest lasts while it does. */
void cache_hold(Cache *cache, guint32 number, gboolean held);

/* ---- operations: creating and steering ---- */

/* OperationDone is called exactly once for each order, with no lock held: on a worker,
 * or, once the cache is stopped, inside the call that gives the order. */

/* Checks and creates.  spec is copied.  Never NULL: what is wrong arrives as
 * the order's error.  The caller gets a reference. */
Operation *cache_create(Cache *cache, guint32 workspace, const char *spec,
	gsize len, gint64 deadline_us, OperationDone done, void *data);
/* Sends a verb for a session, or for a workspace that is steered; NULL verb: what
 * rmdir means. */
Operation *cache_control(Cache *cache, guint32 number, const char *verb,
	gint64 deadline_us, OperationDone done, void *data);
/* The caller is gone: TRUE when nothing was sent, and nothing will be. */
gboolean operation_drop(Operation *operation);
/*
 * What becomes of a request whose outcome is open or unknown, on the user's word:
 * "retry" sends it again, byte for byte; "adopt ID" says which session it made;
 * "abandon" that nobody wants to know.  Errors of the order: INVALID, CONFLICT
 * where there is nothing to resolve, and those of creates.
 */
Operation *cache_resolve(Cache *cache, guint32 request, const char *words,
	gint64 deadline_us, OperationDone done, void *data);
/* After done: a line of JSON (NULL on failure), and the error (NULL on
 * success); borrowed. */
const char *operation_answer(const Operation *operation);
GError *operation_error(const Operation *operation);
Operation *operation_ref(Operation *operation);
void operation_unref(Operation *operation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Operation, operation_unref)

/* Writes a failure that never became an order into .last_error. */
void cache_record_error(Cache *cache, guint32 number, GError *error);

/* ---- requests: what became of creates and verbs; never waiting ---- */

/* Visits those of a workspace with a number above `after`, in ascending order. */
void cache_requests(Cache *cache, guint32 workspace, guint32 after,
	CacheVisit visit, void *data);
/* The one of that name; FALSE: none. */
gboolean cache_request_find(
	Cache *cache, guint32 workspace, const char *name, Entry *ret);
/* A text; NULL: there is no such request any more, or not this text.  New
 * string. */
char *cache_request_text(Cache *cache, guint32 request, RequestText text);
/* When one last came or went. */
gint64 cache_requests_mtime_ns(Cache *cache, guint32 workspace);

/* ---- texts; new strings ---- */

char *cache_path(Cache *cache, guint32 number); /* "ali/w-1"; of a session, its
                                                   workspace's; or NULL */

char *cache_status(Cache *cache, guint32 number); /* .status */
/* The first listing that is under way, or that with the most pages of them: "page 12 of
 * about 40, 1,200 so far", and whose it is as cache_path tells it; NULL: there is
 * none. */
char *cache_first_listing(Cache *cache, char **ret_path);
/* .status of each section and workspace below its path, "[ali/w-1]".  No look. */
char *cache_overview(Cache *cache);
char *cache_last_error(Cache *cache, guint32 number); /* "" when none */
char *cache_last(Cache *cache, guint32 workspace);    /* NULL when none */
char *cache_partial(Cache *cache, guint32 number);    /* NULL: not partial */
/* When one of the three above last changed. */
gint64 cache_text_mtime_ns(Cache *cache, guint32 number);
/* Prometheus text: sessionfs_api_calls_total{provider="",action=""} n, ... */
void cache_metrics(Cache *cache, GString *out);
