#pragma once

#include <glib.h>

/*
 * What is redrawn as top(1) does: in place and cut to the terminal's size.  If
 * standard output is no terminal, each text is printed below the one before.
 */
void screen_start(void);
void screen_show(const char *text);
/* FALSE: q, ^C or a signal asks for the end.  A terminal that changes its size ends
 * the wait. */
gboolean screen_wait(gint64 ms);
/* The terminal is as it was. */
void screen_end(void);
