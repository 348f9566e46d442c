#pragma once

#include "cache/model/dir.h"

/*
 * Asking for the whole of what a listing tells in part, where that costs a call:
 * in the background, newest first, one after the other, as far as the budget
 * goes that nobody waits for.  Call it when a full listing has ended.
 */
void backfill_start(Dir *dir);
