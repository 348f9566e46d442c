#pragma once

#include "backends/backend.h"
#include "backends/http/http_settings.h"

/* Config keys that every provider over HTTP takes: endpoint, proxy, no_proxy,
 * ca_file, insecure_http, calls_per_second, burst. */
extern const BackendKey api_keys[];

/*
 * The file or directory of certificate authorities: the key ca_file, or else the
 * vendor's own choice (NULL: it has none; "": the system's), or else what
 * REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or SSL_CERT_FILE name, as the tools heed
 * them.  NULL: the system's.  Borrowed from any of them.
 */
const char *api_ca_file(GHashTable *keys, const char *own);

/* What the keys of api_keys say, checked.  The strings of `http` are borrowed
 * from the keys. */
typedef struct {
	char *endpoint; /* without a trailing slash; owned */
	HttpSettings http;
	double rate, burst;
} ApiSettings;

/* endpoint, and what named it (NULL: the key `endpoint`), count where that key is
 * not set.  Errors: CONFIG, naming the key. */
gboolean api_settings_read(GHashTable *keys, const char *endpoint,
	const char *endpoint_key, ApiSettings *ret,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void api_settings_clear(ApiSettings *settings);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ApiSettings, api_settings_clear)

/* Reads a key of type KEY_BOOL; FALSE when it is not there or empty.  Errors:
 * CONFIG, naming the key. */
gboolean api_key_bool(GHashTable *keys, const char *name, gboolean *ret,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds where an endpoint is, unless its host lies in one of those domains (ends
 * with NULL).  No user, no password. */
void api_settings_place(
	const char *endpoint, const char *const *domains, GString *place);
