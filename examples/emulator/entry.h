#pragma once

#include <glib.h>

/* Where a session stands, in the words that all providers share. */
typedef enum {
	LIFE_STOPPED,
	LIFE_STARTING,
	LIFE_RUNNING,
	LIFE_STOPPING,
	LIFE_ERROR,
	LIFE_OTHER, /* a planted state that no verb applies to */
} Life;

/* One session; a million of them have to fit, so no member without need. */
typedef struct {
	char *id;
	char *record; /* JSON object; NULL: written from the seed */
	char *extra;  /* members only a get shows, as JSON; NULL: none */
	guint64 seed;
	gint64 created_ms;
	gint64 started_ms; /* 0: never */
	gint64 due_ms;     /* when the passing state ends; 0: it does not */
	guint8 life;
} Entry;

/* How a provider writes its sessions.  Called under the store's lock. */
typedef struct {
	const char *id_member, *state_member;
	/* Appends the record of an entry that has only a seed. */
	void (*render)(const Entry *entry, const char *workspace, GString *out);
	/* The life of an entry changed: brings its record, if any, up to date. */
	void (*moved)(Entry *entry, const char *workspace);
	/* Makes the index-th entry of a workspace, everything from its seed. */
	Entry *(*seeded)(const char *workspace, guint64 index);
	Life (*life)(const char *state);
	char *(*workspace)(const char *id); /* a new one's record */
} StoreClass;

void entry_free(void *entry);        /* NULL is fine */
guint entry_hash(const void *entry); /* by its id */
gboolean entry_equal(const void *a, const void *b);
