#pragma once

#include "backends/api/api.h"
#include "backends/auth/chain.h"
#include "backends/backend.h"

/* What providers that reach their service over one Api do alike. */

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
Json *api_backend_get_page(Backend *self, const ApiRequest *request,
	const char *member, const Call *call, GByteArray **ret_text,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The records of such a page, unless it is the last one. */
guint api_backend_page_size(Backend *self);

/* A POST that makes a session: the answer.  Errors: as create. */
Json *api_backend_create(Backend *base, const char *action, const char *path,
	const CreatePlan *plan, const Call *call,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* api_new with the chain's credentials, which are fetched as the section's keys say.
 * region: as chain_new. */
Api *api_backend_connect(GHashTable *keys, const char *endpoint,
	const ChainClass *chain, const char *region,
	const ApiProtocol *protocol, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The region: as the key says, or else `found` (may be NULL), or else `usual` where
 * the section names an endpoint, since a proxy or a test wants one too.  It may
 * become part of a host's name.  New string.  Errors: CONFIG; `advice` says how
 * to set one.
 */
char *api_backend_region(GHashTable *keys, const char *found, const char *usual,
	const char *advice, GError **error) G_GNUC_WARN_UNUSED_RESULT;
