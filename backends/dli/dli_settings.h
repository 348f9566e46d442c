#pragma once

#include "backends/provider/answer.h"

/* What a workspace may be: the call that lists them, and their names on the
 * wire. */
typedef struct {
	const char *containers; /* in the configuration */
	const char *action, *version, *path, *query;
	WorkspaceAnswers answers;
	const char *member; /* of a session and of its listing's query */
} DliKind;

/* A section's own keys, checked, and what the environment and the vendor's
 * files say where it is silent.  Owned but for the kind. */
typedef struct {
	const DliKind *kind;
	char *region;
	char *endpoint;
	char *profile; /* NULL: the usual section */
	char *file;    /* of credentials; NULL: the SDKs' own */
	char *project; /* NULL: to be looked up */
	char *iam;     /* base URL */
} DliSettings;

/* Reads files, asks nobody.  Errors: CONFIG, naming the key. */
gboolean dli_settings_read(GHashTable *keys, DliSettings *ret,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void dli_settings_clear(DliSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DliSettings, dli_settings_clear)
