#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/*
 * The part of a spec's check that a table of SpecField says, and its reverse:
 * a spec made from what a provider tells of a session.  Pure, any thread.
 */

/*
 * Checks a spec against a table: UTF-8, JSON, an object, types, ranges, lengths,
 * required members, members given twice, unknown members (with the nearest
 * known name).  Errors: INVALID, a sentence that names the member's path, as in
 * "applicationConfigs[2].configItemKey must be a string, not a number".
 */
gboolean spec_check(const SpecField *fields, const char *spec, gsize len,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * What of an object spec_check would accept: JSON of the members that the table
 * knows and whose values fit, elements and members of nested values likewise.
 * `except` (ended by NULL; may be NULL) names top-level members to leave out.
 * Returns a new document.
 */
Json *spec_reduce(
	const SpecField *fields, const Json *object, const char *const *except);

/* The name nearest to `name` by edit distance, NULL when none is near. */
const char *spec_nearest(const SpecField *fields, const char *name);
