#pragma once

#include "cache/store/disk_compact.h"

/* A disk and all that loading fills. */
typedef struct {
	char *dir;
	Disk *disk;
	DiskLoaded load;
	Snapshot *shown;
} Box;

void box_open(Box *self);
/* The files stay. */
void box_close(Box *self);
void box_reopen(Box *self);
/* Closes, and removes the files. */
void box_clear(Box *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Box, box_clear)

/* One session, new or changed, made and committed. */
gboolean box_put(Box *self, const char *raw, const char *word, const char *body,
	GError **error);
void box_must_put(
	Box *self, const char *id, const char *word, const char *body);
void box_must_remove(Box *self, guint32 number);

/* The path of one of its files. */
char *box_file(Box *self, const char *name);
/* "number id word body;" of all rows. */
char *box_dump(Box *self);

#define assert_dump(box, want)                                                 \
	G_STMT_START                                                           \
	{                                                                      \
		g_autofree char *dump_ = box_dump(box);                        \
		g_assert_cmpstr(dump_, ==, want);                              \
	}                                                                      \
	G_STMT_END

/* Rewrites the files; in one step, or in two. */
void box_compact(Box *self);
DiskCompact *box_compact_begin(Box *self);
void box_compact_end(Box *self, DiskCompact *compact);
