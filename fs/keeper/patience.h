#pragma once

#include <glib.h>

/*
 * Whether a worker that lives hangs.  It beats each second for which its loop of FUSE has
 * answered (fs/service/pulse.h); the keeper looks ten times a second.  It hangs when it
 * has not beaten for as long as Patience allows, and the keeper itself ran all the time:
 * where it did not, as on a machine that stands still or in a frozen container, nothing
 * follows from a silence, and the wait begins anew.  The clock stands still in suspend.
 */
typedef struct {
	guint64 beats;    /* when it was looked at last */
	gint64 looked_ms; /* then */
	gint64 since_ms;  /* since when there was no other */
	gboolean heard;   /* from that worker */
} Patience;

/* A worker begins, and there have been so many beats. */
void patience_begin(Patience *self, guint64 beats, gint64 now_ms);
/*
 * beats: how many there are; 0: nobody is to be judged by them.  Returns whether the
 * worker has been silent for limit_ms, or, before its first beat, for as long as a start
 * may take.
 */
gboolean patience_ends(
	Patience *self, guint64 beats, gint64 now_ms, gint64 limit_ms);
/* The wait begins anew. */
void patience_renew(Patience *self, gint64 now_ms);
