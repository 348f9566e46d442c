#pragma once

#include "backends/backend.h"

/*
 * A provider without a network, which only the unit tests link: sessions in a table that
 * obeys the same contract as the others and can be scripted.  It behaves as the
 * real ones do where they differ from the obvious: a created session stands
 * stopped until started, states move by themselves after start_ms, listings
 * page by offset (so they shift under changes), stopped sessions stay, a token
 * given again answers the same session (unless it is forgetful), one given with
 * another spec is EXISTS.
 *
 * Config keys: workspaces_made, sessions, page, start_ms, delay_ms, auto_start,
 * fail, partial_lists, mute, timeless, forgetful, describe_ms; see memory.c.  Workspaces are
 * called m-1, m-2, ...; their sessions s-000001, ...  Every function may be
 * called from any thread while calls run.  `self` is an instance of memory_class
 * or of one that memory_rich_class returned.
 */

extern const BackendClass memory_class;

typedef enum {
	MEMORY_LIST_WORKSPACES,
	MEMORY_LIST_PAGE,
	MEMORY_LIST_LIVING,
	MEMORY_GET,
	MEMORY_CREATE,
	MEMORY_CONTROL,
	MEMORY_CONTROL_WORKSPACE,
	MEMORY_DESCRIBE,
	N_MEMORY_ACTIONS,
} MemoryAction;

/*
 * memory_class with all that a provider may have: config.json is only told by
 * get, where listings are partial; log and endpoint are described; endpoint is
 * secret; `conf` is private; sessions can be deleted, workspaces started and
 * stopped (all their sessions); ids come again (see memory_replace).  With
 * `remembers`, no call tells a config.json, but specs are remembered, save
 * their `kind`.
 */
BackendClass memory_rich_class(gboolean remembers);

void memory_add_workspace(Backend *self, const char *id);
/* Of that name from now on; "": of none. */
void memory_name_workspace(Backend *self, const char *id, const char *name);
void memory_remove_workspace(Backend *self, const char *id);

/* Makes instances opened with that class from now on list their newest sessions
 * first, and the living ones alone where they are asked to. */
void memory_class_lists(
	BackendClass *class, gboolean newest_first, gboolean living);

/* Adds a session at the end, or changes its state when there is one of that id.
 * The workspace is made when needed.  name NULL: the id. */
void memory_put(Backend *self, const char *workspace, const char *id,
	const char *name, const char *state);
/* It is called otherwise from now on. */
void memory_rename(
	Backend *self, const char *workspace, const char *id, const char *name);
/* As memory_put, with times of its own. */
void memory_put_at(Backend *self, const char *workspace, const char *id,
	const char *state, gint64 made_ms, gint64 changed_ms);
/* The session goes, and its id stands for another one, made a minute later. */
void memory_replace(Backend *self, const char *workspace, const char *id);
/* What its described files say from now on. */
void memory_say(
	Backend *self, const char *workspace, const char *id, const char *text);
/* What it was made from; the members stand in its record. */
void memory_respec(
	Backend *self, const char *workspace, const char *id, const char *spec);
/* FALSE when there is none. */
gboolean memory_remove(Backend *self, const char *workspace, const char *id);
guint memory_size(Backend *self, const char *workspace);

/* The next calls of that action succeed `skip` times, then `times` fail with
 * that code (times 0: for ever).  Replaces the action's former script. */
void memory_fail(Backend *self, MemoryAction action, guint skip, guint times,
	BackendErrorCode code);
/* As memory_fail, for creates: the session is made and the answer is lost
 * (TIMEOUT). */
void memory_lose_answers(Backend *self, guint times);
/* It tells that its clock is so far ahead of ours; times of sessions stay. */
void memory_set_clock(Backend *self, gint64 ahead_ms);
/* So much time passes for the states that move by themselves. */
void memory_forward(Backend *self, gint64 ms);
/* Ends all scripted failures and losses. */
void memory_heal(Backend *self);

/* Each call of that action takes so long from now on. */
void memory_delay(Backend *self, MemoryAction action, gint64 ms);
/* Calls of that action wait until memory_release. */
void memory_hold(Backend *self, MemoryAction action);
void memory_release(Backend *self, MemoryAction action);

/* The last page of each listing answers this token too; NULL: none.  (Its own
 * first token gives endless listings.) */
void memory_loop(Backend *self, const char *token);

/* Whose it is from now on: "memory" at first. */
void memory_set_account(Backend *self, const char *account);

/* How many calls of that action were begun; how many run now. */
guint64 memory_calls(Backend *self, MemoryAction action);
guint memory_running(Backend *self, MemoryAction action);
