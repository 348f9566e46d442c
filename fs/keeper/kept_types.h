#pragma once

#include <glib.h>

/* What kept.h keeps, as it lies in memory. */

#define KEPT_INIT_MAX 256
/* What is read of a request into what is kept, before anything else is. */
#define KEPT_READ 4096u
/* Of a handle's text. */
#define KEPT_COLLECTED_MAX (1024u * 1024u)
#define KEPT_TEXT_MAX 40

/* How far the writes to a control file have come. */
typedef struct {
	guint64 unique; /* of the last that was acted on */
	guint64 next;   /* where the next one begins */
	guint32 len;    /* of what was collected; see kept_text_add */
	gint32 failure; /* an errno; 0: none */
	guint32 state;  /* the owner's; 0: nothing was written */
	guint32 spare;
} KeptWrite;

typedef struct {
	guint64 number; /* 0: this place is free */
	guint64 node;
	guint64 poll;  /* the kernel's number of who polls it; 0: nobody did */
	guint64 hash;  /* of the bytes that it shows */
	guint64 size;  /* of these, where they are its text; else 0 */
	guint32 flags; /* the owner's */
	guint32 current; /* which of these is true */
	KeptWrite writes[2];
	char text
		[KEPT_TEXT_MAX]; /* a short answer, ending with NUL; "": none */
} KeptHandle;

/* A change that is on disk or about to be; strings end with NUL, and are cut. */
typedef struct {
	guint32 state; /* 0: this place is free */
	guint32 kind, number, parent, files;
	guint32 logged; /* the event log has it */
	char name[256], id[512], from[96], to[96];
} KeptNews;
