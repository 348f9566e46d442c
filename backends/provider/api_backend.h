#pragma once

#include "backends/api/api.h"
#include "backends/auth/chain.h"
#include "backends/backend.h"

/* A provider that reaches its service over one Api; its instances begin with
 * this. */
typedef struct {
	Backend base;
	Api *api;
	Api *iam; /* a service that is asked where the other is; NULL: none */
	char *region; /* these two are keys of the section; NULL: no such key, */
	char *project;    /* or not known before a call */
	gint small_pages; /* atomic: a server has refused greater ones */
} ApiBackend;

/* Frees all of these. */
void api_backend_close(Backend *base);

/* What all of them do alike.  Each is identified by its region and its project as
 * far as they are known, in the order of its keys, besides what api_identify
 * tells. */
#define API_BACKEND_SLOTS                                                      \
	.identify = api_backend_identify, .clock = api_backend_clock,          \
	.count = api_backend_count, .observe = api_backend_observe,            \
	.abort = api_backend_abort
void api_backend_identify(Backend *base, GString *place, GString *source);
gboolean api_backend_clock(Backend *base, gint64 *ret_ahead_ms);
void api_backend_count(Backend *base,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
void api_backend_observe(Backend *base, CallObserver observer, void *data);
void api_backend_abort(Backend *base);

/* The slots for those that know of nothing but region and project. */
void api_backend_found(Backend *base, BackendFound tell, void *data);
void api_backend_report(Backend *base, GString *out);

/* A GET that changes nothing.  Who takes the text gets but the outline of the
 * answer. */
Json *api_backend_get(Backend *base, const char *action, const char *path,
	const char *query, const Call *call, GByteArray **ret_text,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Asks for a page where nobody says how great one may be: the query, which must not
 * be NULL, goes on with that member and our size.  A server that refuses it is
 * asked for small ones from then on.
 */
Json *api_backend_get_page(ApiBackend *self, const ApiRequest *request,
	const char *member, const Call *call, GByteArray **ret_text,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The records of such a page, unless it is the last one. */
guint api_backend_page_size(ApiBackend *self);

/* A POST that makes a session: the answer.  Errors: as create. */
Json *api_backend_create(Backend *base, const char *action, const char *path,
	const CreatePlan *plan, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* api_new with the chain's credentials, which are fetched as the section's keys say.
 * profile and region: as chain_new. */
Api *api_backend_connect(GHashTable *keys, const char *endpoint,
	const ChainClass *chain, const char *profile, const char *region,
	const ApiProtocol *protocol, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The region: as the key says, or else `found` (may be NULL), or else `usual` where
 * the section names an endpoint, since a proxy or a test wants one too.  It may
 * become part of a host's name.  New string.  Errors: CONFIG; `advice` says how
 * to set one.
 */
char *api_backend_region(GHashTable *keys, const char *found, const char *usual,
	const char *advice, GError **error) G_GNUC_WARN_UNUSED_RESULT;
