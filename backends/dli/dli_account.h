#pragma once

#include "backends/dli/dli_project.h"
#include "backends/dli/dli_settings.h"
#include "backends/provider/api_backend.h"

/*
 * The way to one project of DLI: signs every call, and puts the project into
 * its path, looking it up in IAM first where it is not given.  Thread-safe.
 */
typedef struct {
	Backend base;
	DliProject *lookup;
	const DliKind *kind; /* what the workspaces are */
} Dli;

typedef struct {
	const char *action;
	const char *method;  /* NULL: GET; any other changes something */
	const char *version; /* NULL: v2.0 */
	const char *path;    /* behind the project */
	const char *query, *body;
	const char *size; /* not NULL: see api_backend_get_page */
} DliQuestion;

/* As api_call. */
Json *dli_ask(Dli *self, const DliQuestion *question, const Call *call,
	GByteArray **ret_text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As the slots of BackendClass. */
gboolean dli_open(Backend *base, GHashTable *keys,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void dli_close(Backend *base);
void dli_report(Backend *base, GString *out);
