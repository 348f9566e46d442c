#pragma once

#include "cache/model/dir.h"

/* Each call is made for the account that a directory shows: credentials of another one
 * do not get it (see account_switch.h). */

/* Until that time (monotonic). */
Call call_until(const Dir *dir, gint64 deadline_us, gboolean interactive);
/* For as long as one call in the background may take, from now. */
Call call_for(const Dir *dir, gboolean interactive);
