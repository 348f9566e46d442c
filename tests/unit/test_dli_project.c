#include <pthread.h>
#include <string.h>

#include "backends/classes.h"
#include "dli_fixture.h"
#include "until.h"

#define EMPTY "{\"total\":0,\"sessions\":[]}"
#define FOUND                                                                  \
	"{\"projects\":[{\"id\":\"" DLI_TEST_PROJECT "\",\"name\":"            \
	"\"cn-test-1\"}],\"links\":{}}"
#define OTHER "fedcba9876543210fedcba9876543210"

static void iam_answer(ProviderFixture *f, guint status, const char *body)
{
	tiny_server_answer(f->iam, status, NULL, body);
}

static void it_is_looked_up_once_by_the_regions_name(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	iam_answer(f, 200, FOUND);
	provider_answer(f, 200, EMPTY);
	provider_answer(f, 200, EMPTY);
	g_autoptr(SessionPage) first = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_autoptr(SessionPage) second = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(first->sessions->len + second->sessions->len, ==, 0);
	g_assert_cmpuint(tiny_server_requests(f->iam), ==, 1);
	dli_saw(f->iam, 0, "GET /v3/projects?name=cn-test-1", "", NULL);
	dli_saw(f->server, 1,
		"GET /v2.0/" DLI_TEST_PROJECT
		"/sessions?queue=q-1&from=0&size=100",
		"", DLI_TEST_PROJECT);
}

static void count_one(
	const char *action, guint64 calls, guint64 failed, void *seen)
{
	if (calls > 0)
		g_string_append_printf(seen, "%s;", action);
}

static void the_lookup_is_reported_and_counted(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GString) report = g_string_new(NULL);
	g_autoptr(GString) seen = g_string_new(NULL);

	backend_report(f->backend, report);
	g_assert_nonnull(strstr(report->str, "project: not looked up yet\n"));
	iam_answer(f, 200, FOUND);
	provider_answer(f, 200, EMPTY);
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);
	g_assert_nonnull(page);
	backend_count(f->backend, count_one, seen);
	g_assert_nonnull(strstr(seen->str, "ListProjects;"));
	g_assert_nonnull(strstr(seen->str, "ListSessions;"));
}

static void no_project_or_several_are_told(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *body, *say;
	} rows[] = {
		{"{\"projects\":[]}", "no project"},
		{"{}", "no project"},
		{"{\"projects\":[{\"id\":\"not-hex\",\"name\":\"cn-test-1\"},"
		 "{\"id\":7},null,{}]}",
			"no project"},
		{"{\"projects\":[{\"id\":\"" DLI_TEST_PROJECT "\","
		 "\"name\":\"cn-other\"}]}",
			"no project"},
		{"{\"projects\":[{\"id\":\"" DLI_TEST_PROJECT "\"},"
		 "{\"id\":\"" OTHER "\",\"name\":\"cn-test-1\"}]}",
			"more than one project"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		iam_answer(f, 200, rows[i].body);
		g_assert_null(provider_list(f, NULL, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		g_assert_nonnull(strstr(error->message, rows[i].say));
		g_assert_nonnull(strstr(error->message, "set project = "));
		g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
		/* Another one, for which no failure stands. */
		provider_close(f, NULL);
		dli_fixture_set_up_lookup(f, NULL);
	}
}

static void among_others_the_regions_own_is_taken(
	ProviderFixture *f, const void *unused)
{
	iam_answer(f, 200,
		"{\"projects\":[{\"id\":\"" OTHER "\",\"name\":\"MOS\"},"
		"{\"id\":\"" DLI_TEST_PROJECT "\",\"name\":\"cn-test-1\"}]}");
	provider_answer(f, 200, EMPTY);
	g_autoptr(SessionPage) page = provider_list(f, NULL, NULL);

	g_assert_nonnull(page);
	g_autofree char *project =
		provider_sent_header(f->server, 0, "x-project-id");
	g_assert_cmpstr(project, ==, DLI_TEST_PROJECT);
}

/* What was signed by our clock is refused there; what follows is signed by its. */
static void a_wrong_clock_is_put_right(ProviderFixture *f, const void *unused)
{
	g_autoptr(GDateTime) then = g_date_time_new_from_unix_utc(
		g_get_real_time() / G_USEC_PER_SEC - 7200);
	g_autofree char *date =
		g_date_time_format(then, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n");
	g_autofree char *signed_at =
		g_date_time_format(then, "\r\nX-Sdk-Date: %Y%m%dT%H");
	g_autoptr(GError) error = NULL;

	tiny_server_answer(f->iam, 401, date,
		"{\"error_code\":\"APIGW.0301\",\"error_msg\":\"Incorrect IAM "
		"authentication information: the request time has expired\"}");
	tiny_server_answer(f->iam, 200, date, FOUND);
	provider_answer(f, 200, EMPTY);
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(page);
	g_assert_cmpuint(tiny_server_requests(f->iam), ==, 2);
	g_autofree char *request = tiny_server_request(f->iam, 1);
	g_autofree char *found = g_ascii_strdown(request, -1);
	g_autofree char *wanted = g_ascii_strdown(signed_at, -1);
	g_assert_nonnull(strstr(found, wanted));
}

/* Nobody hammers IAM, and nobody has to start again when it is back. */
static void a_failure_stands_for_a_moment(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) first = NULL;
	g_autoptr(GError) second = NULL;

	iam_answer(f, 403, "{\"error\":{\"code\":403,\"message\":\"no\"}}");
	g_assert_null(provider_list(f, NULL, &first));
	g_assert_error(first, BACKEND_ERROR, BACKEND_ERROR_DENIED);
	g_assert_nonnull(strstr(first->message, "looking up the project"));
	gint64 begun_us = g_get_monotonic_time();
	g_assert_null(provider_list(f, NULL, &second));
	if (g_get_monotonic_time() - begun_us < G_USEC_PER_SEC / 2) {
		g_assert_cmpstr(second->message, ==, first->message);
		g_assert_cmpuint(tiny_server_requests(f->iam), ==, 1);
	}
	tiny_server_rest(f->iam, (TinyAnswer){.body = FOUND});
	provider_answer(f, 200, EMPTY);
	g_autoptr(SessionPage) page = NULL;
	fixture_until(page = provider_list(f, NULL, NULL));
}

/* Nothing was sent to DLI, so that no session can exist. */
static void a_create_whose_lookup_times_out_was_not_sent(
	ProviderFixture *f, const void *unused)
{
	const Call call = {
		.deadline_us = g_get_monotonic_time() + G_USEC_PER_SEC};
	g_autoptr(GError) error = NULL;
	g_autoptr(CreatePlan) plan =
		provider_plan(f, "{\"kind\":\"spark\"}", NULL);

	tiny_server_rest(f->iam, (TinyAnswer){.kind = TINY_HANG});
	g_assert_null(backend_create(f->backend, "q-1", plan, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNREACHABLE);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

#define THREADS 6

static void *list_once(void *data)
{
	g_autoptr(SessionPage) page = provider_list(data, NULL, NULL);

	return GUINT_TO_POINTER(page != NULL);
}

static void many_wait_for_one_lookup(ProviderFixture *f, const void *unused)
{
	pthread_t threads[THREADS];
	guint listed = 0;

	tiny_server_push(f->iam, (TinyAnswer){.body = FOUND, .delay_ms = 300});
	for (guint i = 0; i < THREADS; i++)
		provider_answer(f, 200, EMPTY);
	for (guint i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, list_once, f);
	for (guint i = 0; i < THREADS; i++) {
		void *fine;

		pthread_join(threads[i], &fine);
		listed += GPOINTER_TO_UINT(fine);
	}
	g_assert_cmpuint(listed, ==, THREADS);
	g_assert_cmpuint(tiny_server_requests(f->iam), ==, 1);
}

static void *list_error(void *data)
{
	GError *error = NULL;

	g_assert_null(provider_list(data, NULL, &error));
	return error;
}

static void an_abort_ends_the_lookup_and_those_who_wait(
	ProviderFixture *f, const void *unused)
{
	pthread_t threads[THREADS];

	tiny_server_rest(f->iam, (TinyAnswer){.kind = TINY_HANG});
	for (guint i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, list_error, f);
	tiny_server_wait(f->iam, 1);
	backend_abort(f->backend);
	for (guint i = 0; i < THREADS; i++) {
		void *problem;

		pthread_join(threads[i], &problem);
		g_autoptr(GError) error = problem;
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
	}
}

static void who_waits_has_a_deadline_of_his_own(
	ProviderFixture *f, const void *unused)
{
	const Call call = {
		.deadline_us = g_get_monotonic_time() + G_USEC_PER_SEC};
	g_autoptr(GError) error = NULL;
	pthread_t patient;
	void *problem;

	tiny_server_rest(f->iam, (TinyAnswer){.kind = TINY_HANG});
	pthread_create(&patient, NULL, list_error, f);
	tiny_server_wait(f->iam, 1);
	g_assert_null(
		backend_list_page(f->backend, "q-1", NULL, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNREACHABLE);
	backend_abort(f->backend);
	pthread_join(patient, &problem);
	g_error_free(problem);
}

#define ADD(path, function)                                                    \
	g_test_add("/dli-project/" path, ProviderFixture, NULL,                \
		dli_fixture_set_up_lookup, function, provider_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	dli_fixture_environment();
	ADD("once", it_is_looked_up_once_by_the_regions_name);
	ADD("report", the_lookup_is_reported_and_counted);
	ADD("none", no_project_or_several_are_told);
	ADD("own", among_others_the_regions_own_is_taken);
	ADD("clock", a_wrong_clock_is_put_right);
	ADD("failure", a_failure_stands_for_a_moment);
	ADD("create", a_create_whose_lookup_times_out_was_not_sent);
	ADD("threads", many_wait_for_one_lookup);
	ADD("abort", an_abort_ends_the_lookup_and_those_who_wait);
	ADD("deadline", who_waits_has_a_deadline_of_his_own);
	return g_test_run();
}
