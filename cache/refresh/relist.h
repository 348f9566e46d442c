#pragma once

#include "cache/model/dir.h"

/* Lists a directory from its first page to its last; a job for the pool, data
 * is the Dir, whose listing has begun (listing_begin).  Each page is shown at
 * once; what is gone goes after the last, once that is sure. */
void relist_run(void *data);
