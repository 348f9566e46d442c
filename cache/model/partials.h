#pragma once

#include <glib.h>

/*
 * How the partial refreshes of a workspace go, which are made between its listings: see
 * refresh/partial_refresh.h.  Any thread; its lock is a leaf.
 */
typedef struct Partials Partials;

/* A copy, of one moment; times as in listing_state.h. */
typedef struct {
	gboolean running;
	gboolean asked;      /* somebody told to ask now */
	gboolean boost;      /* something that is watched is passing */
	gboolean living_few; /* all the living were listed last time */
	gboolean
		living_many; /* they were too many since the last full listing */
	gint64 done_ms;      /* of the last good one; 0: never */
	gint64 started_us;   /* of the last one; 0: none */
	gint64 took_us;
	gint64 retry_us;  /* the provider asked for peace until then */
	gint64 failed_us; /* when the last one failed */
	gboolean unheard; /* since there was no answer */
	gboolean broken;  /* since the provider does not work */
	guint failures;   /* one after the other */
} PartialState;

Partials *partials_new(void);
void partials_free(Partials *self);

PartialState partials_get(Partials *self);

/* One is to begin as soon as may be. */
void partials_ask(Partials *self);
/* A full listing has named all, the living too: they may be few again. */
void partials_all_listed(Partials *self);

/* On the scheduler's thread: one begins, and then either is made, or is not. */
void partials_begin(Partials *self, gint64 now_us);
void partials_abandon(Partials *self);
/* On the thread that makes it: whether the living were few enough to list all. */
void partials_note_living(Partials *self, gboolean few);
/* Its end, at now_us; boost: something that is watched is passing; done_ms: when it
 * began; error: NULL: it went well. */
void partials_end(Partials *self, gint64 now_us, gboolean boost, gint64 done_ms,
	GError *error);
