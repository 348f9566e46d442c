#pragma once

#include <glib.h>

/*
 * The last line of a terminal that standard error leads to, which is written anew in
 * its place, without colours.  Where standard error is no terminal, nothing is
 * written.  Whoever prints something else there clears the line before.  Any thread.
 */

gboolean status_line_can(void);
/* How many characters fit. */
guint status_line_width(void);
/* A text of one line; what does not fit is cut. */
void status_line_show(const char *text);
/* Leaves an empty line, and the cursor at its beginning; nothing where none is
 * shown. */
void status_line_clear(void);
