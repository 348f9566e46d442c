#pragma once

#include "cache/cache.h"
#include "fs/tree/eventlog.h"

/* One line of .sessionfs/events, at most; longer ids and words are cut. */
#define EVENT_LINE_MAX 4096

/*
 * Appends what this news is for a reader of .sessionfs/events: one JSON object
 * and a newline, always valid UTF-8 and without control characters.  FALSE, and
 * nothing is appended, when it is no event.  real_us: when, since the epoch.
 *
 *   time       UTC, "2026-11-21T01:02:03.456Z"
 *   provider   the section's name
 *   workspace  raw id
 *   id         raw id of the session; absent: the workspace itself is meant,
 *              whose coming or going speaks for its sessions
 *   what       appeared, vanished, state (its word changed), changed (else)
 *   files      state, changed: the names of those whose bytes changed
 *   from, to   state words; appeared has no from, vanished no to
 */
gboolean eventline_append(
	GString *out, Cache *cache, const News *news, gint64 real_us);

/* Appends the lines of these news to the log.  To be called by the observer alone. */
void eventline_log(EventLog *log, Cache *cache, const News *news, gsize n);
