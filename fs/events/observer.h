#pragma once

#include "fs/base/daemon.h"

/*
 * What the cache tells: its news become kernel invalidations, file events, lines of
 * the event log and wake-ups of what is parked or polled, in that order.  The cache
 * calls from its workers; news come one piece after the other.
 */
typedef struct Observer Observer;

/* The rest of the daemon may be filled in before the cache starts. */
Observer *observer_new(Daemon *daemon);
/* After the cache. */
void observer_free(Observer *self);

/* CacheSettings.observer, called and traced; data: the Observer. */
void observer_news(const News *news, gsize n, void *data);
void observer_call(const char *section, const CallReport *report, void *data);
void observer_trace(const char *text, void *data);
/* The same of owes and owes_not: they write down what kept.h keeps. */
guint32 observer_owes(const News *news, void *data);
void observer_owes_not(guint32 debt, void *data);

/* Tells what a process before this one, which is dead, may not have told.  Before the
 * cache starts, and once events are made. */
void observer_take_over(Observer *self);
