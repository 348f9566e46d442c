#pragma once

#include "fs/events/polls.h"
#include "fs/keeper/kept.h"
#include "fs/kernel/readers.h"
#include "fs/ops/control.h"
#include "fs/ops/wait.h"
#include "fs/tree/eventlog.h"

/*
 * What one open of a file holds, and how it is read and written: one of snapshot,
 * stream, control, wait and events, and a poller where it can be polled.  All that
 * are open are known, since the kernel releases none of them when a mount ends
 * under its users.  The kernel has a number of each, which is looked up: what it
 * brings back may be of a process that served the mount before this one.
 */
typedef struct Handle Handle;
struct Handle {
	/* Each answers its request.  NULL: a read finds nothing, a write is
	 * refused. */
	void (*read)(fuse_req_t req, Handle *self, fuse_ino_t ino, size_t size,
		off_t off);
	void (*write)(fuse_req_t req, Handle *self, fuse_ino_t ino,
		const char *bytes, size_t size, off_t off);

	fuse_ino_t node; /* that was opened */
	GBytes *snapshot;
	guint64 news;   /* cache_news() before it was taken */
	Reader *reader; /* of a snapshot that the kernel keeps; else NULL */
	Stream *stream;
	Control *control;
	Wait *wait;
	EventFile *events;
	Poller *poller; /* of session files and the event log */
	guint64 number; /* set by handles_open */
	guint flags;    /* HANDLE_... */
	gint torn; /* atomic: who reads has read other bytes than these, by another
	                 process, and may go on at the start alone */
	/* Of .refresh: */
	gint asked;       /* atomic: the open asked for the first write too */
	CacheAsked since; /* what it asked */
};

/* What is to be known of an open file by a process that has not opened it. */
enum {
	HANDLE_PAGED = 1 << 0,  /* the kernel keeps its bytes */
	HANDLE_STREAM = 1 << 1, /* it has one */
	HANDLE_APPEND = 1 << 2,
	HANDLE_READS = 1 << 3, /* of .refresh: a read is a question */
};

typedef struct Handles Handles;

/* kept: where it is written down what is open; NULL: nowhere. */
Handles *handles_new(Kept *kept);
/* Closes those that are still open. */
void handles_free(Handles *handles);

/* A number for what is about to be opened of a node, which no other gets again.  Any
 * thread. */
guint64 handles_number(Handles *handles, fuse_ino_t node);
/* Takes what it holds, which is open under that number from now on; one that is open
 * already stays. */
void handles_open(
	Handles *handles, guint64 number, fuse_ino_t node, const Handle *holds);
/* The cache's numbers of all that are open: guint32, one each; free with
 * g_array_unref. */
GArray *handles_numbers(Handles *handles);
/* The bytes that its reads get, as they were kept; NULL: they were not, or not in
 * whole.  New. */
GBytes *handles_stored(Handles *handles, guint64 number);
/* What another process has opened under that number, and the kernel has not released;
 * NULL: nothing. */
const KeptHandle *handles_before(Handles *handles, guint64 number);
/* What was opened under that number; NULL: nothing is.  It stays until the kernel
 * has released it.  Any thread. */
Handle *handles_find(Handles *handles, guint64 number);
/* Its bytes, in place of which there may be others later; a new reference. */
GBytes *handles_snapshot(Handles *handles, Handle *handle);
/* Whether they are as new as that. */
gboolean handles_has_news(Handles *handles, Handle *handle, guint64 news);
/* news: cache_news() before these bytes were taken. */
void handles_renew(
	Handles *handles, Handle *handle, GBytes *bytes, guint64 news);
/* Nothing for a number that is not open. */
void handles_close(Handles *handles, guint64 number);
