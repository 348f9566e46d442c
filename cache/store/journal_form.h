#pragma once

#include "cache/store/request.h"

/* How an intent and an outcome lie in a file of the journal. */

/* made, until; number, watermark, flags; its texts */
#define INTENT_TYPE "(xxuuuaay)"
/* changed, state, session; id, error, name */
#define OUTCOME_TYPE "(xuuaay)"

/* Floating. */
GVariant *journal_pack_intent(const Intent *intent);
GVariant *journal_pack_outcome(const Outcome *outcome);
/* NULL: it makes no sense. */
Intent *journal_unpack_intent(GVariant *value, const char *rid);
Outcome *journal_unpack_outcome(GVariant *value);
