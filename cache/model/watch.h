#pragma once

#include <glib.h>

/*
 * The sessions of a workspace in which somebody takes an interest: those that
 * the kernel holds on to, and those looked at last.  By number; any thread.
 */
typedef struct Watch Watch;

/* So many of those that were merely looked at. */
#define WATCH_LOOKED_MAX 64

typedef struct {
	guint32 number;
	gint64 asked_us; /* see watch_asked; 0: never */
} Watched;

/* life_us: how long a look counts. */
Watch *watch_new(gint64 life_us);
void watch_free(Watch *self);

/* TRUE: nothing was watched before. */
gboolean watch_look(Watch *self, guint32 number, gint64 now_us);
/* Replaces those that are held; likewise. */
gboolean watch_hold(
	Watch *self, const guint32 *node_ids, gsize n, gint64 now_us);

gboolean watch_is_empty(Watch *self, gint64 now_us);
/* How many there are, each counted once. */
guint watch_count(Watch *self, gint64 now_us);
/* All of them, each once, those asked for longest ago first: a new array of
 * Watched. */
GArray *watch_list(Watch *self, gint64 now_us);
/* It is being asked for. */
void watch_asked(Watch *self, guint32 number, gint64 now_us);
