#pragma once

#include <glib.h>

/*
 * What a job in the background has asked for: at most one such job runs at a time, and
 * what it asked for in vain is not asked for again before a while.  It needs no lock:
 * whoever begins has the rest alone until the end.
 */
typedef struct Tried Tried;

Tried *tried_new(void);
void tried_free(Tried *self);

/* Any thread.  FALSE: a job is under way. */
gboolean tried_begin(Tried *self) G_GNUC_WARN_UNUSED_RESULT;
void tried_end(Tried *self);

/* Between the two: not again before that time (monotonic; G_MAXINT64: never). */
void tried_note(Tried *self, guint32 number, gint64 again_us);
/* Forgets those whose time has come. */
void tried_renew(Tried *self, gint64 now_us);
gboolean tried_has(const Tried *self, guint32 number);
