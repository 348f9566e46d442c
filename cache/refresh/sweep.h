#pragma once

#include "cache/model/dir.h"

/*
 * Asking for what sessions of a workspace still lack: in the background, while
 * somebody looks, one after the other, as far as the budget goes that nobody waits
 * for.  Each is asked for once, and again after a minute where that was in vain.
 */
typedef struct SweepKind {
	/* Whether a session lacks it. */
	gboolean (*wants)(Dir *dir, const Row *row);
	/* Those with the highest come first. */
	gint64 (*rank)(const Row *row);
	/* Asks.  *ret_done: never again for this one.  FALSE: it is not the session
	 * that cannot be told of, so that others would fail too. */
	gboolean (*ask)(Dir *dir, const Snapshot *shown, const Row *row,
		gboolean *ret_done);
} SweepKind;

/* Begins to ask, unless it does; tried is one of dir's. */
void sweep_start(Dir *dir, Tried *tried, const SweepKind *kind);
