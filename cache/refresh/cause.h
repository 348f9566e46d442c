#pragma once

#include "cache/model/dir.h"

/*
 * Why sessions ended badly, where only a call of its own can tell (backend.h,
 * `cause`): asked for once each, in the background, while somebody looks, the last
 * that ended first.  The answer is kept in the record, so that a restart asks for
 * none again.
 */

/* Begins to ask, unless it does. */
void cause_start(Dir *dir);
