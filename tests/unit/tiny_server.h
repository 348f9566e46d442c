#pragma once

#include <glib.h>

/*
 * An HTTP server on loopback that is told what to answer and then asked what it
 * saw.  Answers are taken in the order in which they were pushed, by whichever
 * request comes next; with none left it answers 500, or as it was told.
 */
typedef struct TinyServer TinyServer;

typedef enum {
	TINY_ANSWER,  /* status, headers, body, and keeps the connection */
	TINY_LAST,    /* the same, and then closes it without a word */
	TINY_CUT,     /* closes ten bytes before the announced length */
	TINY_DRIP,    /* the body byte by byte, delay_ms apart */
	TINY_CLOSE,   /* closes instead of answering */
	TINY_RESET,   /* resets instead of answering */
	TINY_HANG,    /* never answers */
	TINY_STREAM,  /* a body of 1 GiB of unknown length */
	TINY_HUGE,    /* a body of 1 GiB, announced */
	TINY_HEADERS, /* headers without end */
	TINY_RAW,     /* `body` is the whole answer; then closes */
} TinyKind;

typedef struct {
	TinyKind kind;
	guint status;        /* 0: 200 */
	const char *headers; /* "Name: value\r\n" each; NULL: none */
	const char *body;    /* NULL: {} */
	guint delay_ms;      /* before the first byte */
} TinyAnswer;

TinyServer *tiny_server_new(void);
void tiny_server_free(TinyServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TinyServer, tiny_server_free)

const char *tiny_server_url(const TinyServer *server); /* no trailing slash */
/* Copies the answer. */
void tiny_server_push(TinyServer *server, TinyAnswer answer);
/* The same for a plain answer: headers are whole lines, or NULL. */
void tiny_server_answer(TinyServer *server, guint status, const char *headers,
	const char *body);
/* What comes when none is left; its strings are borrowed. */
void tiny_server_rest(TinyServer *server, TinyAnswer answer);

guint tiny_server_connections(TinyServer *server);
/* How many of them the server has closed, and the client's kernel knows it where
 * the answer was TINY_LAST or TINY_CUT. */
guint tiny_server_closed(TinyServer *server);
guint tiny_server_requests(TinyServer *server);
/* The bytes of the n-th request (from 0), head and body; new string. */
char *tiny_server_request(TinyServer *server, guint n);
/* Waits until n requests came; fails the test after a minute. */
void tiny_server_wait(TinyServer *server, guint n);
