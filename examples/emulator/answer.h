#pragma once

#include <glib.h>

/*
 * What goes back, with the ways in which it may be spoilt.  One thread's.  The
 * headers hold neither Content-Length nor Connection: those are the server's.
 */
typedef struct {
	guint status;
	GString *body;
	GPtrArray *headers; /* "name: value", owned */
	gint64 cut; /* bytes of the body to send before closing; -1: all */
	gint64 big; /* the size of a generated body; -1: none */
	gboolean chunked; /* without a Content-Length */
	gboolean drop;    /* close the connection without any answer */
} Answer;

void answer_init(Answer *answer);
void answer_clear(Answer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Answer, answer_clear)

/* Forgets status, body and headers. */
void answer_reset(Answer *answer);

/* Adds a header, even where one of that name is there. */
void answer_header(Answer *answer, const char *name, const char *value);

/* Whether there is a header of that name, in any case. */
gboolean answer_has(const Answer *answer, const char *name);

/* Takes text, replacing the body. */
void answer_take(Answer *answer, guint status, char *text);
