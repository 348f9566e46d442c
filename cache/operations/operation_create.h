#pragma once

#include "cache/operations/operation.h"

/* Creates: sends the plan of a spec, and finds out what its answer would have told.
 * All on a worker. */

gboolean operation_create(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A plan for the text of the request.  Errors: as backend_plan. */
CreatePlan *operation_plan(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether a provider still knows the plan again. */
gboolean operation_token_holds(const Cache *cache, const Intent *intent);
/* The request's plan, sent to its end: until the session exists and runs, nothing
 * came of it, or nobody can tell in time. */
gboolean operation_send(
	Operation *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
