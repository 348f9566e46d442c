#pragma once

#include "cache/model/dir.h"

/* Asks for a file that grows, and for which on_demand_follow has told to ask: in
 * the background, for nobody who waits.  A job. */
void open_follow(Dir *dir, guint32 session, guint file);
