#pragma once

#include "backends/backend.h"
#include "backends/base/json.h"

/* The body of a create, and what is made of it again from a record.  Pure. */
extern const SpecField dli_spec[];

/* What a directory stands for. */
typedef struct {
	const char *member;    /* that names it: "queue" or "cluster_name" */
	const char *workspace; /* its name */
} DliHome;

/* The rules that the table cannot say.  Errors: INVALID. */
gboolean dli_spec_check(const Json *spec, const DliHome *home,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Names the home as the wire wants it. */
void dli_spec_place(Json *spec, const DliHome *home);

/* What `new` accepts of a record that its remembered spec was merged under.
 * New document. */
Json *dli_spec_of(const Json *record);
