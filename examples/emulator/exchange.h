#pragma once

#include "emulator.h"

/* What handlers of all providers do with a request and its answer. */

/* The request's body, a new object; NULL: it is none. */
Json *exchange_object(const Exchange *x);

/* An answer's body, empty and sized to be appended to. */
GString *exchange_body(Exchange *x, gsize size);

/* The answer of a small object. */
void exchange_put(Exchange *x, guint status, const Json *object);

/* Now by the sessions' clock, milliseconds. */
gint64 exchange_now(const Exchange *x);

/* What two bodies that ask the same have in common, new string: blanks do not
 * matter, the order of members does. */
char *exchange_digest(const Json *body);
