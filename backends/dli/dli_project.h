#pragma once

#include "backends/api/api.h"

/*
 * The project whose id is part of every path of DLI: given, or looked up in IAM
 * by the region's name when it is first needed, and again for another key, which may
 * be another account's.  One look-up at a time, whose outcome is everybody's; what
 * was found is kept, a failure stands for a second.  Thread-safe.
 *
 *   GET {iam}/v3/projects?name={region}     -> {projects: [{id, name}]}
 */
typedef struct DliProject DliProject;

/* id: NULL when it must be looked up, by iam, which outlives this (else NULL), as
 * does the clock. */
DliProject *dli_project_new(
	const char *id, const char *region, Api *iam, const Clock *clock);
void dli_project_free(DliProject *self);

/* Of the account that the key of that id is of (NULL: of any).  Static.  Errors: as
 * api_call, but never TIMEOUT, since what the project is needed for was not sent;
 * CONFIG when there is none, or several. */
const char *dli_project_get(DliProject *self, const char *key, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What was found for that key; new string.  Errors: UNREACHABLE, when it was looked
 * up for another one. */
char *dli_project_of(DliProject *self, const char *key,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL while it is not known. */
const char *dli_project_peek(DliProject *self);

gboolean dli_project_legal(const char *id);
