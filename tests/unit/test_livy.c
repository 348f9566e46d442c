#include <string.h>

#include "backends/base/json.h"
#include "backends/classes.h"
#include "provider_fixture.h"

#define TOKEN PROVIDER_TOKEN
#define OWN_NAME "sessionfs-" TOKEN
#define NIGHTLY                                                                \
	"e9673773e793a22d0c9030fd8d2962c5" /* of the SHA-256 of nightly-1 */
#define RECORD                                                                 \
	"{\"id\":4,\"name\":\"alpha\",\"appId\":null,\"state\":\"idle\","      \
	"\"kind\":\"spark\",\"log\":[],\"ttl\":null,\"idleTimeout\":null}"
#define RECORD_07                                                              \
	"{\"id\":4,\"name\":\"alpha\",\"state\":\"idle\",\"kind\":\"sql\","    \
	"\"log\":[]}"

static Backend *open_with(const char *url, const char *auth, GError **error)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	if (url)
		provider_set_key(keys, "url", url);
	if (auth)
		provider_set_key(keys, "auth", auth);
	return backend_open(&livy_class, keys, error);
}

/* Below a prefix. */
static void set_up(ProviderFixture *f, const void *unused)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	f->server = tiny_server_new();
	g_autofree char *url =
		g_strconcat(tiny_server_url(f->server), "/gate/livy/", NULL);
	g_autofree char *workspace =
		g_strconcat(strstr(tiny_server_url(f->server), "://") + 3,
			"/gate/livy", NULL);
	provider_set_key(keys, "url", url);
	provider_open(f, &livy_class, keys, workspace);
}

static gboolean check(ProviderFixture *f, const char *spec, GError **error)
{
	return backend_check_spec(
		f->backend, f->workspace, spec, strlen(spec), error);
}

/* ---- the workspace ---- */

static void the_server_is_the_one_workspace(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(f->backend, NULL, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->workspaces->len, ==, 1);
	const Workspace *only = g_ptr_array_index(page->workspaces, 0);
	g_assert_cmpstr(only->id, ==, f->workspace);
	g_assert_null(page->next);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

static void another_workspace_is_not_asked_for(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	g_assert_null(backend_list_page(
		f->backend, "elsewhere:8998", NULL, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_clear_error(&error);
	g_assert_null(backend_plan(
		f->backend, "elsewhere:8998", "{}", 2, TOKEN, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_clear_error(&error);
	g_autoptr(CreatePlan) plan = create_plan_new();
	g_assert_null(backend_create(
		f->backend, "elsewhere:8998", plan, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

/* ---- opening ---- */

static void urls_become_workspaces_or_are_refused(void)
{
	static const struct {
		const char *url, *workspace, *wrong;
	} rows[] = {
		{"http://127.0.0.1:8998", "127.0.0.1:8998", NULL},
		{"https://gateway/gateway/default/livy/v1//",
			"gateway/gateway/default/livy/v1", NULL},
		{"https://[::1]:1/x", "[::1]:1/x", NULL},
		{"https://bob:hush@gateway/livy", NULL, "auth = basic:FILE"},
		{"https://bob@gateway", NULL, "auth = basic:FILE"},
		{"https://gateway/livy?x=1", NULL, "without a query"},
		{"https://gateway/livy#x", NULL, "without a query"},
		{"https://gateway/livy/sessions", NULL, "leave that out"},
		{"https://gateway/livy/sessions/", NULL, "leave that out"},
		{"gateway", NULL, "url"},
		{"https://", NULL, "url"},
		{"ftp://gateway", NULL, "neither https nor http"},
		{"http://gateway:8998", NULL, "insecure_http"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		const Call call = provider_soon();
		g_autoptr(GError) error = NULL;
		g_autoptr(Backend) livy = open_with(rows[i].url, NULL, &error);

		if (rows[i].wrong) {
			g_assert_error(
				error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
			g_assert_nonnull(strstr(error->message, rows[i].wrong));
			g_assert_null(strstr(error->message, "hush"));
			continue;
		}
		g_assert_no_error(error);
		g_autoptr(WorkspacePage) page =
			backend_list_workspaces(livy, NULL, &call, &error);
		g_assert_no_error(error);
		const Workspace *only = g_ptr_array_index(page->workspaces, 0);
		g_assert_cmpstr(only->id, ==, rows[i].workspace);
	}
}

static void without_a_url_the_environment_names_the_server(void)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	g_unsetenv("LIVY_URL");
	g_assert_false(backend_discover(&livy_class));
	g_assert_null(open_with(NULL, NULL, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
	g_clear_error(&error);
	g_setenv("LIVY_URL", "http://127.0.0.1:1/env", TRUE);
	g_assert_true(backend_discover(&livy_class));
	g_autoptr(Backend) livy = open_with(NULL, NULL, &error);
	g_unsetenv("LIVY_URL");
	g_assert_no_error(error);
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(livy, NULL, &call, &error);
	const Workspace *only = g_ptr_array_index(page->workspaces, 0);
	g_assert_cmpstr(only->id, ==, "127.0.0.1:1/env");
}

/* ---- listing ---- */

static void records_become_sessions(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"from\":0,\"total\":5,\"sessions\":[" RECORD
		",{\"id\":5,\"name\":null,\"state\":\"Hibernating\"},"
		"{\"id\":\"0b5c-x\"},7,{\"name\":\"no id\"}]}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 3);
	g_assert_cmpuint(page->skipped, ==, 2);
	g_assert_cmpint(page->total, ==, 5);
	/* What stands last has no id to go on from. */
	g_assert_cmpstr(page->next, ==, "5:5:");
	g_assert_true(page->last);
	const Session *one = g_ptr_array_index(page->sessions, 0);
	const Session *two = g_ptr_array_index(page->sessions, 1);
	g_assert_cmpstr(one->id, ==, "4");
	g_assert_cmpstr(one->name, ==, "alpha");
	g_assert_cmpstr(one->state, ==, "idle");
	g_assert_cmpint(one->phase, ==, PHASE_IDLE);
	g_assert_cmpint(one->created_ms, ==, 0);
	g_assert_cmpstr(one->body, ==, RECORD);
	g_assert_true(one->partial);
	g_assert_cmpstr(two->name, ==, "");
	g_assert_cmpstr(two->state, ==, "Hibernating");
	g_assert_cmpint(two->phase, ==, PHASE_PENDING);
	const Session *text = g_ptr_array_index(page->sessions, 2);
	g_assert_cmpstr(text->id, ==, "0b5c-x");
	provider_saw(f->server, 0, "GET /gate/livy/sessions?from=0&size=100 ",
		"X-Requested-By: sessionfs");
}

/* Records of the ids from..to-1. */
static void answer_page(ProviderFixture *f, guint total, guint from, guint to)
{
	g_autoptr(GString) body = g_string_new(NULL);

	g_string_printf(
		body, "{\"from\":%u,\"total\":%u,\"sessions\":[", from, total);
	for (guint id = from; id < to; id++)
		g_string_append_printf(body, "%s{\"id\":%u,\"state\":\"idle\"}",
			id > from ? "," : "", id);
	g_string_append(body, "]}");
	provider_answer(f, 200, body->str);
}

static const char *id_at(const SessionPage *page, guint i)
{
	return ((const Session *)g_ptr_array_index(page->sessions, i))->id;
}

static void pages_overlap_by_one_session(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	answer_page(f, 150, 0, 100);
	answer_page(f, 150, 99, 150);
	g_autoptr(SessionPage) one = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(one->sessions->len, ==, 100);
	g_autoptr(SessionPage) two = provider_list(f, one->next, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(two->sessions->len, ==, 50);
	g_assert_cmpstr(id_at(two, 0), ==, "100");
	g_assert_true(two->last);
	answer_page(f, 150, 149, 150);
	g_autoptr(SessionPage) three = provider_list(f, two->next, &error);
	g_assert_no_error(error);
	g_assert_null(three->next);
	g_assert_true(three->counted);
	provider_saw(f->server, 1, "GET /gate/livy/sessions?from=99&size=101 ",
		NULL);
}

/* Three of the first page end before the second is asked for: what stood at 100
 * to 102 stands at 97 to 99 then, where nobody would look. */
static void sessions_that_shift_are_not_lost(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;
	gboolean found[150] = {FALSE};

	answer_page(f, 150, 0, 100);
	answer_page(f, 147, 102, 150); /* offset 99 now */
	answer_page(f, 147, 3, 150);   /* offset 0 now */
	g_autoptr(SessionPage) one = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_autoptr(SessionPage) two = provider_list(f, one->next, &error);
	g_assert_no_error(error);
	g_assert_true(two->last);
	for (guint i = 0; i < two->sessions->len; i++)
		found[g_ascii_strtoull(id_at(two, i), NULL, 10)] = TRUE;
	for (guint id = 100; id < 150; id++)
		g_assert_true(found[id]);
	provider_saw(
		f->server, 2, "GET /gate/livy/sessions?from=0&size=200 ", NULL);
}

/* Whatever the total says. */
static void a_listing_ends_where_a_page_is_empty(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"from\":99,\"total\":1000000,\"sessions\":[{\"id\":99}]}");
	g_autoptr(SessionPage) page = provider_list(f, "100:100:99", &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 0);
	g_assert_null(page->next);
	g_assert_false(page->counted);
}

/* Services that speak like Livy count the page. */
static void a_total_of_the_page_proves_nothing(
	ProviderFixture *f, const void *unused)
{
	static const guint rows[][3] = {{0, 20, 20}, {19, 40, 21}, {39, 40, 1}};
	g_autofree char *token = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		answer_page(f, rows[i][2], rows[i][0], rows[i][1]);
		g_autoptr(SessionPage) page = provider_list(f, token, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(page->sessions->len, ==, i < 2 ? 20 : 0);
		g_assert_false(page->counted);
		g_free(token);
		token = g_strdup(page->next);
	}
	g_assert_null(token);
}

/* One session: an overlap would look like a total that is right. */
static void a_page_of_one_does_not_overlap(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	answer_page(f, 1, 0, 1);
	answer_page(f, 1, 1, 1);
	g_autoptr(SessionPage) one = provider_list(f, NULL, &error);
	g_autoptr(SessionPage) two = provider_list(f, one->next, &error);
	g_assert_no_error(error);
	g_assert_null(two->next);
	g_assert_true(two->counted);
	provider_saw(
		f->server, 1, "GET /gate/livy/sessions?from=1&size=100 ", NULL);
}

/* A server that gives four at a time, of which the last has no id. */
static void a_record_without_an_id_ends_no_listing(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"from\":0,\"total\":6,\"sessions\":[{\"id\":0},{\"id\":1},"
		"{\"id\":2},{\"id\":null}]}");
	answer_page(f, 6, 4, 6);
	g_autoptr(SessionPage) one = provider_list(f, NULL, &error);
	g_autoptr(SessionPage) two = provider_list(f, one->next, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(one->skipped, ==, 1);
	g_assert_cmpuint(two->sessions->len, ==, 2);
	provider_saw(
		f->server, 1, "GET /gate/livy/sessions?from=4&size=100 ", NULL);
}

static void answers_that_make_no_sense_are_errors(
	ProviderFixture *f, const void *unused)
{
	static const char *const rows[] = {"[]", "7", "", "<html>",
		"{\"sessions\":{}}", "{\"message\":\"no\"}"};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		tiny_server_rest(f->server, (TinyAnswer){.body = rows[i]});
		g_assert_null(provider_list(f, NULL, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(provider_list(f, "no token", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
}

/* ---- one session ---- */

static void one_session_is_read(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, " \n" RECORD "\n");
	g_autoptr(Session) session = provider_get(f, "4", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(session->body, ==, RECORD);
	provider_saw(f->server, 0, "GET /gate/livy/sessions/4 ", NULL);
}

/* The server takes a name in place of an id. */
static void a_name_is_no_id(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, RECORD);
	g_assert_null(provider_get(f, "alpha", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	provider_saw(f->server, 0, "GET /gate/livy/sessions/alpha ", NULL);
}

static void an_id_may_be_any_text(ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"id\":\"0b5c/9\",\"state\":\"idle\",\"kind\":\"spark\"}");
	g_autoptr(Session) session = provider_get(f, "0b5c/9", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(session->id, ==, "0b5c/9");
	provider_saw(f->server, 0, "GET /gate/livy/sessions/0b5c%2F9 ", NULL);
}

/* ---- the log ---- */

static GBytes *describe(ProviderFixture *f, const char *body,
	gint64 *ret_until_ms, GError **error)
{
	const Call call = provider_soon();

	return backend_describe(f->backend, f->workspace, "4", body,
		SESSION_LOG, &call, ret_until_ms, error);
}

static void the_log_lives_as_long_as_its_session(
	ProviderFixture *f, const void *unused)
{
	static const char log[] = "{\"id\":4,\"from\":0,\"total\":3,\"log\":["
				  "\"stdout: \",\"one\",\"\\nstderr: \"]}";
	g_autoptr(GError) error = NULL;
	gint64 until_ms = -1;

	tiny_server_rest(f->server, (TinyAnswer){.body = log});
	g_autoptr(GBytes) alive =
		describe(f, "{\"state\":\"busy\"}", &until_ms, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(alive, NULL), g_bytes_get_size(alive),
		"\x1d-stdout\none\n\x1d-stderr\n", 22);
	g_assert_cmpint(until_ms, >, g_get_real_time() / 1000);
	g_assert_cmpint(until_ms, <=, g_get_real_time() / 1000 + 5000);
	g_autoptr(GBytes) dead =
		describe(f, "{\"state\":\"dead\"}", &until_ms, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(alive, dead));
	g_assert_cmpint(until_ms, ==, 0);
	g_autoptr(GBytes) unknown = describe(f, "", &until_ms, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(alive, unknown));
	g_assert_cmpint(until_ms, >, 0);
	provider_saw(f->server, 0,
		"GET /gate/livy/sessions/4/log?from=-1&size=200 ", NULL);
}

static void a_log_that_is_none_is_an_error(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;
	gint64 until_ms = -1;

	provider_answer(f, 200, "{\"log\":\"x\"}");
	g_assert_null(describe(f, NULL, &until_ms, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
	g_assert_cmpint(until_ms, ==, -1);
}

/* ---- creating ---- */

static void a_session_without_a_name_gets_one(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 201, RECORD);
	g_autofree char *id =
		provider_create(f, "{\"kind\":\"spark\"}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "4");
	provider_saw(f->server, 0, "POST /gate/livy/sessions ",
		"{\"kind\":\"spark\",\"name\":\"" OWN_NAME "\"}");
	provider_saw(f->server, 0, "POST ", "X-Requested-By: sessionfs");
	provider_saw(f->server, 0, "POST ", "content-type: application/json");
}

static void answer_not_found(ProviderFixture *f)
{
	provider_answer(f, 404, "{\"msg\":\"Session 'x' not found.\"}");
}

static void a_given_name_stays_and_is_asked_for_first(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	answer_not_found(f);
	provider_answer(f, 201, RECORD);
	g_autofree char *id =
		provider_create(f, "{\"name\":\"al/pha\"}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "4");
	provider_saw(f->server, 0, "GET /gate/livy/sessions/al%2Fpha ", NULL);
	provider_saw(f->server, 1, "POST ", "\r\n\r\n{\"name\":\"al/pha\"}");
}

static void a_given_name_is_never_ours(ProviderFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *body;
		gboolean is_free;
	} rows[] = {
		{404, "{\"msg\":\"Session 'alpha' not found.\"}", TRUE},
		/* No Livy's answer. */
		{404, "", FALSE},
		{403, "", FALSE},
		{200, "{\"id\":4,\"name\":\"beta\"}", FALSE},
		{200, "[]", FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, rows[i].status, rows[i].body);
		g_autoptr(CreatePlan) plan =
			provider_plan(f, "{\"name\":\"alpha\"}", &error);
		g_assert_no_error(error);
		g_assert_cmpstr(plan->name, ==, "alpha");
		g_assert_cmpstr(plan->body, ==, "{\"name\":\"alpha\"}");
		g_assert_cmpint(plan->fresh, ==, rows[i].is_free);
		g_assert_false(plan->unique || plan->repeatable);
	}
}

static void a_given_name_that_is_taken_is_not_sent(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, RECORD);
	g_assert_null(provider_plan(f, "{\"name\":\"alpha\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_EXISTS);
	g_assert_nonnull(strstr(error->message, "alpha"));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

/* An answer that hangs leaves time to send what is planned. */
static void asking_for_a_name_takes_half_of_the_time(
	ProviderFixture *f, const void *unused)
{
	static const char spec[] = "{\"name\":\"alpha\"}";
	gint64 now_us = g_get_monotonic_time();
	const Call call = {.deadline_us = now_us + 2 * G_USEC_PER_SEC};
	g_autoptr(GError) error = NULL;

	tiny_server_rest(f->server, (TinyAnswer){.kind = TINY_HANG});
	g_autoptr(CreatePlan) plan = backend_plan(f->backend, f->workspace,
		spec, strlen(spec), TOKEN, &call, &error);
	g_assert_no_error(error);
	g_assert_false(plan->unique || plan->repeatable || plan->fresh);
	g_assert_cmpint(
		g_get_monotonic_time(), <, call.deadline_us - 100 * 1000);
}

static void a_token_of_the_spec_makes_the_name(
	ProviderFixture *f, const void *unused)
{
	static const char spec[] =
		"{\"kind\":\"sql\",\"clientToken\":\"nightly-1\"}";
	g_autoptr(GError) error = NULL;
	g_autofree char *own =
		backend_spec_token(f->backend, spec, strlen(spec));
	g_autofree char *kept =
		backend_kept_spec(f->backend, spec, strlen(spec));

	g_assert_cmpstr(own, ==, "nightly-1");
	g_assert_cmpstr(kept, ==, "{\"kind\":\"sql\"}");
	g_assert_true(check(f, spec, &error));
	g_assert_false(check(f, "{\"clientToken\":\"\"}", NULL));
	g_autoptr(CreatePlan) one = provider_plan(f, spec, &error);
	g_autoptr(CreatePlan) again = provider_plan(f, spec, &error);
	g_autoptr(CreatePlan) other =
		provider_plan(f, "{\"clientToken\":\"nightly-2\"}", &error);
	g_assert_no_error(error);
	g_assert_true(create_plan_equal(one, again));
	g_assert_cmpstr(one->name, ==, "sessionfs-" NIGHTLY);
	g_assert_cmpstr(one->body, ==,
		"{\"kind\":\"sql\",\"name\":\"sessionfs-" NIGHTLY "\"}");
	g_assert_true(one->unique && one->repeatable && one->fresh);
	g_assert_cmpstr(one->name, !=, other->name);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
	/* It stays away where a name was given, too. */
	answer_not_found(f);
	g_autoptr(CreatePlan) named = provider_plan(
		f, "{\"name\":\"a\",\"clientToken\":\"t\"}", &error);
	g_assert_cmpstr(named->body, ==, "{\"name\":\"a\"}");
}

static void a_server_that_knows_no_names_gets_none(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200,
		"{\"total\":1,\"sessions\":[{\"id\":1,\"state\":\"idle\"}]}");
	provider_answer(f, 201, "{\"id\":2}");
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_cmpuint(page->sessions->len, ==, 1);
	g_autofree char *id = provider_create(f, "{}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "2");
	g_autofree char *request = tiny_server_request(f->server, 1);
	g_assert_null(strstr(request, "name"));
	/* Nobody could find it again. */
	g_autoptr(CreatePlan) plan =
		provider_plan(f, "{\"clientToken\":\"t\"}", &error);
	g_assert_cmpstr(plan->body, ==, "{}");
	g_assert_cmpstr(plan->name, ==, "");
	g_assert_false(plan->unique || plan->repeatable || plan->fresh);
	g_assert_null(provider_plan(f, "{\"name\":\"alpha\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
}

static void a_refused_name_is_left_out_of_the_next_plan(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CreatePlan) before =
		provider_plan(f, "{\"kind\":\"spark\"}", &error);
	const Call call = provider_soon();

	provider_answer(f, 400,
		"\"Unrecognized field \\\"name\\\" (class x), not marked\"");
	g_assert_null(backend_create(
		f->backend, f->workspace, before, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	g_clear_error(&error);
	g_autoptr(CreatePlan) after =
		provider_plan(f, "{\"kind\":\"spark\"}", &error);
	g_assert_false(create_plan_equal(before, after));
	g_assert_cmpstr(after->body, ==, "{\"kind\":\"spark\"}");
	g_assert_false(after->unique || after->repeatable || after->fresh);
	/* Nothing else is. */
	provider_answer(f, 400,
		"\"Unrecognized field \\\"ttl\\\" (class x), not marked\"");
	g_assert_null(provider_create(f, "{\"kind\":\"sql\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	g_assert_cmpstr(error->message, ==,
		"Unrecognized field \"ttl\"; this server's Livy is too old for "
		"it");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
}

static void a_lost_answer_is_looked_up_by_name(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_CLOSE});
	provider_answer(f, 200,
		"{\"id\":9,\"name\":\"" OWN_NAME "\",\"state\":\"starting\"}");
	g_autofree char *id = provider_create(f, "{}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "9");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 2);
	provider_saw(
		f->server, 1, "GET /gate/livy/sessions/" OWN_NAME " ", NULL);
}

static void a_lost_answer_stays_open_where_nothing_is_found(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *spec, *asked, *says;
		guint requests;
	} rows[] = {
		{"{}", NULL, "the session " OWN_NAME " may exist: ", 2},
		/* What has that name now may be somebody else's. */
		{"{\"name\":\"alpha\"}",
			"{\"msg\":\"Session 'alpha' not found.\"}",
			"the session alpha may exist: ", 2},
		{"{\"name\":\"alpha\"}", "",
			"the session alpha may exist: ", 2},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		guint before = tiny_server_requests(f->server);
		g_autoptr(GError) error = NULL;

		if (rows[i].asked)
			provider_answer(f, 404, rows[i].asked);
		tiny_server_push(f->server, (TinyAnswer){.kind = TINY_CLOSE});
		tiny_server_rest(
			f->server, (TinyAnswer){.status = 404,
					   .body = "{\"msg\":\"Session 'x' not "
						   "found.\"}"});
		g_assert_null(provider_create(f, rows[i].spec, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
		g_assert_true(g_str_has_prefix(error->message, rows[i].says));
		g_assert_cmpuint(tiny_server_requests(f->server) - before, ==,
			rows[i].requests);
	}
}

static void a_lost_answer_without_a_name_stays_open(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(CreatePlan) plan = create_plan_new();
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	g_free(plan->body);
	plan->body = g_strdup("{}");
	tiny_server_push(f->server, (TinyAnswer){.kind = TINY_CLOSE});
	g_assert_null(
		backend_create(f->backend, f->workspace, plan, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_true(
		g_str_has_prefix(error->message, "the session may exist: "));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

#define TAKEN "{\"msg\":\"Duplicate session name: Some(x) for session 7\"}"

static void our_own_name_taken_means_that_it_is_ours(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 400, TAKEN);
	provider_answer(f, 200, "{\"id\":6,\"name\":\"" OWN_NAME "\"}");
	g_autofree char *id = provider_create(f, "{}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "6");
	/* Where it cannot be found, nobody knows. */
	provider_answer(f, 400, TAKEN);
	provider_answer(f, 404, "");
	g_assert_null(provider_create(f, "{}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
}

static void a_given_name_goes_to_one_of_two_that_saw_it_free(
	ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	answer_not_found(f);
	answer_not_found(f);
	g_autoptr(CreatePlan) one =
		provider_plan(f, "{\"name\":\"x\"}", &error);
	g_autoptr(CreatePlan) other =
		provider_plan(f, "{\"name\":\"x\"}", &error);
	g_assert_no_error(error);
	g_assert_true(one->fresh && other->fresh);
	provider_answer(f, 201, "{\"id\":7,\"name\":\"x\"}");
	provider_answer(f, 400, TAKEN);
	g_autofree char *id =
		backend_create(f->backend, f->workspace, one, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "7");
	g_assert_null(
		backend_create(f->backend, f->workspace, other, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_EXISTS);
	g_assert_null(strstr(error->message, "may exist"));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 4);
	g_clear_error(&error);
	/* Nor is it ours where nobody knew whether it was free. */
	provider_answer(f, 404, "");
	provider_answer(f, 400, TAKEN);
	g_assert_null(provider_create(f, "{\"name\":\"x\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_EXISTS);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 6);
}

static void names_that_leak_a_driver_are_refused(
	ProviderFixture *f, const void *unused)
{
	static const char *const wrong[] = {"{\"name\":\"\"}",
		"{\"name\":\"0\"}", "{\"name\":\"123\"}", "{\"name\":5}"};

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(check(f, wrong[i], &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	}
	g_autoptr(GError) error = NULL;
	g_assert_true(check(f, "{\"name\":\"1a\"}", &error));
	g_assert_no_error(error);
}

static void members_newer_than_the_server_are_refused(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		const char *record;
		gboolean ttl, idle;
	} rows[] = {
		{RECORD_07, FALSE, FALSE},
		{"{\"id\":4,\"name\":null,\"ttl\":null}", TRUE, FALSE},
		{RECORD, TRUE, TRUE},
	};

	/* Before anything has shown the version all may pass. */
	g_assert_true(check(f, "{\"ttl\":\"1h\"}", NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		provider_answer(f, 200, rows[i].record);
		g_autoptr(Session) seen = provider_get(f, "4", &error);
		g_assert_no_error(error);
		g_assert_cmpstr(seen->id, ==, "4");
		g_assert_true(
			check(f, "{\"ttl\":\"1h\"}", &error) == rows[i].ttl);
		g_clear_error(&error);
		g_assert_true(check(f, "{\"idleTimeout\":\"1h\"}", &error) ==
			      rows[i].idle);
		if (!rows[i].idle)
			g_assert_nonnull(strstr(error->message, "idleTimeout"));
	}
}

static void an_empty_server_may_be_another_than_before(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, RECORD_07);
	provider_answer(f, 200, "{\"total\":0,\"sessions\":[]}");
	g_autoptr(Session) seen = provider_get(f, "4", &error);
	g_assert_cmpstr(seen->id, ==, "4");
	g_assert_false(check(f, "{\"ttl\":\"1h\"}", NULL));
	g_autoptr(SessionPage) page = provider_list(f, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(page->sessions->len, ==, 0);
	g_assert_true(check(f, "{\"ttl\":\"1h\"}", NULL));
}

static void the_version_is_asked_for_where_it_matters(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"version\":\"0.8.0-incubating\"}");
	g_assert_null(provider_create(f, "{\"idleTimeout\":\"1h\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
	provider_saw(f->server, 0, "GET /gate/livy/version ", NULL);
	g_clear_error(&error);
	provider_answer(f, 201, "{\"id\":3}");
	g_autofree char *id = provider_create(f, "{\"ttl\":\"1h\"}", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "3");
	provider_saw(
		f->server, 1, "POST /gate/livy/sessions ", "\"ttl\":\"1h\"");
}

static void a_plan_is_what_is_sent(ProviderFixture *f, const void *unused)
{
	g_autoptr(CreatePlan) plan =
		provider_plan_sent(f, "{\"kind\":\"spark\"}", RECORD);

	g_assert_cmpstr(plan->name, ==, OWN_NAME);
	g_assert_cmpstr(plan->id, ==, "");
	g_assert_true(plan->repeatable && plan->unique && plan->fresh);
}

/* ---- terminating ---- */

static void terminate_deletes(ProviderFixture *f, const void *unused)
{
	const Call call = provider_soon();
	g_autoptr(GError) error = NULL;

	provider_answer(f, 200, "{\"msg\":\"deleted\"}");
	g_assert_true(backend_control(f->backend, f->workspace, "4", NULL,
		"terminate", &call, &error));
	g_assert_no_error(error);
	provider_saw(f->server, 0, "DELETE /gate/livy/sessions/4 ",
		"X-Requested-By: sessionfs");
	g_assert_false(backend_control(
		f->backend, f->workspace, "4", NULL, "stop", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 1);
}

/* ---- refusals that no recorded answer holds ---- */

static void gateways_refuse_in_their_own_ways(
	ProviderFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *body;
		BackendErrorCode code;
		const char *says;
	} rows[] = {
		{401, "", BACKEND_ERROR_NO_KEY, "set the section's key auth"},
		{401, "<html><title>Error 401 Unauthorized</title></html>",
			BACKEND_ERROR_NO_KEY, "Unauthorized"},
		{403, "{\"msg\":\"User 'bob' not allowed\"}",
			BACKEND_ERROR_DENIED, "bob"},
		{403, "", BACKEND_ERROR_DENIED, "not allowed"},
		{407, "", BACKEND_ERROR_DENIED, "proxy"},
		{404, "<html><body>nginx</body></html>",
			BACKEND_ERROR_UNSUPPORTED, "url"},
		{406, "", BACKEND_ERROR_UNSUPPORTED, "url"},
		{409, "", BACKEND_ERROR_CONFLICT, ""},
		{418, "\"short and stout\"", BACKEND_ERROR_INVALID, "stout"},
		{400, "{\"msg\":7}", BACKEND_ERROR_INVALID, "refused"},
		{400, "{\"message\":\"odd\"}", BACKEND_ERROR_INVALID, "odd"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		tiny_server_rest(
			f->server, (TinyAnswer){.status = rows[i].status,
					   .body = rows[i].body});
		g_assert_null(provider_get(f, "4", &error));
		g_assert_error(error, BACKEND_ERROR, (int)rows[i].code);
		if (!strstr(error->message, rows[i].says))
			g_error("no \"%s\": %s", rows[i].says, error->message);
	}
}

static void who_asks_for_kerberos_is_told_of(
	ProviderFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	tiny_server_rest(f->server,
		(TinyAnswer){.status = 401,
			.headers = "WWW-Authenticate: Negotiate\r\n"});
	g_assert_null(provider_get(f, "4", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_NO_KEY);
	g_assert_nonnull(strstr(error->message, "kinit"));
}

static void a_gateway_without_livy_is_asked_again(
	ProviderFixture *f, const void *unused)
{
	static const char page[] = "<html><head><title>503 Service\n"
				   "Unavailable</title></head></html>";
	g_autoptr(GError) error = NULL;

	provider_answer(f, 503, page);
	provider_answer(f, 502, "");
	provider_answer(f, 200, RECORD);
	g_autoptr(Session) session = provider_get(f, "4", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(session->id, ==, "4");
	/* But a create may have gone through. */
	provider_answer(f, 404, "");
	provider_answer(f, 503, page);
	g_assert_null(provider_create(f, "{\"name\":\"a\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_nonnull(strstr(error->message, "503 Service Unavailable"));
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 5);
}

#define ADD(path, test)                                                        \
	g_test_add("/livy/" path, ProviderFixture, NULL, set_up, test,         \
		provider_close)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("workspace/the-server-is-the-one", the_server_is_the_one_workspace);
	ADD("workspace/another-is-not-asked-for",
		another_workspace_is_not_asked_for);
	g_test_add_func(
		"/livy/open/urls", urls_become_workspaces_or_are_refused);
	g_test_add_func("/livy/open/environment",
		without_a_url_the_environment_names_the_server);
	ADD("list/records-become-sessions", records_become_sessions);
	ADD("list/pages-overlap", pages_overlap_by_one_session);
	ADD("list/sessions-that-shift-are-not-lost",
		sessions_that_shift_are_not_lost);
	ADD("list/it-ends", a_listing_ends_where_a_page_is_empty);
	ADD("list/total-of-the-page", a_total_of_the_page_proves_nothing);
	ADD("list/one", a_page_of_one_does_not_overlap);
	ADD("list/no-id-at-the-end", a_record_without_an_id_ends_no_listing);
	ADD("list/nonsense", answers_that_make_no_sense_are_errors);
	ADD("get/one-session", one_session_is_read);
	ADD("get/a-name", a_name_is_no_id);
	ADD("get/any-text", an_id_may_be_any_text);
	ADD("log/lives-as-long-as-its-session",
		the_log_lives_as_long_as_its_session);
	ADD("log/nonsense", a_log_that_is_none_is_an_error);
	ADD("create/a-name-is-made-up", a_session_without_a_name_gets_one);
	ADD("create/a-given-name-stays",
		a_given_name_stays_and_is_asked_for_first);
	ADD("create/a-free-name-is-ours", a_given_name_is_never_ours);
	ADD("create/a-taken-name-is-not-sent",
		a_given_name_that_is_taken_is_not_sent);
	ADD("create/asking-takes-half-of-the-time",
		asking_for_a_name_takes_half_of_the_time);
	ADD("create/a-token-makes-the-name",
		a_token_of_the_spec_makes_the_name);
	ADD("create/no-name-where-none-is-known",
		a_server_that_knows_no_names_gets_none);
	ADD("create/a-refused-name-is-left-out",
		a_refused_name_is_left_out_of_the_next_plan);
	ADD("create/a-lost-answer-is-looked-up",
		a_lost_answer_is_looked_up_by_name);
	ADD("create/a-lost-answer-stays-open",
		a_lost_answer_stays_open_where_nothing_is_found);
	ADD("create/a-lost-answer-without-a-name",
		a_lost_answer_without_a_name_stays_open);
	ADD("create/our-own-name-taken",
		our_own_name_taken_means_that_it_is_ours);
	ADD("create/one-free-name-for-two",
		a_given_name_goes_to_one_of_two_that_saw_it_free);
	ADD("spec/names-that-leak-a-driver",
		names_that_leak_a_driver_are_refused);
	ADD("spec/newer-members", members_newer_than_the_server_are_refused);
	ADD("spec/an-empty-server", an_empty_server_may_be_another_than_before);
	ADD("create/the-version-is-asked-for",
		the_version_is_asked_for_where_it_matters);
	ADD("create/a-plan-is-what-is-sent", a_plan_is_what_is_sent);
	ADD("control/terminate-deletes", terminate_deletes);
	ADD("refusals/gateways", gateways_refuse_in_their_own_ways);
	ADD("refusals/kerberos", who_asks_for_kerberos_is_told_of);
	ADD("refusals/a-gateway-without-livy",
		a_gateway_without_livy_is_asked_again);
	return g_test_run();
}
