#pragma once

#include <glib.h>

/* The common word for where a session stands; every provider maps to these. */
typedef enum {
	PHASE_PENDING,
	PHASE_STARTING,
	PHASE_IDLE,
	PHASE_BUSY,
	PHASE_STOPPING,
	PHASE_STOPPED,
	PHASE_FAILED,
	N_PHASES,
} Phase;

/* "pending", "starting", ...: static. */
const char *phase_name(Phase phase);

/* Whether a session in this phase is on its way to another one by itself. */
gboolean phase_is_transitional(Phase phase);

/* The content files of a session.  Their order is kept on disk: append only. */
typedef enum {
	SESSION_STATE,
	SESSION_PHASE,
	SESSION_CONFIG,
	SESSION_WEBUI,
	SESSION_JSON,
	SESSION_REASON,
	SESSION_ENDPOINT,
	SESSION_LOG,
	N_SESSION_FILES,
} SessionFile;

/*
 * One session as a provider's answer describes it.  Plain data, owned by
 * whoever holds the pointer; it is not shared between threads.
 */
typedef struct {
	char *id;    /* never empty, at most SESSION_ID_MAX bytes, raw */
	char *name;  /* "" when there is none */
	char *state; /* the provider's own word, printable, never empty */
	Phase phase;
	gint64 created_ms; /* since the epoch; 0 when unknown */
	gint64 changed_ms; /* last change the provider tells of; 0 unknown */
	char *body;        /* its JSON object, as sent, secrets cut to "***" */
	gsize body_len;
	gboolean partial; /* others of its answers tell more: members that are
	                  known from them and missing here stay */
	gboolean trimmed; /* the record was too long: large members are
	                     missing */
} Session;

#define SESSION_ID_MAX 1024
#define SESSION_BODY_MAX (256 * 1024)

/* Two times of making that are no further apart are the same one, told in two
 * precisions. */
#define SESSION_GRAIN_MS 2000

Session *session_new(void);
void session_free(gpointer session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Session, session_free)

/* One page of a listing, in the provider's order. */
typedef struct {
	GPtrArray *sessions; /* Session *, owned */
	char *next;          /* the next page's token; NULL at the end */
	gint64 total;        /* -1 when the provider does not say; a hint: some
	                        count the page, and some count wrongly */
	gboolean last;       /* with next: by the total nothing follows */
	gboolean counted; /* without next: nothing followed, and the total was
	                        seen to be the number of all sessions */
	guint skipped;    /* records that were left out, without a usable id */
	guint trimmed;    /* sessions whose record was too long to keep whole */
	guint tail; /* records after the last session that were left out */
} SessionPage;

SessionPage *session_page_new(void);
void session_page_free(SessionPage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SessionPage, session_page_free)

/* A container of sessions. */
typedef struct {
	char *id;   /* as Session.id */
	char *name; /* "" when there is none */
	gint64 created_ms;
} Workspace;

typedef struct {
	GPtrArray *workspaces; /* Workspace *, owned */
	char *next;
	guint skipped; /* records that were left out, without a usable id */
} WorkspacePage;

void workspace_free(gpointer workspace);
WorkspacePage *workspace_page_new(void);
void workspace_page_free(WorkspacePage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WorkspacePage, workspace_page_free)
