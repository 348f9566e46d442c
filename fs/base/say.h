#pragma once

#include <glib.h>

/* "sessionfs: " and the message on standard error, with a newline.  What it quotes
 * may be anybody's: control characters that a terminal would obey are written as \xNN,
 * but for the newline, and a word of more than 1024 bytes is cut in its middle. */
void say(const char *format, ...) G_GNUC_PRINTF(1, 2);
