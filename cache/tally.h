#pragma once

#include "requests.h"

/* Adds to counts how many requests of a workspace are in each state. */
void tally_requests(Dir *dir, guint counts[N_REQUEST_WORDS]);
/* Whether that is neither over nor unknown. */
gboolean tally_is_open(RequestState state);
