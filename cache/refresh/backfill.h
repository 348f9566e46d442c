#pragma once

#include "cache/model/dir.h"

/*
 * Asking for the whole of what a listing tells in part, where that costs a call:
 * see sweep.h; newest first.  Call it when a full listing has ended.
 */
void backfill_start(Dir *dir);
