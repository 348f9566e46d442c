#include "provider_fixture.h"

#include <pthread.h>
#include <string.h>

void provider_set_key(GHashTable *keys, const char *name, const char *value)
{
	g_hash_table_insert(keys, (char *)name, (char *)value);
}

void provider_open(ProviderFixture *f, const BackendClass *class,
	GHashTable *keys, const char *workspace)
{
	g_autoptr(GError) error = NULL;

	if (!f->server)
		f->server = tiny_server_new();
	if (!g_hash_table_contains(keys, "url"))
		provider_set_key(keys, "endpoint", tiny_server_url(f->server));
	f->backend = backend_open(class, keys, &error);
	g_assert_no_error(error);
	f->workspace = g_strdup(workspace);
}

void provider_close(ProviderFixture *f, const void *unused)
{
	backend_close(f->backend);
	g_clear_pointer(&f->server, tiny_server_free);
	g_clear_pointer(&f->iam, tiny_server_free);
	g_clear_pointer(&f->workspace, g_free);
}

Call provider_soon(void)
{
	return (Call){
		.deadline_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC};
}

void provider_answer(ProviderFixture *f, guint status, const char *body)
{
	tiny_server_answer(f->server, status, NULL, body);
}

SessionPage *provider_list(
	ProviderFixture *f, const char *token, GError **error)
{
	const Call call = provider_soon();

	return backend_list_page(f->backend, f->workspace, token, &call, error);
}

Session *provider_get(ProviderFixture *f, const char *id, GError **error)
{
	const Call call = provider_soon();

	return backend_get(f->backend, f->workspace, id, &call, error);
}

CreatePlan *provider_plan(ProviderFixture *f, const char *spec, GError **error)
{
	const Call call = provider_soon();

	return backend_plan(f->backend, f->workspace, spec, strlen(spec),
		PROVIDER_TOKEN, &call, error);
}

CreatePlan *provider_plan_sent(
	ProviderFixture *f, const char *spec, const char *answer)
{
	guint n = tiny_server_requests(f->server);
	g_autoptr(CreatePlan) again = provider_plan(f, spec, NULL);
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;
	g_autofree char *body = NULL;

	provider_answer(f, 200, answer);
	CreatePlan *plan = provider_plan(f, spec, &error);
	g_assert_no_error(error);
	g_assert_true(create_plan_equal(plan, again));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, n);
	g_autofree char *id =
		backend_create(f->backend, f->workspace, plan, &call, &error);
	g_assert_no_error(error);
	g_assert_nonnull(id);
	g_auto(GStrv) head = provider_sent(f->server, n, &body);
	g_assert_cmpstr(body, ==, plan->body);
	g_assert_nonnull(strstr(head[0], plan->query));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, n + 1);
	return plan;
}

char *provider_create(ProviderFixture *f, const char *spec, GError **error)
{
	g_autoptr(CreatePlan) plan = provider_plan(f, spec, error);
	const Call call = provider_soon();

	return plan ? backend_create(
			      f->backend, f->workspace, plan, &call, error)
		    : NULL;
}

GError *provider_check(ProviderFixture *f, const char *spec)
{
	GError *error = NULL;

	g_assert_true(backend_check_spec(f->backend, f->workspace, spec,
			      strlen(spec), &error) == (error == NULL));
	return error;
}

char *provider_render(ProviderFixture *f, SessionFile file, const char *body)
{
	GString *out = g_string_new(NULL);

	backend_render(f->backend, file, body, strlen(body), out);
	return g_string_free(out, FALSE);
}

static void count_one(
	const char *action, guint64 calls, guint64 failed, void *seen)
{
	g_string_append_printf(
		seen, "%s %u %u;", action, (guint)calls, (guint)failed);
}

char *provider_counted(ProviderFixture *f)
{
	GString *seen = g_string_new(NULL);

	backend_count(f->backend, count_one, seen);
	return g_string_free(seen, FALSE);
}

typedef struct {
	ProviderFixture *fixture;
	guint rounds;
} Listing;

static void *list_often(void *data)
{
	const Listing *listing = data;
	guint listed = 0;

	for (guint i = 0; i < listing->rounds; i++) {
		g_autoptr(SessionPage) page =
			provider_list(listing->fixture, NULL, NULL);
		listed += page && page->sessions->len == 1;
	}
	return GUINT_TO_POINTER(listed);
}

guint provider_list_often(ProviderFixture *f, guint threads, guint rounds)
{
	g_autofree pthread_t *all = g_new(pthread_t, threads);
	Listing listing = {f, rounds};
	guint listed = 0;

	for (guint i = 0; i < threads; i++)
		g_assert_cmpint(
			pthread_create(&all[i], NULL, list_often, &listing), ==,
			0);
	for (guint i = 0; i < threads; i++) {
		void *some;

		pthread_join(all[i], &some);
		listed += GPOINTER_TO_UINT(some);
	}
	return listed;
}

void provider_makes_no_sense(ProviderFixture *f, const char *body)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, body);
	g_assert_null(provider_list(f, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
}

void provider_aborts(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	backend_abort(f->backend);
	g_assert_null(provider_list(f, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
}

/* ---- what a server was sent ---- */

char **provider_sent(TinyServer *server, guint n, char **ret_body)
{
	g_autofree char *request = tiny_server_request(server, n);
	char *end = strstr(request, "\r\n\r\n");

	g_assert_nonnull(end);
	*ret_body = g_strdup(end + 4);
	*end = '\0';
	return g_strsplit(request, "\r\n", -1);
}

char *provider_sent_header(TinyServer *server, guint n, const char *name)
{
	g_autofree char *body = NULL;
	g_auto(GStrv) head = provider_sent(server, n, &body);
	gsize len = strlen(name);

	for (char **line = head + 1; *line; line++)
		if (g_ascii_strncasecmp(*line, name, len) == 0 &&
			(*line)[len] == ':')
			return g_strdup(*line + len + 2);
	return NULL;
}

void provider_saw(
	TinyServer *server, guint n, const char *line, const char *text)
{
	g_autofree char *request = tiny_server_request(server, n);

	if (!g_str_has_prefix(request, line))
		g_error("not \"%s\": %s", line, request);
	if (text && !strstr(request, text))
		g_error("no \"%s\": %s", text, request);
}

HttpRequest *provider_sent_request(TinyServer *server, guint n)
{
	g_autofree char *body = NULL;
	g_auto(GStrv) head = provider_sent(server, n, &body);
	g_auto(GStrv) words = g_strsplit(head[0], " ", 3);
	g_autofree char *url =
		g_strconcat(tiny_server_url(server), words[1], NULL);
	HttpRequest *request = http_request_new(words[0], url);

	for (char **line = head + 1; *line; line++) {
		g_auto(GStrv) pair = g_strsplit(*line, ": ", 2);

		if (g_ascii_strcasecmp(pair[0], "authorization") != 0)
			http_request_set(request, pair[0], pair[1]);
	}
	if (*body)
		request->body = g_bytes_new(body, strlen(body));
	return request;
}
