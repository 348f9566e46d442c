#pragma once

#include <glib.h>

/*
 * Text to a descriptor, for a handler of faults: no allocation, no lock, no
 * locale, nothing but write(2).  What does not fit into the buffer goes out at
 * once.  On the stack of whoever uses it.
 */
typedef struct {
	int fd;
	gsize len;
	char text[480];
} CrashOut;

void crash_out_text(CrashOut *out, const char *text);
void crash_out_number(CrashOut *out, gint64 number);
/* With 0x before it. */
void crash_out_hex(CrashOut *out, guint64 number);
/* Of bytes, two digits each. */
void crash_out_bytes(CrashOut *out, const guint8 *bytes, gsize n);
/* Sends what is in the buffer; a failure changes nothing. */
void crash_out_flush(CrashOut *out);
