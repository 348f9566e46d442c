#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/* How provider files make a CreatePlan.  Pure. */

/* Names the token in a body where it names none itself. */
void create_plan_token(const Backend *self, Json *body, const char *token);

/* A plan of that body, for a session that bears the name which a record with
 * the same members would tell.  Not repeatable, unique or fresh. */
CreatePlan *create_plan_of(const Backend *self, const Json *body);
