#pragma once

#include "cache/operations/operation.h"

/*
 * The id under which the provider lists the session that the request has made, where
 * the id of its answer is not one: the only session that reads as made from its plan
 * in its time, and that nobody else has made.  A new string; NULL: there is none, or
 * the answer's id is listed too.  Costs a listing.
 */
char *operation_alias(Operation *self, const char *answered, const Call *call);
