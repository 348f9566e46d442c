#pragma once

#include <sys/types.h>

#include <glib.h>

/*
 * .sessionfs/events: lines (what is in them: eventline.h) that are kept in the state
 * directory, so that it goes on after a restart.  At its limit a generation is
 * over: its file stays as it is, for one more generation, and the next begins
 * with a file and a node of its own, so that `tail -F` sees it.
 *
 * What cannot be written is dropped, counted and warned of once; nobody waits
 * for room.  All but eventlog_add and eventlog_flush: any thread.
 */
typedef struct EventLog EventLog;
/* One generation. */
typedef struct EventFile EventFile;

#define EVENTLOG_LIMIT (16 * 1024 * 1024)

/* folder: the state directory.  A line that a crash has torn is cut off. */
EventLog *eventlog_open(const char *folder, gsize limit);
/* All files have been given back. */
void eventlog_free(EventLog *log);

/* Adds a whole line, which is there for others after the next flush at the latest.
 * To be called by the observer alone, both. */
void eventlog_add(EventLog *log, const char *line, gsize len);
void eventlog_flush(EventLog *log);

/* Appends Prometheus text. */
void eventlog_metrics(EventLog *log, GString *out);
/* When a generation last began or went away, in ns; 0: not since the start. */
gint64 eventlog_turned_ns(EventLog *log);

/* The current generation (age 0) or the one before it; NULL: there is none.
 * To be given back. */
EventFile *eventlog_file(EventLog *log, guint age);
/* The youngest generation with that slot of node number 0; also one that is gone
 * but still open. */
EventFile *eventlog_find(EventLog *log, guint slot);

void eventfile_unref(EventFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EventFile, eventfile_unref)

guint eventfile_slot(const EventFile *file);
/* 0: lines are appended to it; 1: it is the one before; above: it is gone. */
guint eventfile_age(const EventFile *file);
/* How long it is; and when the last line came. */
void eventfile_stat(EventFile *file, gsize *ret_size, gint64 *ret_mtime_ns);
/* As pread, up to that size; -1 with errno. */
ssize_t eventfile_read(EventFile *file, void *buffer, gsize size, off_t off);
