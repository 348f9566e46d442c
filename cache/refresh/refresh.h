#pragma once

#include "cache/model/dir.h"

/* A listing may take a quarter of the time. */
#define REFRESH_LOAD_FACTOR 4

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
/* An interval while something passes. */
gint64 refresh_fast_us(gint64 us);
/* One after so many failures in a row: doubled for each, up to five minutes; but
 * where the provider was not there, or did not work, up to 30 s and no more. */
gint64 refresh_backed_off_us(gint64 us, guint failures, gboolean broken);
/* Whether an error means the latter. */
gboolean refresh_is_broken(const GError *error);
/* With Dir.lock: the monotonic time at which it is due; G_MAXINT64: never. */
gint64 refresh_due_us(const Dir *dir, gint64 now_us);
