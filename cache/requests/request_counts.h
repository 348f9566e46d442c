#pragma once

#include "cache/requests/requests.h"

/* Adds to counts how many requests of a workspace are in each state. */
void request_counts_add(Dir *dir, guint counts[N_REQUEST_WORDS]);
/* Whether that is neither over nor unknown. */
gboolean request_counts_open(RequestState state);
