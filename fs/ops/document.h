#pragma once

#include <glib.h>

/*
 * Tells, byte by byte, whether a stream is still the beginning of one JSON
 * object, and where that object ends.  It checks syntax alone (RFC 8259) and
 * keeps nothing but a stack of brackets, so that a write can be judged the
 * moment it arrives.
 */
#define DOCUMENT_DEPTH 64

typedef enum {
	DOCUMENT_MORE,  /* a valid beginning */
	DOCUMENT_DONE,  /* the object has ended */
	DOCUMENT_WRONG, /* cannot become an object any more */
} DocumentState;

typedef struct {
	guint8 want;   /* private: what may come next */
	guint8 resume; /* private: hex digits, or the rest of a word */
	const char *word;
	gboolean key; /* private: the string being read is a member's name */
	guint depth;
	char stack[DOCUMENT_DEPTH];
	const char *problem; /* set with WRONG: static text */
} Document;

void document_init(Document *scan);

/*
 * Reads on.  *ret_used (may be NULL) gets how many bytes were consumed: all of
 * them but after DONE, when the rest is behind the object, and after WRONG,
 * when it is the offset of the offending byte.
 */
DocumentState document_feed(
	Document *scan, const char *bytes, gsize len, gsize *ret_used);
