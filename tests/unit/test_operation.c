#include "cache_fixture.h"

#include <string.h>

static const char spec[] = "{\"name\":\"mine\"}";

static char *must_create(Fixture *f, guint32 workspace)
{
	g_autoptr(GError) error = NULL;
	char *answer = fixture_create(f, workspace, spec, &error);

	g_assert_no_error(error);
	return answer;
}

/* The value of a member of the answer, all of whose values are plain. */
static char *member(const char *answer, const char *key)
{
	g_autofree char *start = g_strdup_printf("\"%s\":\"", key);
	const char *at = strstr(answer, start);

	g_assert_nonnull(at);
	at += strlen(start);
	return g_strndup(at, strcspn(at, "\""));
}

static void a_create_is_one_session_that_runs(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *name = NULL, *state = NULL;
	g_autofree char *last = NULL, *path = NULL, *id = NULL, *shown = NULL;
	guint32 number, session;

	fixture_open(f, "sessions", "2", NULL);
	number = fixture_workspace(f, "m-1");
	answer = must_create(f, number);
	name = member(answer, "name");
	path = member(answer, "path");
	state = member(answer, "state");
	id = g_path_get_basename(path);
	g_assert_cmpstr(id, ==, "s-000003");
	g_assert_true(g_str_has_prefix(path, "m/m-1/"));
	/* The session's own, not the directory's. */
	g_assert_cmpstr(name, ==, "mine");
	g_assert_cmpstr(state, ==, "Running");
	g_assert_true(g_str_has_suffix(answer, "}\n"));
	last = cache_last(f->cache, number);
	g_assert_cmpstr(last, ==, id);
	session = fixture_find(f, number, id);
	shown = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(shown, ==, "Running\n");
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 3);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 1);
	g_assert_cmpuint(fixture_count_news(f, NEWS_APPEARED, session), ==, 1);
	g_assert_cmpuint(fixture_count_news(f, NEWS_TEXT, number), ==, 1);
}

static void the_second_step_can_be_left_out(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *state = NULL;
	guint32 number;

	f->start = FALSE;
	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	answer = must_create(f, number);
	state = member(answer, "state");
	g_assert_cmpstr(state, ==, "Stopped");
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 0);
}

static void a_bad_spec_costs_no_call(void)
{
	static const char *const specs[] = {
		"{bad", "[]", "{}", "{\"name\":1}", "{\"nmae\":\"x\"}", ""};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *text = NULL;
	guint32 number;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	for (guint i = 0; i < G_N_ELEMENTS(specs); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *answer =
			fixture_create(f, number, specs[i], &error);

		g_assert_null(answer);
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	}
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 0);
	text = cache_last_error(f->cache, number);
	g_assert_nonnull(strstr(text, "Z create in m/m-1: "));
}

static void a_refused_create_makes_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *text = NULL, *last = NULL;
	g_autoptr(GError) error = NULL;
	gint64 before;
	guint32 number;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	before = cache_text_mtime_ns(f->cache, number);
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_QUOTA);
	answer = fixture_create(f, number, spec, &error);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_QUOTA);
	text = cache_last_error(f->cache, number);
	g_assert_nonnull(strstr(text, "create in m/m-1"));
	g_assert_cmpint(cache_text_mtime_ns(f->cache, number), >, before);
	last = cache_last(f->cache, number);
	g_assert_null(last);
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 0);
	g_assert_cmpuint(fixture_count_news(f, NEWS_TEXT, number), ==, 1);
}

static void a_session_that_cannot_be_looked_at_stands_there(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *name = NULL, *state = NULL;
	g_autofree char *last = NULL, *later = NULL;
	guint32 number, session;

	f->start = FALSE;
	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_GONE);
	answer = must_create(f, number);
	name = member(answer, "session");
	session = fixture_find(f, number, name);
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, "");
	last = cache_last(f->cache, number);
	g_assert_cmpstr(last, ==, name);
	fixture_refresh(f, number);
	g_assert_cmpuint(fixture_find(f, number, name), ==, session);
	later = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(later, ==, "Stopped\n");
}

/* The budget is spent, the session not visible yet, the provider in trouble. */
static void a_session_that_cannot_be_looked_at_is_started(void)
{
	static const BackendErrorCode codes[] = {BACKEND_ERROR_BUDGET,
		BACKEND_ERROR_GONE, BACKEND_ERROR_TIMEOUT,
		BACKEND_ERROR_DENIED};

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autoptr(Fixture) f = fixture_new();
		g_autofree char *answer = NULL, *name = NULL, *state = NULL;
		guint32 number, session;

		fixture_open(f, NULL, NULL);
		number = fixture_workspace(f, "m-1");
		memory_fail(f->backend, MEMORY_GET, 0, 0, codes[i]);
		answer = must_create(f, number);
		g_assert_cmpuint(
			memory_calls(f->backend, MEMORY_CONTROL), ==, 1);
		name = member(answer, "session");
		session = fixture_find(f, number, name);
		fixture_refresh(f, number);
		state = fixture_read(f, session, SESSION_STATE);
		g_assert_cmpstr(state, ==, "Running\n");
	}
}

/* It began to run before anybody could see it. */
static void what_runs_already_need_not_be_started(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL;
	guint32 number;

	fixture_open(f, "auto_start", "true", NULL);
	number = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_DENIED);
	answer = must_create(f, number);
	g_assert_nonnull(answer);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 1);
}

static void a_start_that_fails_unseen_is_not_silent(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *text = NULL;
	g_autoptr(GError) error = NULL;
	guint32 number;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_DENIED);
	memory_fail(f->backend, MEMORY_CONTROL, 0, 1, BACKEND_ERROR_BUDGET);
	answer = fixture_create(f, number, spec, &error);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_nonnull(strstr(error->message, "was created and exists"));
	text = cache_last_error(f->cache, number);
	g_assert_nonnull(strstr(text, "was created and exists"));
	g_assert_cmpuint(cache_count(f->cache, number), ==, 1);
}

static void a_moment_of_ignorance_is_waited_for(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *state = NULL;

	fixture_open(f, NULL, NULL);
	memory_fail(f->backend, MEMORY_GET, 0, 2, BACKEND_ERROR_GONE);
	answer = must_create(f, fixture_workspace(f, "m-1"));
	state = member(answer, "state");
	g_assert_cmpstr(state, ==, "Running");
}

static void a_failed_start_says_that_the_session_exists(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *last = NULL;
	g_autoptr(GError) error = NULL;
	guint32 number;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CONTROL, 0, 1, BACKEND_ERROR_CONFLICT);
	answer = fixture_create(f, number, spec, &error);
	/* Any other code would say that there is no session. */
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_nonnull(strstr(error->message, "was created and exists"));
	last = cache_last(f->cache, number);
	g_assert_nonnull(last);
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 1);
}

static void the_same_token_is_the_same_session(void)
{
	static const char own[] = "{\"name\":\"x\",\"clientToken\":\"t-1\"}";
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = NULL, *two = NULL, *a = NULL, *b = NULL;
	guint32 number;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	one = fixture_create(f, number, own, NULL);
	two = fixture_create(f, number, own, NULL);
	a = member(one, "session");
	b = member(two, "session");
	g_assert_cmpstr(a, ==, b);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 1);
}

static void verbs_are_sent_and_seen(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *state = NULL, *shown = NULL;
	g_autoptr(GError) error = NULL;
	guint32 number, session;

	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000001");
	fixture_forget_news(f);
	answer = fixture_control(f, session, "stop", &error);
	g_assert_no_error(error);
	state = member(answer, "state");
	g_assert_cmpstr(state, ==, "Stopped");
	shown = fixture_read(f, session, SESSION_PHASE);
	g_assert_cmpstr(shown, ==, "stopped\n");
	g_assert_true(fixture_changed_files(f, session) & 1 << SESSION_PHASE);
}

static void verbs_that_make_no_sense_are_refused(void)
{
	g_autoptr(Fixture) f = fixture_new();
	static const struct {
		const char *verb;
		BackendErrorCode code;
	} cases[] = {
		{"start", BACKEND_ERROR_CONFLICT},
		{"explode", BACKEND_ERROR_UNSUPPORTED},
		{"", BACKEND_ERROR_INVALID},
		{NULL, BACKEND_ERROR_DENIED},
	};
	guint32 session;

	fixture_open(f, "sessions", "1", NULL);
	session = fixture_find(f, fixture_workspace(f, "m-1"), "s-000001");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *answer =
			fixture_control(f, session, cases[i].verb, &error);

		g_assert_null(answer);
		g_assert_error(error, BACKEND_ERROR, (int)cases[i].code);
	}
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 0);
}

static void a_verb_that_ends_a_session_takes_it_away(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *state = NULL;
	g_autoptr(GError) error = NULL;
	guint32 number, session;

	fixture_open(f, "sessions", "2", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000001");
	memory_fail(f->backend, MEMORY_GET, 0, 1, BACKEND_ERROR_GONE);
	answer = fixture_control(f, session, "stop", &error);
	g_assert_no_error(error);
	state = member(answer, "state");
	g_assert_cmpstr(state, ==, "");
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, session), ==, 1);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 1);
}

/* What is shown says stopped, the provider knows better. */
static void old_knowledge_does_not_refuse_a_verb(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL;
	g_autoptr(GError) error = NULL;
	guint32 session;

	fixture_open(f, NULL, NULL);
	memory_put(f->backend, "m-1", "s-1", NULL, "Stopped");
	session = fixture_find(f, fixture_workspace(f, "m-1"), "s-1");
	memory_put(f->backend, "m-1", "s-1", NULL, "Running");
	answer = fixture_control(f, session, "stop", &error);
	g_assert_no_error(error);
	g_assert_nonnull(answer);
}

static void rmdir_ends_only_where_it_may(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL;
	g_autoptr(GError) error = NULL;
	guint32 session;

	f->rmdir_ends = TRUE;
	fixture_open(f, "sessions", "1", NULL);
	session = fixture_find(f, fixture_workspace(f, "m-1"), "s-000001");
	answer = fixture_control(f, session, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 1);
}

static void read_only_sends_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) one = NULL, two = NULL, three = NULL, four = NULL;
	guint32 number, session;

	f->read_only = TRUE;
	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000001");
	g_assert_null(fixture_create(f, number, spec, &one));
	g_assert_error(one, BACKEND_ERROR, BACKEND_ERROR_READ_ONLY);
	g_assert_null(fixture_control(f, session, "stop", &two));
	g_assert_error(two, BACKEND_ERROR, BACKEND_ERROR_READ_ONLY);
	g_assert_null(fixture_create(f, 99999, spec, &three));
	g_assert_error(three, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_null(fixture_control(f, 99999, "stop", &four));
	g_assert_error(four, BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 0);
}

/* ---- operations against the clock ---- */

static void count_done(Operation *operation, void *data)
{
	__atomic_add_fetch((int *)data, 1, __ATOMIC_SEQ_CST);
}

static Operation *operation_later(Fixture *f, guint32 number, int *done)
{
	return cache_create(f->cache, number, spec, strlen(spec),
		g_get_monotonic_time() + 5 * G_USEC_PER_SEC, count_done, done);
}

/* Longer than any number of tries: what counts is the deadline. */
static void a_new_session_is_looked_for_as_long_as_there_is_time(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	g_autofree char *state = NULL;
	guint32 number;
	int done = 0;

	fixture_open(f, "auto_start", "true", NULL);
	number = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_GET, 0, 5, BACKEND_ERROR_REMOTE);
	operation = cache_create(f->cache, number, spec, strlen(spec),
		g_get_monotonic_time() + 15 * G_USEC_PER_SEC, count_done,
		&done);
	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
	g_assert_no_error(operation_error(operation));
	state = member(operation_answer(operation), "state");
	g_assert_cmpstr(state, ==, "Running");
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 0);
}

static void what_was_sent_cannot_be_dropped(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 number;
	int done = 0;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	memory_hold(f->backend, MEMORY_CREATE);
	operation = operation_later(f, number, &done);
	fixture_until(memory_running(f->backend, MEMORY_CREATE) == 1);
	g_assert_false(operation_drop(operation));
	memory_release(f->backend, MEMORY_CREATE);
	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
	g_assert_null(operation_error(operation));
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
}

/* Whatever thread is faster: dropped means nothing made, for ever. */
static void dropped_means_nothing_was_made(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;
	guint made = 0;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	for (guint i = 0; i < 200; i++) {
		int done = 0;
		g_autoptr(Operation) operation =
			operation_later(f, number, &done);
		gboolean dropped;

		for (gint n = g_test_rand_int_range(0, 3000); n > 0; n--)
			__asm__ volatile("");
		dropped = operation_drop(operation);
		fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
		made += !dropped;
		if (dropped)
			g_assert_error(operation_error(operation),
				BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
		g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, made);
	}
}

static void orders_do_not_wait_for_listings(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL;
	guint32 number;

	fixture_open(f, "sessions", "1", NULL);
	number = fixture_find(f, f->provider, "m-1");
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	g_free(fixture_names(f, number));
	fixture_until(memory_running(f->backend, MEMORY_LIST_PAGE) == 1);
	answer = must_create(f, number);
	g_assert_nonnull(answer);
	memory_release(f->backend, MEMORY_LIST_PAGE);
}

/* A page that was asked for before a verb must not undo what it did, nor the
 * end of a listing that began before a create take the session away. */
static void an_older_answer_undoes_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *name = NULL;
	guint32 number;

	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	for (guint i = 0; i < 30; i++) {
		guint64 relists =
			fixture_status_number(f, number, "generation");
		guint32 session;

		g_clear_pointer(&answer, g_free);
		g_clear_pointer(&name, g_free);
		memory_delay(f->backend, MEMORY_LIST_PAGE,
			g_test_rand_int_range(0, 4));
		cache_hold(f->cache, number, TRUE);
		answer = must_create(f, number);
		name = member(answer, "session");
		session = fixture_find(f, number, name);
		g_assert_cmpuint(session, !=, 0);
		fixture_refresh(f, number);
		g_assert_cmpuint(fixture_find(f, number, name), ==, session);
		g_assert_cmpuint(fixture_status_number(f, number, "generation"),
			>, relists);
	}
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, 0), ==, 0);
}

static void the_end_answers_all_orders(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Operation *operations[20];
	guint32 number;
	int done = 0;

	fixture_open(f, NULL, NULL);
	number = fixture_workspace(f, "m-1");
	memory_hold(f->backend, MEMORY_CREATE);
	for (guint i = 0; i < 20; i++)
		operations[i] = operation_later(f, number, &done);
	cache_stop(f->cache);
	g_assert_cmpint(done, ==, 20);
	for (guint i = 0; i < 20; i++) {
		g_assert_nonnull(operation_error(operations[i]));
		operation_unref(operations[i]);
	}
	operation_unref(operation_later(f, number, &done));
	g_assert_cmpint(done, ==, 21);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/order/" #name, name)
	ADD(a_create_is_one_session_that_runs);
	ADD(the_second_step_can_be_left_out);
	ADD(a_bad_spec_costs_no_call);
	ADD(a_refused_create_makes_nothing);
	ADD(a_session_that_cannot_be_looked_at_stands_there);
	ADD(a_session_that_cannot_be_looked_at_is_started);
	ADD(what_runs_already_need_not_be_started);
	ADD(a_start_that_fails_unseen_is_not_silent);
	ADD(a_new_session_is_looked_for_as_long_as_there_is_time);
	ADD(a_moment_of_ignorance_is_waited_for);
	ADD(a_failed_start_says_that_the_session_exists);
	ADD(the_same_token_is_the_same_session);
	ADD(verbs_are_sent_and_seen);
	ADD(verbs_that_make_no_sense_are_refused);
	ADD(a_verb_that_ends_a_session_takes_it_away);
	ADD(old_knowledge_does_not_refuse_a_verb);
	ADD(rmdir_ends_only_where_it_may);
	ADD(read_only_sends_nothing);
	ADD(what_was_sent_cannot_be_dropped);
	ADD(dropped_means_nothing_was_made);
	ADD(orders_do_not_wait_for_listings);
	ADD(an_older_answer_undoes_nothing);
	ADD(the_end_answers_all_orders);
	return g_test_run();
}
