#pragma once

#include "cache/model/dir.h"

/*
 * Files that grow, while somebody has them open: the provider is asked for what is
 * new, in the background.  A few of a workspace are at a time.
 */

/* Asks for those that are due; when the next will be (monotonic). */
gint64 follow_visit(Cache *cache);
