#pragma once

#include <glib.h>

/* "sessionfs: " and the message on standard error, with a newline.  What it quotes
 * may be anybody's: control characters that a terminal would obey are written as \xNN,
 * but for the newline. */
void say(const char *format, ...) G_GNUC_PRINTF(1, 2);
