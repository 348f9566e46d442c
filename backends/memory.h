#pragma once

#include "backend.h"

/*
 * A provider without a network, for tests and trials: sessions in a table that
 * obeys the same contract as the others and can be scripted.  It behaves as the
 * real ones do where they differ from the obvious: a created session stands
 * stopped until started, states move by themselves after start_ms, listings
 * page by offset (so they shift under changes), stopped sessions stay, a token
 * given again answers the same session, one given with another spec is EXISTS.
 *
 * Config keys: workspaces_made, sessions, page, start_ms, delay_ms, auto_start,
 * fail; see memory.c.  Workspaces are called m-1, m-2, ...; their sessions
 * s-000001, ...  Every function may be called from any thread while calls run.
 * `self` is an instance of memory_class.
 */

typedef enum {
	MEMORY_LIST_WORKSPACES,
	MEMORY_LIST_PAGE,
	MEMORY_GET,
	MEMORY_CREATE,
	MEMORY_CONTROL,
	N_MEMORY_ACTIONS,
} MemoryAction;

void memory_add_workspace(Backend *self, const char *id);
void memory_remove_workspace(Backend *self, const char *id);

/* Adds a session at the end, or changes its state when there is one of that id.
 * The workspace is made when needed.  name NULL: the id. */
void memory_put(Backend *self, const char *workspace, const char *id,
	const char *name, const char *state);
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

/* How many calls of that action were begun; how many run now. */
guint64 memory_calls(Backend *self, MemoryAction action);
guint memory_running(Backend *self, MemoryAction action);
