#pragma once

#include "cache/cache.h"
#include "tests/memory/memory.h"
#include "until.h"

/*
 * A cache over the in-memory provider, in a private state directory, and a
 * record of all its news.  The provider is called "m".
 */
typedef struct {
	char *state_dir;
	Cache *cache;
	Backend *backend; /* the cache's */
	guint32 provider;
	/* How the next fixture_open makes them. */
	gint64 refresh_ms, window_ms, deadline_ms;
	gboolean read_only, rmdir_ends, start;
	Ended ended;
	gint64 list_lag_ms;
	guint64 sessions_max, workspaces_max;
	const Clock *clock;
	gboolean rich, remembers; /* of memory_rich_class */
	char **workspaces;
	char **names; /* of workspaces */
	const char *name_all;
	Backend *other;     /* taken, in place of the in-memory one */
	BackendClass class; /* of the rich one */
	void (*change_class)(BackendClass *class); /* before it is opened; may
	                                              be NULL */
} Fixture;

Fixture *fixture_new(void);
/* Keys and values of the provider's section, ended by NULL. */
void fixture_open(Fixture *self, const char *key, ...) G_GNUC_NULL_TERMINATED;
/* Ends the cache; the state directory stays. */
void fixture_close(Fixture *self);
void fixture_free(Fixture *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

/* Waits until the name is decided: its number, or 0 for no.  Fails the test
 * after a few seconds, and when the answer is an error. */
guint32 fixture_find(Fixture *self, guint32 parent, const char *name);
/* "m-1", listed to the end; its number. */
guint32 fixture_workspace(Fixture *self, const char *name);
/* Waits until the directory's listing is complete; the names in it, by number,
 * joined by a blank. */
char *fixture_list(Fixture *self, guint32 parent);
/* How far the listing is known. */
Known fixture_known(Fixture *self, guint32 parent, GError **error);
/* Just what is shown. */
char *fixture_names(Fixture *self, guint32 parent);
/* Asks the provider for this directory now and waits for the end of it. */
void fixture_refresh(Fixture *self, guint32 number);
/* Makes a listing due at once, whoever looks. */
void fixture_refresh_now(Cache *cache, guint32 number);
char *fixture_read(Fixture *self, guint32 session, SessionFile file);
/* Opens it and waits; NULL with an error, or without one: no such session. */
char *fixture_read_costly(
	Fixture *self, guint32 session, SessionFile file, GError **error);
ContentStat fixture_stat(Fixture *self, guint32 session, SessionFile file);
gint64 fixture_mtime(Fixture *self, guint32 session, SessionFile file);

/* ---- the news so far: of all that can be seen already ---- */

void fixture_forget_news(Fixture *self);
/* How many of a kind there were for a number (0: any). */
guint fixture_count_news(Fixture *self, NewsKind kind, guint32 number);
/* The union of `files` of the CHANGED of a number. */
guint fixture_changed_files(Fixture *self, guint32 number);
/* The same of DESCRIBED. */
guint fixture_described_files(Fixture *self, guint32 number);
/* "+s-1 -s-2": what appeared and vanished in a directory, in order. */
char *fixture_moves(Fixture *self, guint32 parent);
/* The same with what else they tell: "?+s-1(Running)", "s-1(Running>Busy:3)" with
 * the files in hexadecimal, "-s-1(Busy)"; "?" where it is no event. */
char *fixture_told(Fixture *self, guint32 parent);
/* What was told of views, in order: "(state:Running)" and ")state:Running(" of
 * groups that appear and vanish, "+state:Running/s-1", "-user:ann/s-1",
 * "+name:link" and so on of links, "table". */
char *fixture_views(Fixture *self);
/* Waits until just that was told of views, and forgets all news. */
void fixture_expect_views(Fixture *self, const char *told);

/* ---- orders, waited for; free with g_free, g_error_free ---- */

char *fixture_create(
	Fixture *self, guint32 workspace, const char *spec, GError **error);
char *fixture_control(
	Fixture *self, guint32 session, const char *verb, GError **error);

/* The value of a key of .status; the number in it. */
char *fixture_status(Fixture *self, guint32 number, const char *key);
guint64 fixture_status_number(Fixture *self, guint32 number, const char *key);

/* rm -r */
void fixture_remove_tree(const char *path);
