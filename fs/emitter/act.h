#pragma once

#include <sys/stat.h>

#include <glib.h>

#include "fs/base/lowlevel.h"

/*
 * One system call on the own mount, made so that whoever watches there hears of
 * a change: what to do, and the way to it from the root.
 */
typedef enum {
	ACT_TOUCH,  /* open for writing, set the modification time, close */
	ACT_MAKE,   /* mkdir, mknod or symlink */
	ACT_REMOVE, /* unlink or rmdir */
	ACT_MOVE,   /* rename within the directory */
} ActKind;

typedef struct {
	char *name;
	fuse_ino_t ino;
	mode_t type; /* S_IFDIR, S_IFREG, S_IFLNK */
} ActStep;

typedef struct {
	ActKind kind;
	guint32 dir; /* number of the directory whose lock the kernel takes, or
	                  may have to wait for on the way */
	GArray *steps; /* ActStep: below the root, the last is what it is about */
	ActStep to;    /* MOVE: what it becomes; ino: of what is there, or 0 */
	gint *owed; /* counted there, atomically, until it is freed; or NULL */
} Act;

Act *act_new(ActKind kind, guint32 dir);
/* From now on it is an event that is still to be made. */
void act_owe(Act *act, gint *owed);
/* The same way, to be gone on. */
Act *act_copy(const Act *act, ActKind kind);
void act_free(Act *act);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Act, act_free)

void act_step(Act *act, const char *name, fuse_ino_t ino, mode_t type);
const ActStep *act_last(const Act *act);
/* It is to take the place of `ino` (0: nothing is there), called `name`. */
void act_move(Act *act, const char *name, fuse_ino_t ino);
/* The node of the directory that the last step is in. */
fuse_ino_t act_parent(const Act *act);
/* The step of that name below the node `parent`, or what a MOVE takes the place
 * of; or NULL. */
const ActStep *act_find(const Act *act, fuse_ino_t parent, const char *name);
/* Relative to the root; a new string. */
char *act_path(const Act *act);
/* Where a MOVE leads, likewise. */
char *act_path_to(const Act *act);
