#include "tests/memory/memory.h"

#include <pthread.h>
#include <string.h>

#include "backends/base/json.h"
#include "backends/classes.h"
#include "until.h"

#define SPEC "{\"name\":\"n\",\"kind\":\"SQL\"}"

/* Opens one from "key=value" texts. */
static Backend *open_memory(const char *first, ...)
{
	g_autoptr(GHashTable) keys =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_autoptr(GError) error = NULL;
	va_list pairs;

	va_start(pairs, first);
	for (const char *pair = first; pair; pair = va_arg(pairs, char *)) {
		g_auto(GStrv) parts = g_strsplit(pair, "=", 2);
		g_hash_table_insert(
			keys, g_strdup(parts[0]), g_strdup(parts[1]));
	}
	va_end(pairs);
	Backend *memory = backend_open(&memory_class, keys, &error);
	g_assert_no_error(error);
	return memory;
}

static Call call_for(gint64 ms)
{
	return (Call){.deadline_us = g_get_monotonic_time() + ms * 1000};
}

static char *create(
	Backend *memory, const char *spec, const char *token, GError **error)
{
	const Call call = call_for(5000);
	g_autoptr(CreatePlan) plan = backend_plan(
		memory, "m-1", spec, strlen(spec), token, &call, error);

	return plan ? backend_create(memory, "m-1", plan, &call, error) : NULL;
}

static char *state_of(Backend *memory, const char *id)
{
	const Call call = call_for(5000);
	g_autoptr(GError) error = NULL;
	g_autoptr(Session) session =
		backend_get(memory, "m-1", id, &call, &error);

	return g_strdup(session ? session->state : error->message);
}

static gboolean control(
	Backend *memory, const char *id, const char *verb, GError **error)
{
	const Call call = call_for(5000);

	return backend_control(memory, "m-1", id, NULL, verb, &call, error);
}

static void pages_follow_one_another_to_the_end(void)
{
	g_autoptr(Backend) memory =
		open_memory("sessions=250", "page=100", NULL);
	const Call call = call_for(5000);
	g_autofree char *token = NULL;
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	guint pages = 0;

	do {
		g_autoptr(GError) error = NULL;
		g_autoptr(SessionPage) page =
			backend_list_page(memory, "m-1", token, &call, &error);
		g_assert_no_error(error);
		g_assert_cmpint(page->total, ==, 250);
		for (guint i = 0; i < page->sessions->len; i++) {
			const Session *s = g_ptr_array_index(page->sessions, i);
			g_hash_table_add(seen, g_strdup(s->id));
		}
		g_free(token);
		token = g_steal_pointer(&page->next);
		pages++;
	} while (token);
	g_assert_cmpuint(pages, ==, 3);
	g_assert_cmpuint(g_hash_table_size(seen), ==, 250);
	g_assert_cmpuint(memory_calls(memory, MEMORY_LIST_PAGE), ==, 3);
}

/* The ids on a page, each by its last letter. */
static char *ids_on(const SessionPage *page)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < page->sessions->len; i++) {
		const Session *s = g_ptr_array_index(page->sessions, i);

		g_string_append_c(out, s->id[strlen(s->id) - 1]);
	}
	return g_string_free(out, FALSE);
}

static void listings_are_such_as_the_class_has_them(void)
{
	const Call call = call_for(5000);
	BackendClass class = memory_class;
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(Backend) plain = open_memory(NULL, NULL);
	g_autoptr(GError) error = NULL;

	g_hash_table_insert(keys, (gpointer) "sessions", (gpointer) "5");
	g_hash_table_insert(keys, (gpointer) "page", (gpointer) "2");
	memory_class_lists(&class, TRUE, TRUE);
	g_autoptr(Backend) memory = backend_open(&class, keys, &error);
	g_assert_no_error(error);
	memory_put(memory, "m-1", "s-000004", NULL, "Stopped");
	g_autoptr(SessionPage) newest =
		backend_list_page(memory, "m-1", NULL, &call, &error);
	g_autofree char *first = ids_on(newest);
	g_assert_cmpstr(first, ==, "54");
	g_autoptr(SessionPage) one =
		backend_list_living(memory, "m-1", NULL, &call, &error);
	g_autofree char *living = ids_on(one);
	g_assert_cmpstr(living, ==, "53");
	g_autoptr(SessionPage) two =
		backend_list_living(memory, "m-1", one->next, &call, &error);
	g_autofree char *rest = ids_on(two);
	g_assert_cmpstr(rest, ==, "21");
	g_assert_null(two->next);
	g_assert_no_error(error);
	g_assert_null(backend_list_living(plain, "m-1", NULL, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
}

static void an_endless_listing_repeats_its_token(void)
{
	g_autoptr(Backend) memory = open_memory("sessions=3", NULL);
	const Call call = call_for(5000);

	memory_loop(memory, "0");
	g_autoptr(SessionPage) page =
		backend_list_page(memory, "m-1", "0", &call, NULL);
	g_assert_cmpstr(page->next, ==, "0");
}

static void a_created_session_stands_stopped_until_it_is_started(void)
{
	g_autoptr(Backend) memory = open_memory(NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *id = create(memory, SPEC, "t1", &error);

	g_assert_no_error(error);
	g_autofree char *before = state_of(memory, id);
	g_assert_cmpstr(before, ==, "Stopped");
	g_assert_true(control(memory, id, "start", &error));
	g_autofree char *after = state_of(memory, id);
	g_assert_cmpstr(after, ==, "Running");
	g_assert_false(control(memory, id, "start", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
}

static void states_take_their_time(void)
{
	g_autoptr(Backend) memory =
		open_memory("start_ms=600000", "auto_start=true", NULL);
	g_autofree char *id = create(memory, SPEC, "t1", NULL);
	g_autofree char *before = state_of(memory, id);

	g_assert_cmpstr(before, ==, "Starting");
	memory_forward(memory, 300000);
	g_autofree char *between = state_of(memory, id);
	g_assert_cmpstr(between, ==, "Starting");
	memory_forward(memory, 300000);
	g_autofree char *after = state_of(memory, id);
	g_assert_cmpstr(after, ==, "Running");
}

static void a_token_given_again_answers_the_same_session(void)
{
	g_autoptr(Backend) memory = open_memory(NULL, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *first = create(memory, SPEC, "t1", NULL);
	g_autofree char *again = create(memory, SPEC, "t1", NULL);
	g_autofree char *other = create(memory, SPEC, "t2", NULL);

	g_assert_cmpstr(first, ==, again);
	g_assert_cmpstr(first, !=, other);
	g_assert_null(create(memory, "{\"name\":\"else\"}", "t1", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_EXISTS);
	g_autofree char *own = create(memory,
		"{\"name\":\"n\",\"kind\":\"SQL\",\"clientToken\":\"t1\"}",
		"t9", NULL);
	g_assert_cmpstr(own, ==, first);
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, 2);
}

static void a_lost_answer_leaves_a_session_behind(void)
{
	g_autoptr(Backend) memory = open_memory(NULL, NULL);
	g_autoptr(GError) error = NULL;

	memory_lose_answers(memory, 1);
	g_assert_null(create(memory, SPEC, "t1", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, 1);
	g_autofree char *id = create(memory, SPEC, "t1", NULL);
	g_assert_nonnull(id);
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, 1);
}

static void who_is_forgetful_makes_another_session(void)
{
	g_autoptr(Backend) sure = open_memory(NULL, NULL);
	g_autoptr(Backend) memory = open_memory("forgetful=true", NULL);
	const Call call = call_for(5000);
	g_autoptr(CreatePlan) known = backend_plan(
		sure, "m-1", SPEC, strlen(SPEC), "t1", &call, NULL);
	g_autoptr(CreatePlan) plan = backend_plan(
		memory, "m-1", SPEC, strlen(SPEC), "t1", &call, NULL);
	g_autofree char *first =
		backend_create(memory, "m-1", plan, &call, NULL);
	g_autofree char *again =
		backend_create(memory, "m-1", plan, &call, NULL);

	g_assert_true(known->repeatable);
	g_assert_false(plan->repeatable);
	g_assert_false(plan->unique);
	g_assert_cmpstr(plan->name, ==, "n");
	g_assert_cmpstr(first, !=, again);
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, 2);
}

static gboolean list(Backend *memory, GError **error)
{
	const Call call = call_for(5000);
	g_autoptr(SessionPage) page =
		backend_list_page(memory, "m-1", NULL, &call, error);

	return page != NULL;
}

static void the_nth_call_fails_as_scripted(void)
{
	g_autoptr(Backend) memory = open_memory("sessions=1", NULL);

	memory_fail(memory, MEMORY_LIST_PAGE, 1, 2, BACKEND_ERROR_THROTTLED);
	for (guint i = 0; i < 5; i++) {
		g_autoptr(GError) error = NULL;
		gboolean fine = list(memory, &error);

		g_assert_cmpint(fine, ==, i != 1 && i != 2);
		if (!fine)
			g_assert_error(
				error, BACKEND_ERROR, BACKEND_ERROR_THROTTLED);
	}
	memory_fail(memory, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_REMOTE);
	for (guint i = 0; i < 3; i++)
		g_assert_false(list(memory, NULL));
	memory_heal(memory);
	g_assert_true(list(memory, NULL));
}

static void a_delayed_call_ends_at_its_deadline(void)
{
	g_autoptr(Backend) memory = open_memory("delay_ms=60000", NULL);
	const Call call = call_for(100);
	gint64 before = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;

	g_assert_null(backend_list_page(memory, "m-1", NULL, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpint(g_get_monotonic_time() - before, >=, 100 * 1000);
	g_assert_cmpint(g_get_monotonic_time() - before, <, 30 * 1000000);
}

static void *list_in_thread(void *data)
{
	GError *error = NULL;

	list(data, &error);
	return error;
}

static void wait_running(Backend *memory, guint wanted)
{
	fixture_until(memory_running(memory, MEMORY_LIST_PAGE) == wanted);
}

static void a_held_call_waits_for_its_release_or_the_abort(void)
{
	g_autoptr(Backend) memory = open_memory("sessions=1", NULL);
	pthread_t thread;
	void *problem;

	memory_hold(memory, MEMORY_LIST_PAGE);
	pthread_create(&thread, NULL, list_in_thread, memory);
	wait_running(memory, 1);
	memory_release(memory, MEMORY_LIST_PAGE);
	pthread_join(thread, &problem);
	g_assert_null(problem);

	memory_hold(memory, MEMORY_LIST_PAGE);
	pthread_create(&thread, NULL, list_in_thread, memory);
	wait_running(memory, 1);
	backend_abort(memory);
	pthread_join(thread, &problem);
	g_autoptr(GError) error = problem;
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
	g_assert_cmpuint(memory_running(memory, MEMORY_LIST_PAGE), ==, 0);
}

static gboolean refuse_sending(void *asked)
{
	(*(guint *)asked)++;
	return FALSE;
}

static void a_create_that_may_not_be_sent_makes_nothing(void)
{
	g_autoptr(Backend) memory = open_memory(NULL, NULL);
	guint asked = 0;
	Call call = call_for(5000);
	g_autoptr(GError) error = NULL;
	g_autoptr(CreatePlan) plan = backend_plan(
		memory, "m-1", SPEC, strlen(SPEC), "t1", &call, NULL);

	call.sending = refuse_sending;
	call.data = &asked;
	g_assert_null(backend_create(memory, "m-1", plan, &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
	g_assert_cmpuint(asked, ==, 1);
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, 0);
}

static void sessions_come_change_and_go(void)
{
	g_autoptr(Backend) memory = open_memory(NULL, NULL);

	memory_put(memory, "m-1", "odd/..\n", NULL, "Running");
	memory_put(memory, "m-1", "odd/..\n", NULL, "Weird");
	g_autofree char *state = state_of(memory, "odd/..\n");
	g_assert_cmpstr(state, ==, "Weird");
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, 1);
	g_assert_true(memory_remove(memory, "m-1", "odd/..\n"));
	g_assert_false(memory_remove(memory, "m-1", "odd/..\n"));
	g_autofree char *gone = state_of(memory, "odd/..\n");
	g_assert_nonnull(strstr(gone, "no session"));
	memory_remove_workspace(memory, "m-1");
	g_assert_false(list(memory, NULL));
	memory_add_workspace(memory, "m-1");
	g_assert_true(list(memory, NULL));
}

static void a_rendered_config_creates_an_equal_session(void)
{
	static const char spec[] =
		"{\"name\":\"n\",\"limits\":{\"cores\":2},\"tags\":[\"a\"],"
		"\"conf\":{\"k\":\"v\"}}";
	g_autoptr(Backend) memory = open_memory(NULL, NULL);
	const Call call = call_for(5000);
	g_autofree char *id = create(memory, spec, "t1", NULL);
	g_autoptr(Session) session =
		backend_get(memory, "m-1", id, &call, NULL);
	g_autoptr(GString) config = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	backend_render(memory, SESSION_CONFIG, session->body, session->body_len,
		config);
	g_assert_true(backend_check_spec(
		memory, "m-1", config->str, config->len, &error));
	g_autoptr(Json) parsed = json_parse(config->str, config->len, NULL);
	g_autofree char *compact = json_print(parsed, FALSE);
	g_assert_cmpstr(compact, ==, spec);
}

/* ---- what few providers have ---- */

static Backend *open_rich(
	BackendClass *ret_class, const char *key, const char *value)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;
	Backend *memory;

	*ret_class = memory_rich_class(FALSE);
	g_hash_table_insert(keys, (char *)key, (char *)value);
	g_hash_table_insert(keys, (char *)"sessions", (char *)"1");
	memory = backend_open(ret_class, keys, &error);
	g_assert_no_error(error);
	memory_respec(memory, "m-1", "s-000001", SPEC);
	return memory;
}

static void a_listing_may_tell_but_a_part(void)
{
	BackendClass class;
	g_autoptr(Backend) memory = open_rich(&class, "thin_lists", "true");
	const Call call = call_for(5000);
	g_autoptr(SessionPage) page =
		backend_list_page(memory, "m-1", NULL, &call, NULL);
	g_autoptr(Session) whole =
		backend_get(memory, "m-1", "s-000001", &call, NULL);
	const Session *partial = g_ptr_array_index(page->sessions, 0);

	g_assert_true(partial->partial);
	g_assert_null(strstr(partial->body, "SQL"));
	g_assert_false(whole->partial);
	g_assert_nonnull(strstr(whole->body, "SQL"));
}

static void it_may_be_mute_and_timeless(void)
{
	BackendClass class;
	g_autoptr(Backend) mute = open_rich(&class, "mute", "true");
	g_autoptr(Backend) timeless = open_rich(&class, "timeless", "true");
	const Call call = call_for(5000);
	g_autoptr(Session) one =
		backend_get(mute, "m-1", "s-000001", &call, NULL);
	g_autoptr(Session) two =
		backend_get(timeless, "m-1", "s-000001", &call, NULL);

	g_assert_true(one->partial);
	g_assert_null(strstr(one->body, "SQL"));
	g_assert_cmpint(one->created_ms, >, 0);
	g_assert_cmpint(two->created_ms, ==, 0);
	g_assert_null(strstr(two->body, "created"));
}

static void on_demand_files_cost_a_call(void)
{
	BackendClass class;
	g_autoptr(Backend) memory = open_rich(&class, "describe_ms", "60000");
	const Call call = call_for(5000);
	gint64 until_ms = 0, now_ms = g_get_real_time() / 1000;
	g_autoptr(GError) error = NULL, gone = NULL;
	g_autoptr(GBytes) bytes = NULL;

	memory_say(memory, "m-1", "s-000001", "line");
	bytes = backend_describe(memory, "m-1", "s-000001", "{}", SESSION_LOG,
		&call, &until_ms, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
		"log of s-000001: line\n", 22);
	g_assert_cmpint(until_ms, >=, now_ms + 60000);
	g_assert_null(backend_describe(memory, "m-1", "s-000001", "{}",
		SESSION_WEBUI, &call, &until_ms, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNSUPPORTED);
	g_assert_null(backend_describe(memory, "m-1", "none", "{}", SESSION_LOG,
		&call, &until_ms, &gone));
	g_assert_error(gone, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_cmpuint(memory_calls(memory, MEMORY_DESCRIBE), ==, 2);
}

static void another_session_may_have_an_id(void)
{
	BackendClass class;
	g_autoptr(Backend) memory = open_rich(&class, "timeless", "true");
	const Call call = call_for(5000);

	memory_replace(memory, "m-1", "s-000001");
	g_autoptr(Session) one =
		backend_get(memory, "m-1", "s-000001", &call, NULL);
	memory_put(memory, "m-1", "s-000001", NULL, "Busy");
	g_autoptr(Session) same =
		backend_get(memory, "m-1", "s-000001", &call, NULL);
	memory_replace(memory, "m-1", "s-000001");
	g_autoptr(Session) other =
		backend_get(memory, "m-1", "s-000001", &call, NULL);
	g_assert_false(backend_is_other(memory, one, same));
	g_assert_true(backend_is_other(memory, one, other));
}

static void workspaces_and_sessions_take_more_verbs(void)
{
	BackendClass class;
	g_autoptr(Backend) memory = open_rich(&class, "page", "10");
	const Call call = call_for(5000);
	g_autoptr(GError) error = NULL;

	g_assert_true(
		backend_control_workspace(memory, "m-1", "stop", &call, NULL));
	g_autofree char *stopped = state_of(memory, "s-000001");
	g_assert_cmpstr(stopped, ==, "Stopped");
	g_assert_false(backend_control_workspace(
		memory, "m-9", "stop", &call, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_true(control(memory, "s-000001", "delete", NULL));
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, 0);
}

static void keys_out_of_range_are_refused(void)
{
	static const char *const wrong[][2] = {
		{"sessions", "-1"},
		{"page", "0"},
		{"start_ms", "soon"},
		{"fail", "create; fly"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GHashTable) keys =
			g_hash_table_new(g_str_hash, g_str_equal);
		g_autoptr(GError) error = NULL;

		g_hash_table_insert(
			keys, (char *)wrong[i][0], (char *)wrong[i][1]);
		g_assert_null(backend_open(&memory_class, keys, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		g_assert_nonnull(strstr(error->message, wrong[i][0]));
	}
}

static void actions_named_in_the_configuration_fail(void)
{
	g_autoptr(Backend) memory = open_memory("fail=create; get", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(create(memory, SPEC, "t1", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
	g_assert_true(list(memory, NULL));
}

#define THREADS 8
#define ROUNDS 100

static void *work(void *data)
{
	Backend *memory = data;
	const Call call = call_for(60000);

	for (guint i = 0; i < ROUNDS; i++) {
		g_autofree char *token =
			g_strdup_printf("%p-%u", (void *)pthread_self(), i);
		g_autofree char *id = create(memory, SPEC, token, NULL);
		g_assert_nonnull(id);
		g_assert_true(backend_control(
			memory, "m-1", id, NULL, "start", &call, NULL));
		g_autoptr(Session) session =
			backend_get(memory, "m-1", id, &call, NULL);
		g_assert_cmpstr(session->state, ==, "Running");
		g_assert_true(list(memory, NULL));
		memory_put(memory, "m-1", "shared", NULL, "Busy");
		if (i % 10 == 0)
			memory_remove(memory, "m-1", "shared");
	}
	return NULL;
}

static void many_threads_may_call_at_once(void)
{
	g_autoptr(Backend) memory = open_memory("page=10", NULL);
	pthread_t threads[THREADS];

	for (guint i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, memory);
	for (guint i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	memory_remove(memory, "m-1", "shared");
	g_assert_cmpuint(memory_size(memory, "m-1"), ==, THREADS * ROUNDS);
	g_assert_cmpuint(
		memory_calls(memory, MEMORY_CREATE), ==, THREADS * ROUNDS);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/memory/pages", pages_follow_one_another_to_the_end);
	g_test_add_func(
		"/memory/lists", listings_are_such_as_the_class_has_them);
	g_test_add_func("/memory/loop", an_endless_listing_repeats_its_token);
	g_test_add_func("/memory/two-steps",
		a_created_session_stands_stopped_until_it_is_started);
	g_test_add_func("/memory/time", states_take_their_time);
	g_test_add_func(
		"/memory/token", a_token_given_again_answers_the_same_session);
	g_test_add_func(
		"/memory/forgetful", who_is_forgetful_makes_another_session);
	g_test_add_func("/memory/lost", a_lost_answer_leaves_a_session_behind);
	g_test_add_func("/memory/fail", the_nth_call_fails_as_scripted);
	g_test_add_func(
		"/memory/deadline", a_delayed_call_ends_at_its_deadline);
	g_test_add_func(
		"/memory/hold", a_held_call_waits_for_its_release_or_the_abort);
	g_test_add_func(
		"/memory/sending", a_create_that_may_not_be_sent_makes_nothing);
	g_test_add_func("/memory/change", sessions_come_change_and_go);
	g_test_add_func(
		"/memory/config", a_rendered_config_creates_an_equal_session);
	g_test_add_func("/memory/thin", a_listing_may_tell_but_a_part);
	g_test_add_func("/memory/mute", it_may_be_mute_and_timeless);
	g_test_add_func("/memory/describe", on_demand_files_cost_a_call);
	g_test_add_func("/memory/replace", another_session_may_have_an_id);
	g_test_add_func(
		"/memory/verbs", workspaces_and_sessions_take_more_verbs);
	g_test_add_func("/memory/keys", keys_out_of_range_are_refused);
	g_test_add_func(
		"/memory/fail-key", actions_named_in_the_configuration_fail);
	g_test_add_func("/memory/threads", many_threads_may_call_at_once);
	return g_test_run();
}
