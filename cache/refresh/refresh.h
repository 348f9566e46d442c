#pragma once

#include "cache/model/dir.h"

/*
 * When to ask again: one thread that starts the sweeps of listings that are due,
 * and the glances in between.  A listing is due when somebody waits for it or has
 * told to ask, or when somebody looks at it and it is old enough.
 */
Refresh *refresh_new(Cache *cache);
void refresh_start(Refresh *self);
/* Looks again at what is due; any thread. */
void refresh_poke(Refresh *self);
/* Ends the thread, if it was started. */
void refresh_stop(Refresh *self);
void refresh_free(Refresh *self);

/* Makes a listing due at once, whoever looks; takes Dir.lock. */
void refresh_now(Dir *dir);

/* Whether the provider is asked for what is in this directory. */
gboolean refresh_is_listing(const Dir *dir);
/* With Dir.lock: the monotonic time at which it is due; G_MAXINT64: never. */
gint64 refresh_due_us(const Dir *dir, gint64 now_us);
