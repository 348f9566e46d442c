#pragma once

#include "cache/store/ids.h"

/*
 * The sessions of a directory for which an order was given lately: until a full listing
 * that began after it has ended, they are not hidden, and what a new one was
 * made from waits for its record.  The caller's lock.
 */
typedef struct Lately Lately;

Lately *lately_new(void);
void lately_free(Lately *self);
/* In the place of a full listing: the order is still being carried out. */
#define LATELY_NOW G_MAXUINT32
/* An order ended while `full listing` was the last one begun.  spec is copied; NULL:
 * whatever waits stays. */
void lately_note(Lately *self, const Id *id, guint32 relist, const char *spec);
/* Whether the id is not to be hidden by what full listing (0: none) tells of it. */
gboolean lately_spares(const Lately *self, const Id *id, guint32 relist);
/* Takes what waits for a record of the id; NULL: nothing. */
char *lately_take(Lately *self, const Id *id);
/* Forgets what was ordered before that full listing. */
void lately_forget(Lately *self, guint32 relist);
