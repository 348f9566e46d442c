#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/*
 * The body of CreateSession, and what its URL says: sessionId and requestId may
 * stand in a spec beside the members of a Session.  Pure.
 */
extern const SpecField dataproc_spec[];

/* Where a spec is to create. */
typedef struct {
	const char *project, *location;
} DataprocPlace;

/* The rules that the table cannot say.  spec has passed the table.  Errors:
 * INVALID. */
gboolean dataproc_spec_check(const Json *spec, const DataprocPlace *place,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Takes apart a spec that has passed the check: *ret_id and *ret_request get the
 * session's id and the request's (new strings), and the spec becomes the body.
 * token: 32 digits, of which both are made where the spec names none.
 */
void dataproc_spec_split(Json *spec, const DataprocPlace *place,
	const char *token, char **ret_id, char **ret_request);

/* Members of a record that say which session it is, not what it is. */
extern const char *const dataproc_not_in_config[];
