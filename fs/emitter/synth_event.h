#pragma once

#include <sys/stat.h>

#include <glib.h>

#include "fs/base/lowlevel.h"

/*
 * One system call on the own mount, made so that whoever watches there hears of
 * a change: what to do, and the way to it from the root.
 */
typedef enum {
	SYNTH_EVENT_TOUCH, /* open for writing, set the modification time, close */
	SYNTH_EVENT_MAKE,   /* mkdir, mknod or symlink */
	SYNTH_EVENT_REMOVE, /* unlink or rmdir */
	SYNTH_EVENT_MOVE,   /* rename within the directory */
} SynthEventKind;

typedef struct {
	char *name;
	fuse_ino_t ino;
	mode_t type; /* S_IFDIR, S_IFREG, S_IFLNK */
} SynthEventStep;

/* What several events tell together: over when the last of them is freed. */
typedef struct {
	gint events;                             /* atomic: that are left */
	void (*over)(guint32 which, void *data); /* on any thread */
	guint32 which;
	void *data;
} SynthGroup;

typedef struct {
	SynthEventKind kind;
	guint32 dir; /* number of the directory whose lock the kernel takes, or
	                  may have to wait for on the way */
	GArray *steps; /* SynthEventStep: below the root, the last is what it is about */
	SynthEventStep
		to; /* MOVE: what it becomes; ino: of what is there, or 0 */
	gint *owed; /* counted there, atomically, until it is freed; or NULL */
	SynthGroup *group; /* or NULL */
} SynthEvent;

SynthEvent *synth_event_new(SynthEventKind kind, guint32 dir);
/* From now on it is an event that is still to be made. */
void synth_event_owe(SynthEvent *event, gint *owed);
/* n events (SynthEvent *, none of a group) tell one thing. */
void synth_events_group(SynthEvent *const *events, guint n,
	void (*over)(guint32 which, void *data), guint32 which, void *data);
/* The same way, to be gone on. */
SynthEvent *synth_event_copy(const SynthEvent *event, SynthEventKind kind);
void synth_event_free(SynthEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SynthEvent, synth_event_free)

void synth_event_step(
	SynthEvent *event, const char *name, fuse_ino_t ino, mode_t type);
/* The node that the way leads to; of one without steps, the root. */
fuse_ino_t synth_event_end(const SynthEvent *event);
const SynthEventStep *synth_event_last(const SynthEvent *event);
/* It is to take the place of `ino` (0: nothing is there), called `name`. */
void synth_event_move(SynthEvent *event, const char *name, fuse_ino_t ino);
/* The node of the directory that the last step is in. */
fuse_ino_t synth_event_parent(const SynthEvent *event);
/* The step of that name below the node `parent`, or where a MOVE leads (ino 0:
 * nothing is there); or NULL. */
const SynthEventStep *synth_event_find(
	const SynthEvent *event, fuse_ino_t parent, const char *name);
/* Relative to the root; a new string. */
char *synth_event_path(const SynthEvent *event);
/* Where a MOVE leads, likewise. */
char *synth_event_path_to(const SynthEvent *event);
