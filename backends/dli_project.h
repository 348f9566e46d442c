#pragma once

#include "net/api.h"

/*
 * The project whose id is part of every path of DLI: given, or looked up in IAM
 * by the region's name when it is first needed.  One look-up at a time, whose
 * outcome is everybody's; what was found is kept, a failure stands for a second.
 * Thread-safe.
 *
 *   GET {iam}/v3/projects?name={region}     -> {projects: [{id, name}]}
 */
typedef struct DliProject DliProject;

/* id: NULL when it must be looked up, by iam, which is taken (else NULL). */
DliProject *dli_project_new(const char *id, const char *region, Api *iam);
void dli_project_free(DliProject *self);

/* Borrowed, lives as long as self.  Errors: as api_call, but never TIMEOUT,
 * since what the project is needed for was not sent; CONFIG when there is none,
 * or several. */
const char *dli_project_get(DliProject *self, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* NULL while it is not known. */
const char *dli_project_peek(DliProject *self);
/* NULL when it was given. */
Api *dli_project_iam(const DliProject *self);

gboolean dli_project_legal(const char *id);
