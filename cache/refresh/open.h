#pragma once

#include "cache/model/dir.h"

/*
 * Files that only a call of their own gets, asked for by workers: a few of a workspace
 * at a time, and none for a while after the provider had no answer (breaker.h).
 */

/* For somebody who opens the file, or ON_DEMAND_WHOLE: as cache_open. */
Known open_ask(
	Dir *dir, guint32 session, guint file, GBytes **ret, GError **error);
/* Asks for a file that grows, and for which on_demand_follow has told to ask: in
 * the background, for nobody who waits.  A job. */
void open_follow(Dir *dir, guint32 session, guint file);
