/*
 * The reference for a full cold listing: the same pages, asked for one after
 * the other over one keep-alive libcurl handle with tokens recorded before and
 * requests signed before, and one cJSON_Parse of each.
 *
 *   pages URL WORKSPACE ROUNDS    prints microseconds of the fastest round
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

#include "backends/auth/sign.h"

#define KEY_ID "emulator-key"
#define KEY_SECRET "emulator-secret"

typedef struct {
	char *url;
	struct curl_slist *headers;
} Page;

static size_t collect(char *bytes, size_t size, size_t count, void *data)
{
	g_string_append_len(data, bytes, (gssize)(size * count));
	return size * count;
}

static char *nonce(void)
{
	static guint64 count;

	return g_strdup_printf("%016" G_GINT64_MODIFIER
			       "x%016" G_GINT64_MODIFIER "x",
		(guint64)g_get_real_time(), count++);
}

static void sign(
	Page *page, const char *base, const char *workspace, const char *token)
{
	g_autofree char *next =
		token ? g_strconcat("&nextToken=", token, NULL) : NULL;
	g_autofree char *once = nonce();
	SignScope scope = {
		.nonce = once, .now = g_get_real_time() / G_USEC_PER_SEC};
	g_autoptr(Credentials) keys = credentials_new(
		KEY_ID, secret_new(KEY_SECRET, -1), NULL, 0, "bench");

	page->url = g_strdup_printf("%s/api/v1/workspaces/%s/sessionClusters"
				    "?maxResults=100%s&regionId=cn-hangzhou",
		base, workspace, next ? next : "");
	g_autoptr(HttpRequest) request = http_request_new("GET", page->url);

	http_request_set(request, "x-acs-action", "ListSessionClusters");
	http_request_set(request, "x-acs-version", "2023-08-08");
	sign_request(SIGN_ACS3, request, keys, &scope);
	page->headers = NULL;
	for (guint i = 0; i < request->headers->len; i++)
		page->headers = curl_slist_append(
			page->headers, g_ptr_array_index(request->headers, i));
}

static cJSON *fetch(CURL *curl, const Page *page, GString *body)
{
	long status = 0;

	g_string_truncate(body, 0);
	curl_easy_setopt(curl, CURLOPT_URL, page->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, page->headers);
	if (curl_easy_perform(curl) ||
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) ||
		status != 200) {
		fprintf(stderr, "pages: %ld %s\n", status, body->str);
		exit(1);
	}
	return cJSON_Parse(body->str);
}

static char *next_token(const cJSON *answer)
{
	const cJSON *token =
		cJSON_GetObjectItemCaseSensitive(answer, "nextToken");

	return token && token->valuestring && *token->valuestring
		       ? g_strdup(token->valuestring)
		       : NULL;
}

/* Walks the listing once and notes its tokens. */
static GPtrArray *record(
	CURL *curl, GString *body, const char *base, const char *workspace)
{
	GPtrArray *tokens = g_ptr_array_new();
	char *token = NULL;

	do {
		Page page;

		g_ptr_array_add(tokens, token);
		sign(&page, base, workspace, token);
		cJSON *answer = fetch(curl, &page, body);

		token = next_token(answer);
		cJSON_Delete(answer);
	} while (token);
	return tokens;
}

static gint64 run(CURL *curl, GString *body, const char *base,
	const char *workspace, GPtrArray *tokens)
{
	Page *pages = g_new0(Page, tokens->len);

	for (guint i = 0; i < tokens->len; i++)
		sign(&pages[i], base, workspace, g_ptr_array_index(tokens, i));
	gint64 start = g_get_monotonic_time();

	for (guint i = 0; i < tokens->len; i++)
		cJSON_Delete(fetch(curl, &pages[i], body));
	return g_get_monotonic_time() - start;
}

int main(int argc, char **argv)
{
	g_autoptr(GString) body = g_string_new(NULL);
	gint64 best = G_MAXINT64;
	CURL *curl = curl_easy_init();

	if (argc != 4)
		return 2;
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	GPtrArray *tokens = record(curl, body, argv[1], argv[2]);

	for (int i = 0; i < (int)g_ascii_strtoull(argv[3], NULL, 10); i++)
		best = MIN(best, run(curl, body, argv[1], argv[2], tokens));
	printf("%" G_GINT64_FORMAT " %u\n", best, tokens->len);
	curl_easy_cleanup(curl);
	return 0;
}
