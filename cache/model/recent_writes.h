#pragma once

#include "cache/store/ids.h"

/*
 * The sessions of a directory for which an operation was given lately: until a full listing
 * that began after it has ended, they are not hidden, and what a new one was
 * made from waits for its record.  The caller's lock.
 */
typedef GHashTable RecentWrites; /* Id -> what was noted of it */

/* To be freed by g_hash_table_unref. */
RecentWrites *recent_writes_new(void);
/* In the place of a full listing: the order is still being carried out. */
#define RECENT_WRITES_NOW G_MAXUINT32
/* An operation ended while `full listing` was the last one begun.  spec is copied; NULL:
 * whatever waits stays. */
void recent_writes_note(
	RecentWrites *self, const Id *id, guint32 relist, const char *spec);
/* Whether the id is not to be hidden by what full listing (0: none) tells of it. */
gboolean recent_writes_spares(RecentWrites *self, const Id *id, guint32 relist);
/* Takes what waits for a record of the id; NULL: nothing. */
char *recent_writes_take(RecentWrites *self, const Id *id);
/* Forgets what was ordered before that full listing. */
void recent_writes_forget(RecentWrites *self, guint32 relist);
