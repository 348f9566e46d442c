#pragma once

#include <pthread.h>

#include "backends/base/mutex.h"
#include "memory.h"

/*
 * What memory.c keeps: workspaces with their sessions, and the script of each
 * action.  Private to the memory files.  Everything is guarded by
 * Memory.lock, which the functions here expect to be held, but for
 * action_begin, which takes it, and action_end, which gives it back.
 */

typedef struct {
	char *id, *name, *state;
	char *spec;   /* JSON as it was created from; NULL: none */
	char *text;   /* what its described files say; NULL: its state */
	guint serial; /* tells it from another one of the same id */
	gint64 made_ms, changed_ms;
	gint64 moves_us; /* by states_now_us; 0: stays */
} Record;

typedef struct {
	char *id, *name;
	gint64 made_ms;
	guint made;           /* sessions created so far, for their ids */
	GPtrArray *records;   /* owned, in order of making */
	GHashTable *by_id;    /* borrowed from records */
	GHashTable *by_token; /* clientToken -> borrowed record */
} Space;

typedef struct {
	guint64 calls, failed;
	guint running;
	guint skip, times; /* the script of failures */
	gboolean failing, for_ever, held;
	BackendErrorCode code;
	gint64 delay_ms;
} Script;

typedef struct {
	Backend base;
	Mutex lock;
	pthread_cond_t news; /* a script or `aborted` changed */
	gboolean aborted GUARDED_BY(lock);
	GPtrArray *spaces GUARDED_BY(lock);
	Script scripts[N_MEMORY_ACTIONS] GUARDED_BY(lock);
	guint losses GUARDED_BY(lock);
	char *loop GUARDED_BY(lock);
	guint page GUARDED_BY(lock);
	gint64 start_ms GUARDED_BY(lock);
	gint64 forward_ms GUARDED_BY(lock); /* by memory_forward so far */
	gboolean auto_start GUARDED_BY(lock);
	gboolean partial_lists GUARDED_BY(lock), mute GUARDED_BY(lock),
		timeless GUARDED_BY(lock);
	gboolean forgetful; /* since it was opened */
	gint64 describe_ms GUARDED_BY(lock);
	guint serials GUARDED_BY(lock);       /* given so far */
	const char *account GUARDED_BY(lock); /* interned */
	gboolean clocked GUARDED_BY(lock);    /* memory_set_clock was called */
	gint64 ahead_ms GUARDED_BY(lock);
} Memory;

void space_free(Space *space);
Space *space_find(Memory *self, const char *id) REQUIRES(self->lock);
/* The one that a call is about.  Errors: GONE. */
Space *space_asked(Memory *self, const char *id, GError **error)
	REQUIRES(self->lock);
/* Finds or makes it. */
Space *space_ensure(Memory *self, const char *id) REQUIRES(self->lock);

Record *record_add(
	Space *space, const char *id, const char *name, const char *state);
void space_drop(Space *space, Record *record);
/* Adds one under the next free id. */
Record *record_make(Space *space, const char *name, const char *state);
void record_set(Memory *self, Record *record, const char *state)
	REQUIRES(self->lock);
/* Moves on a state whose time has come. */
void record_finish(Memory *self, Record *record) REQUIRES(self->lock);

/* As an answer tells of it; partial: as a listing does. */
Session *record_session(Memory *self, Record *record, gboolean partial)
	REQUIRES(self->lock);

/* Counts a call and lets its script pass: delay, hold, failure.  On success
 * the lock is held; on failure it is not. */
gboolean action_begin(Memory *self, MemoryAction action, const Call *call,
	GError **error) TRY_ACQUIRE(1, self->lock) G_GNUC_WARN_UNUSED_RESULT;
void action_end(Memory *self, MemoryAction action, gboolean done)
	RELEASE(self->lock);
const char *action_name(MemoryAction action);

/* The slot, in memory_list.c. */
SessionPage *memory_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error);
