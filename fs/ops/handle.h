#pragma once

#include "fs/events/polls.h"
#include "fs/kernel/readers.h"
#include "fs/ops/control.h"
#include "fs/ops/wait.h"
#include "fs/tree/eventlog.h"

/*
 * What one open of a file holds, and how it is read and written: one of snapshot,
 * stream, control, wait and events, and a poller where it can be polled.  All that
 * are open are known, since the kernel releases none of them when a mount ends
 * under its users.
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
	/* Of .refresh: */
	gint asked;       /* atomic: the open asked for the first write too */
	CacheAsked since; /* what it asked */
};

typedef struct Handles Handles;

Handles *handles_new(void);
/* Closes those that are still open. */
void handles_free(Handles *handles);

/* Takes what it holds.  Any thread. */
Handle *handles_open(Handles *handles, fuse_ino_t node, const Handle *holds);
/* The cache's numbers of all that are open: guint32, one each; free with
 * g_array_unref. */
GArray *handles_numbers(Handles *handles);
/* Its bytes, in place of which there may be others later; a new reference. */
GBytes *handles_snapshot(Handles *handles, Handle *handle);
/* Whether they are as new as that. */
gboolean handles_has_news(Handles *handles, Handle *handle, guint64 news);
/* news: cache_news() before these bytes were taken. */
void handles_renew(
	Handles *handles, Handle *handle, GBytes *bytes, guint64 news);
/* NULL is fine. */
void handles_close(Handles *handles, Handle *handle);
