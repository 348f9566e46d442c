#pragma once

#include "backends/api/api.h"
#include "backends/dli/dli_settings.h"

/*
 * The way to one project of DLI: signs every call, and puts the project into
 * its path, looking it up in IAM first where it is not given.  Thread-safe.
 */
typedef struct DliAccount DliAccount;

/* Errors: CONFIG. */
DliAccount *dli_account_new(
	GHashTable *keys, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void dli_account_free(DliAccount *self);

/* What the workspaces are.  Static. */
const DliKind *dli_account_kind(const DliAccount *self);

typedef struct {
	const char *action;
	const char *method;  /* NULL: GET; any other changes something */
	const char *version; /* NULL: v2.0 */
	const char *path;    /* behind the project */
	const char *query, *body;
} DliQuestion;

/* As api_call; who takes the text gets but the outline of the answer. */
Json *dli_account_ask(DliAccount *self, const DliQuestion *question,
	const Call *call, GByteArray **ret_text,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* As the slot of BackendClass. */
void dli_account_found(DliAccount *self, BackendFound tell, void *data);
void dli_account_identify(DliAccount *self, GString *place, GString *source);
void dli_account_report(DliAccount *self, GString *out);
gboolean dli_account_clock(DliAccount *self, gint64 *ret_ahead_ms);
void dli_account_count(DliAccount *self,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
void dli_account_observe(DliAccount *self, CallObserver observer, void *data);
void dli_account_abort(DliAccount *self);
