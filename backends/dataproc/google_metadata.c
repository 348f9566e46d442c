/*
 * The dialogue with the metadata server of a machine at Google:
 *
 *   GET http://169.254.169.254/computeMetadata/v1/instance/service-accounts/
 *       default/token?scopes=...   with Metadata-Flavor: Google
 *   -> {access_token, expires_in, token_type}, with the same header
 */
#include <string.h>

#include "backends/base/text.h"
#include "backends/dataproc/google_auth.h"

#define ADDRESS "169.254.169.254"
#define NAME "metadata.google.internal"
#define PATH "/computeMetadata/v1/instance/service-accounts/default/token"
#define FLAVOR "metadata-flavor"
#define LIMIT_MS 3000
/* It keeps a token until four minutes before its end; earlier than this it
 * would give the same again. */
#define REFRESH_MS (225 * 1000)

/* What is spliced into a URL must not end the host. */
static gboolean host_legal(const char *host)
{
	return strlen(host) <= 260 && text_is_made_of(host, ".:-[]");
}

/* The URL; NULL when the environment names no host.  The name is replaced by the
 * address that it stands for, so that nobody's DNS can say otherwise. */
static char *metadata_url(GError **error)
{
	const char *host = auth_env("GCE_METADATA_HOST");
	g_autoptr(GString) query = g_string_new(NULL);

	if (!host)
		host = auth_env("GCE_METADATA_IP");
	if (!host || g_ascii_strcasecmp(host, NAME) == 0)
		host = ADDRESS;
	if (!host_legal(host))
		return backend_error_null(error, BACKEND_ERROR_AUTH,
			"GCE_METADATA_HOST is no host name");
	http_query_add(query, "scopes", GOOGLE_SCOPE);
	return g_strdup_printf("http://%s" PATH "?%s", host, query->str);
}

/* Something else may live at that address. */
static gboolean is_google(const HttpAnswer *answer)
{
	const char *flavor = http_answer_get(answer, FLAVOR);

	return flavor && g_ascii_strcasecmp(flavor, "google") == 0;
}

static Credentials *read_answer(const HttpAnswer *answer, GError **error)
{
	if (!is_google(answer))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"what answers there is not Google's");
	else if (answer->status == 404)
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"this machine has no service account");
	else if (answer->status != 200)
		backend_error_set(error,
			answer->status >= 500 || answer->status == 429
				? BACKEND_ERROR_REMOTE
				: BACKEND_ERROR_AUTH,
			"it answered with status %u", answer->status);
	else
		return google_token_read(
			answer, "service account of this machine", error);
	return NULL;
}

Credentials *google_metadata(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autofree char *url = metadata_url(error);

	if (!url)
		return NULL;
	g_autoptr(HttpRequest) request = http_request_new("GET", url);
	http_request_set(request, FLAVOR, "Google");
	g_autoptr(HttpAnswer) answer =
		auth_send(chain->nearby, request, LIMIT_MS, deadline_us, error);
	Credentials *credentials = answer ? read_answer(answer, error) : NULL;
	if (credentials)
		credentials->refresh_ms = REFRESH_MS;
	return credentials;
}
