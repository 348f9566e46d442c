#pragma once

#include "backends/api/api.h"
#include "backends/backend.h"

/* A provider that reaches its service over one Api; its instances begin with
 * this. */
typedef struct {
	Backend base;
	Api *api;
} ApiBackend;

/* As the slots of BackendClass, which say no more than the Api does. */
void api_backend_report(Backend *base, GString *out);
gboolean api_backend_clock(Backend *base, gint64 *ret_ahead_ms);
void api_backend_count(Backend *base,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
void api_backend_observe(Backend *base, CallObserver observer, void *data);
void api_backend_abort(Backend *base);

/*
 * What all of them identify themselves by: the endpoint, unless its host lies in
 * one of the vendor's own domains (ends with NULL), where what the caller adds to
 * place tells it; and the credentials that will be taken.
 */
void api_backend_identify(Backend *base, const char *const *domains,
	GString *place, GString *source);

/* A GET that changes nothing.  Who takes the text gets but the outline of the
 * answer. */
Json *api_backend_get(Backend *base, const char *action, const char *path,
	const char *query, const Call *call, GByteArray **ret_text,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A POST that makes a session: the answer.  Errors: as create. */
Json *api_backend_create(Backend *base, const char *action, const char *path,
	const CreatePlan *plan, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How a section's keys say that credentials are to be fetched; borrowed. */
HttpSettings api_backend_http(GHashTable *keys, const char *ca_file);

/*
 * Whether a region's name may become part of a host name.  Errors: CONFIG,
 * naming the example.
 */
gboolean api_backend_region(const char *region, const char *example,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
