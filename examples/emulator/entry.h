#pragma once

#include "backends/base/json.h"

/* Where a session or a workspace stands, in the words that all providers
 * share.  A provider need not have them all. */
typedef enum {
	LIFE_STOPPED,
	LIFE_PENDING, /* asked for, nothing begun */
	LIFE_STARTING,
	LIFE_STARTED, /* up, and not yet known to be idle */
	LIFE_RUNNING, /* idle, where a provider tells idle from busy */
	LIFE_BUSY,
	LIFE_STOPPING,
	LIFE_ERROR,
	LIFE_OTHER, /* a planted state that no verb applies to */
} Life;

/* Sets of lives. */
#define LIFE_BIT(life) (1u << (life))
#define LIFE_ALIVE                                                             \
	(LIFE_BIT(LIFE_PENDING) | LIFE_BIT(LIFE_STARTING) |                    \
		LIFE_BIT(LIFE_STARTED) | LIFE_BIT(LIFE_RUNNING) |              \
		LIFE_BIT(LIFE_BUSY))
#define LIFE_ENDED (LIFE_BIT(LIFE_STOPPED) | LIFE_BIT(LIFE_ERROR))

/* One session or workspace; a million of them have to fit, so no member without
 * need. */
typedef struct {
	char *id;
	char *record; /* JSON object; NULL: written from the seed */
	char *extra;  /* members only a get shows, a JSON object; NULL: none */
	guint64 seed;
	gint64 created_ms;
	gint64 started_ms; /* 0: never */
	gint64 moved_ms;   /* when it came to where it stands; 0: at creation */
	gint64 due_ms;  /* when the transitional state ends; 0: it does not */
	gint64 gone_ms; /* when it is forgotten; 0: never */
	guint8 life;
} Entry;

/* What a provider makes of a life. */
typedef struct {
	const char *word; /* NULL: it has none */
	Life next;        /* where it goes by itself ... */
	guint8 share; /* ... after so many percent of --stop-ms from STOPPING,
	                 else of --start-ms; 0: it stays */
} EntryState;

/*
 * How a provider writes its sessions, or its workspaces.  All is called under
 * the store's lock.  The workspace of a workspace is "".  NULL is fine where it
 * says so.
 */
typedef struct StoreClass StoreClass;

struct StoreClass {
	const char *id_member, *state_member;
	const EntryState *states; /* by Life, LIFE_OTHER of them */
	gboolean oldest_first;    /* in listings; else newest first */
	gboolean counted;         /* ids are numbers, counted by store_number */
	/* Appends the record of an entry that has only a seed. */
	void (*render)(const Entry *entry, const char *workspace, GString *out);
	/* Appends the extra of one, an object.  NULL: it has none. */
	void (*render_extra)(
		const Entry *entry, const char *workspace, GString *out);
	/* The life of an entry changed, and moved_ms says when: brings record
	 * and extra, if any, up to date.  NULL: state_member becomes the word. */
	void (*moved)(Entry *entry, const char *workspace);
	/* Makes the index-th entry of a workspace, everything from its seed. */
	Entry *(*seeded)(const char *workspace, guint64 index);
	/* Workspaces: the entry of one that was only named. */
	Entry *(*named)(const char *id, gint64 now_ms);
	/* The id, new string, and state that a planted record tells; NULL: the
	 * text (counted: or the number) under id_member, state_member. */
	char *(*id_of)(const Json *record);
	const char *(*state_of)(const Json *record);
	const StoreClass *workspaces; /* sessions: that of their workspaces */
};

/* The life of a word in any case; LIFE_OTHER when there is none. */
Life store_class_life(const StoreClass *class, const char *word);
/* The id and the state of a record; the id is a new string; NULL: none. */
char *store_class_id(const StoreClass *class, const Json *record);
const char *store_class_state(const StoreClass *class, const Json *record);

/* An entry with a record of its own, which is taken; it has no moment yet. */
Entry *entry_new(const char *id, char *record);
void entry_free(void *entry);        /* NULL is fine */
guint entry_hash(const void *entry); /* by its id */
gboolean entry_equal(const void *a, const void *b);
