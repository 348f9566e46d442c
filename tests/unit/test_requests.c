/* What is kept of creates and verbs while the cache lives. */
#include "cache_fixture.h"

#include <string.h>

#include "cache/store/journal.h"

static const char spec[] = " {\"name\":\"mine\"}\n";
static const char own[] = "{\"name\":\"mine\",\"clientToken\":\"t-1\"}";

/* ---- the only request there is ---- */

static gboolean keep(const Entry *entry, const char *name, void *data)
{
	*(Entry *)data = *entry;
	g_assert_cmpint(entry->kind, ==, ENTRY_REQUEST);
	return TRUE;
}

static gboolean count(const Entry *entry, const char *name, void *data)
{
	(*(guint *)data)++;
	return TRUE;
}

static guint requests(Fixture *f, guint32 workspace)
{
	guint n = 0;

	cache_requests(f->cache, workspace, 0, count, &n);
	return n;
}

/* The newest. */
static guint32 request(Fixture *f, guint32 workspace)
{
	Entry entry = {0};

	cache_requests(f->cache, workspace, 0, keep, &entry);
	g_assert_cmpuint(entry.parent, ==, workspace);
	return entry.number;
}

static gboolean says(
	Fixture *f, guint32 number, RequestText what, const char *want)
{
	g_autofree char *text = cache_request_text(f->cache, number, what);

	return text != NULL && strstr(text, want) != NULL;
}

#define assert_text(f, number, what, want)                                     \
	G_STMT_START                                                           \
	{                                                                      \
		g_autofree char *text_ =                                       \
			cache_request_text((f)->cache, number, what);          \
		g_assert_cmpstr(text_, ==, want);                              \
	}                                                                      \
	G_STMT_END

/* ---- operations with little time ---- */

static void count_done(Operation *operation, void *data)
{
	__atomic_add_fetch((int *)data, 1, __ATOMIC_SEQ_CST);
}

static Operation *create_within(
	Fixture *f, guint32 workspace, const char *text, gint64 ms)
{
	int done = 0;
	Operation *operation =
		cache_create(f->cache, workspace, text, strlen(text),
			g_get_monotonic_time() + ms * 1000, count_done, &done);

	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
	return operation;
}

static Operation *resolve(Fixture *f, guint32 number, const char *words)
{
	int done = 0;
	Operation *operation = cache_resolve(f->cache, number, words,
		g_get_monotonic_time() + 5 * G_USEC_PER_SEC, count_done, &done);

	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
	return operation;
}

/* Nobody can tell which of two it is, and it was sent for nothing. */
static guint32 make_unknown(Fixture *f, guint32 workspace)
{
	g_autoptr(Operation) operation = NULL;
	guint32 number;

	memory_put(f->backend, "m-1", "p-1", "mine", "Running");
	memory_put(f->backend, "m-1", "p-2", "mine", "Running");
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_MAY_EXIST);
	operation = create_within(f, workspace, spec, 2000);
	g_assert_error(operation_error(operation), BACKEND_ERROR,
		BACKEND_ERROR_MAY_EXIST);
	number = request(f, workspace);
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "unknown"));
	return number;
}

/* ---- cases ---- */

static void a_create_is_told_of(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL, *name = NULL;
	guint32 workspace, number;
	Entry entry;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	g_assert_cmpuint(requests(f, workspace), ==, 0);
	answer = fixture_create(f, workspace, spec, &error);
	g_assert_no_error(error);
	number = request(f, workspace);
	assert_text(f, number, REQUEST_TEXT_SPEC, spec);
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	name = cache_name(f->cache, number);
	g_assert_true(says(f, number, REQUEST_TEXT_RESULT, name));
	g_assert_false(says(f, number, REQUEST_TEXT_RESULT, "Running"));
	g_assert_nonnull(strstr(answer, "\"state\":\"Running\""));
	assert_text(f, number, REQUEST_TEXT_ERROR, "");
	assert_text(f, number, REQUEST_TEXT_VERB, NULL);
	g_assert_true(cache_entry(f->cache, number, &entry));
	g_assert_cmpint(entry.kind, ==, ENTRY_REQUEST);
	g_assert_false(entry.texts & 1u << REQUEST_TEXT_VERB);
	g_assert_true(cache_request_find(f->cache, workspace, name, &entry));
	g_assert_cmpuint(entry.number, ==, number);
	g_assert_false(cache_request_find(f->cache, workspace, "x", &entry));
	g_assert_nonnull(strstr(answer, name));
	g_assert_cmpuint(
		fixture_count_news(f, NEWS_REQUEST_MADE, number), ==, 1);
	g_assert_cmpuint(fixture_count_news(f, NEWS_REQUEST, number), >, 0);
}

static void a_refusal_is_told_of(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 workspace, number;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_QUOTA);
	g_assert_null(fixture_create(f, workspace, spec, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_QUOTA);
	number = request(f, workspace);
	assert_text(f, number, REQUEST_TEXT_STATE, "failed\n");
	assert_text(f, number, REQUEST_TEXT_RESULT, "");
	g_assert_false(says(f, number, REQUEST_TEXT_ERROR, "may exist"));
	g_assert_true(says(f, number, REQUEST_TEXT_ERROR, "\n"));
}

static void a_spec_that_is_wrong_is_no_request(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 workspace;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	g_assert_null(fixture_create(f, workspace, "{}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	g_assert_cmpuint(requests(f, workspace), ==, 0);
}

static void what_was_dropped_leaves_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;
	guint kept = 0;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	for (guint i = 0; i < 50; i++) {
		int done = 0;
		g_autoptr(Operation) operation =
			cache_create(f->cache, workspace, spec, strlen(spec),
				g_get_monotonic_time() + G_USEC_PER_SEC,
				count_done, &done);

		kept += !operation_drop(operation);
		fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
		g_assert_cmpuint(requests(f, workspace), ==, kept);
		g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, kept);
	}
}

/* Where the provider knows tokens the same is sent again, else it is looked for:
 * one session either way. */
static void a_lost_answer_is_one_session(gconstpointer forgetful)
{
	gboolean token = g_str_equal(forgetful, "false");
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", forgetful, NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_lose_answers(f->backend, 1);
	operation = create_within(f, workspace, spec, 4000);
	g_assert_no_error(operation_error(operation));
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_CREATE), ==, token ? 2 : 1);
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
	number = request(f, workspace);
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	g_assert_nonnull(operation_answer(operation));
	g_assert_true(says(f, number, REQUEST_TEXT_RESULT, "\"session\""));
}

/* It may be on its way yet, so that nothing is sent again, however sure it is that
 * there is no session now. */
static void what_is_absent_is_not_sent_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	f->list_lag_ms = 300;
	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_MAY_EXIST);
	operation = create_within(f, workspace, spec, 1000);
	g_assert_error(operation_error(operation), BACKEND_ERROR,
		BACKEND_ERROR_MAY_EXIST);
	number = request(f, workspace);
	/* The provider may be at it until now, and list it a little later. */
	assert_text(f, number, REQUEST_TEXT_STATE, "looking\n");
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "failed"));
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
}

/* A refusal of the second does not say that nothing came of the first. */
static void a_refusal_after_a_lost_answer_leaves_it_open(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_lose_answers(f->backend, 1);
	memory_fail(f->backend, MEMORY_CREATE, 1, 1, BACKEND_ERROR_QUOTA);
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_REMOTE);
	operation = create_within(f, workspace, spec, 1000);
	g_assert_error(operation_error(operation), BACKEND_ERROR,
		BACKEND_ERROR_MAY_EXIST);
	memory_heal(f->backend);
	number = request(f, workspace);
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "done"));
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
}

/* Once an error was reported nothing is sent: it is looked for, and found. */
static void what_was_given_up_is_looked_for(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	g_autofree char *last = NULL, *rid = NULL, *text = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_lose_answers(f->backend, 1);
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_REMOTE);
	operation = create_within(f, workspace, spec, 300);
	g_assert_error(operation_error(operation), BACKEND_ERROR,
		BACKEND_ERROR_MAY_EXIST);
	number = request(f, workspace);
	rid = cache_name(f->cache, number);
	g_assert_nonnull(strstr(operation_error(operation)->message, rid));
	text = cache_last_error(f->cache, workspace);
	g_assert_nonnull(strstr(text, rid));
	assert_text(f, number, REQUEST_TEXT_STATE, "looking\n");
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 1, BACKEND_ERROR_REMOTE);
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "done"));
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
	last = cache_last(f->cache, workspace);
	g_assert_true(says(f, number, REQUEST_TEXT_RESULT, last));
}

static void what_was_given_up_and_is_absent_has_failed(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	f->list_lag_ms = 500;
	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_MAY_EXIST);
	operation = create_within(f, workspace, spec, 200);
	g_assert_error(operation_error(operation), BACKEND_ERROR,
		BACKEND_ERROR_MAY_EXIST);
	number = request(f, workspace);
	assert_text(f, number, REQUEST_TEXT_STATE, "looking\n");
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "failed"));
	g_assert_true(says(f, number, REQUEST_TEXT_ERROR, "there is none"));
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
}

/* ---- tokens ---- */

static void a_token_is_one_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = NULL, *two = NULL;
	guint32 workspace;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	one = fixture_create(f, workspace, own, NULL);
	two = fixture_create(f, workspace,
		"{ \"name\":\"mine\", \"clientToken\":\"t-1\"}", NULL);
	g_assert_cmpstr(one, ==, two);
	g_assert_cmpuint(requests(f, workspace), ==, 1);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
}

static void a_token_with_another_spec_is_refused(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = NULL;
	g_autoptr(GError) error = NULL;
	guint32 workspace;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	one = fixture_create(f, workspace, own, NULL);
	g_assert_null(fixture_create(f, workspace,
		"{\"name\":\"yours\",\"clientToken\":\"t-1\"}", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_EXISTS);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
}

static void a_token_that_failed_may_be_used_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *two = NULL;
	g_autoptr(GError) error = NULL;
	guint32 workspace;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_QUOTA);
	g_assert_null(fixture_create(f, workspace, own, NULL));
	two = fixture_create(f, workspace, own, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(requests(f, workspace), ==, 2);
}

static void the_same_token_at_once_is_one_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Operation *operations[20];
	guint32 workspace;
	int done = 0;

	fixture_open(f, "forgetful", "true", "delay_ms", "20", NULL);
	workspace = fixture_workspace(f, "m-1");
	for (guint i = 0; i < 20; i++)
		operations[i] =
			cache_create(f->cache, workspace, own, strlen(own),
				g_get_monotonic_time() + 5 * G_USEC_PER_SEC,
				count_done, &done);
	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 20);
	for (guint i = 0; i < 20; i++) {
		g_assert_no_error(operation_error(operations[i]));
		g_assert_cmpstr(operation_answer(operations[i]), ==,
			operation_answer(operations[0]));
	}
	for (guint i = 0; i < 20; i++)
		operation_unref(operations[i]);
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 1);
}

/* ---- the user's word ---- */

static void an_unknown_one_is_adopted(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) none = NULL, good = NULL, late = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	number = make_unknown(f, workspace);
	g_assert_true(says(f, number, REQUEST_TEXT_ERROR, "p-1, p-2"));
	none = resolve(f, number, "adopt p-3");
	g_assert_error(
		operation_error(none), BACKEND_ERROR, BACKEND_ERROR_GONE);
	assert_text(f, number, REQUEST_TEXT_STATE, "unknown\n");
	good = resolve(f, number, "adopt p-2");
	g_assert_no_error(operation_error(good));
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	g_assert_true(says(f, number, REQUEST_TEXT_RESULT, "p-2"));
	late = resolve(f, number, "abandon");
	g_assert_error(
		operation_error(late), BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
}

static void an_unknown_one_is_abandoned(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) wrong = NULL, operation = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	number = make_unknown(f, workspace);
	wrong = resolve(f, number, "forget it");
	g_assert_error(
		operation_error(wrong), BACKEND_ERROR, BACKEND_ERROR_INVALID);
	operation = resolve(f, number, "abandon");
	g_assert_no_error(operation_error(operation));
	assert_text(f, number, REQUEST_TEXT_STATE, "abandoned\n");
}

static void an_unknown_one_is_sent_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	number = make_unknown(f, workspace);
	operation = resolve(f, number, "retry");
	g_assert_no_error(operation_error(operation));
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 2);
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 3);
}

/* It is being looked for, and found, whatever is written meanwhile. */
static void words_that_are_refused_change_nothing(void)
{
	static const char *const words[] = {"retry", "nonsense", "adopt x"};
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	f->list_lag_ms = 60000;
	/* The listing that is held must not fail meanwhile: the next would be late. */
	f->deadline_ms = 60000;
	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	memory_lose_answers(f->backend, 1);
	operation = create_within(f, workspace, spec, 1000);
	number = request(f, workspace);
	for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autoptr(Operation) said = resolve(f, number, words[i]);

		g_assert_nonnull(operation_error(said));
		assert_text(f, number, REQUEST_TEXT_STATE, "looking\n");
		assert_text(f, number, REQUEST_TEXT_ERROR, "");
	}
	memory_release(f->backend, MEMORY_LIST_PAGE);
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "done"));
}

static guint with_state(Fixture *f, GPtrArray *node_ids, const char *state)
{
	guint n = 0;

	for (guint i = 0; i < node_ids->len; i++)
		n += says(f, GPOINTER_TO_UINT(g_ptr_array_index(node_ids, i)),
			REQUEST_TEXT_STATE, state);
	return n;
}

static gboolean note(const Entry *entry, const char *name, void *data)
{
	g_ptr_array_add(data, GUINT_TO_POINTER(entry->number));
	return TRUE;
}

/* The same spec from all sides, and half of the answers lost: none is taken for
 * another's. */
static void many_at_once_are_as_many_sessions(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GPtrArray) node_ids = g_ptr_array_new();
	Operation *operations[16];
	guint32 workspace;
	guint good = 0, found;
	int done = 0;

	fixture_open(f, "forgetful", "true", "delay_ms", "5", NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_lose_answers(f->backend, 8);
	for (guint i = 0; i < 16; i++)
		operations[i] =
			cache_create(f->cache, workspace, spec, strlen(spec),
				g_get_monotonic_time() + 3 * G_USEC_PER_SEC,
				count_done, &done);
	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 16);
	for (guint i = 0; i < 16; i++) {
		good += operation_error(operations[i]) == NULL;
		operation_unref(operations[i]);
	}
	cache_requests(f->cache, workspace, 0, note, node_ids);
	g_assert_cmpuint(node_ids->len, ==, 16);
	fixture_until(with_state(f, node_ids, "looking") == 0);
	found = with_state(f, node_ids, "done");
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 16);
	g_assert_cmpuint(found, >=, good);
	g_assert_cmpuint(found + with_state(f, node_ids, "unknown"), ==, 16);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 16);
}

/* A refusal is an end, but whoever has put its reason right may try again. */
static void one_that_was_refused_is_sent_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) bad = NULL, good = NULL, late = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CREATE, 0, 2, BACKEND_ERROR_QUOTA);
	g_assert_null(fixture_create(f, workspace, spec, NULL));
	number = request(f, workspace);
	bad = resolve(f, number, "retry");
	g_assert_error(
		operation_error(bad), BACKEND_ERROR, BACKEND_ERROR_QUOTA);
	assert_text(f, number, REQUEST_TEXT_STATE, "failed\n");
	good = resolve(f, number, "retry");
	g_assert_no_error(operation_error(good));
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	assert_text(f, number, REQUEST_TEXT_ERROR, "");
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
	g_assert_cmpuint(requests(f, workspace), ==, 1);
	late = resolve(f, number, "retry");
	g_assert_error(
		operation_error(late), BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
}

/* Its token has made a session by another request. */
static void one_whose_token_was_used_is_not_sent_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	g_autofree char *answer = NULL;
	guint32 workspace, number;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_QUOTA);
	g_assert_null(fixture_create(f, workspace, own, NULL));
	number = request(f, workspace);
	answer = fixture_create(f, workspace, own, NULL);
	g_assert_nonnull(answer);
	operation = resolve(f, number, "retry");
	g_assert_error(operation_error(operation), BACKEND_ERROR,
		BACKEND_ERROR_EXISTS);
	assert_text(f, number, REQUEST_TEXT_STATE, "failed\n");
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 2);
}

/* It was in no listing when it was looked for. */
static guint32 make_absent(Fixture *f, guint32 workspace)
{
	g_autoptr(Operation) operation = NULL;
	guint32 number;

	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_MAY_EXIST);
	operation = create_within(f, workspace, spec, 200);
	number = request(f, workspace);
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "failed"));
	return number;
}

static void an_absent_one_is_adopted_or_sent_again(gconstpointer words)
{
	gboolean adopts = g_str_equal(words, "adopt p-1");
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	number = make_absent(f, workspace);
	memory_put(f->backend, "m-1", "p-1", "otherwise", "Running");
	operation = resolve(f, number, words);
	g_assert_no_error(operation_error(operation));
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	g_assert_cmpint(
		says(f, number, REQUEST_TEXT_RESULT, "p-1"), ==, adopts);
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_CREATE), ==, adopts ? 1 : 2);
}

static void an_absent_one_is_abandoned_once(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL, again = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	number = make_absent(f, workspace);
	operation = resolve(f, number, "abandon");
	g_assert_no_error(operation_error(operation));
	assert_text(f, number, REQUEST_TEXT_STATE, "abandoned\n");
	again = resolve(f, number, "abandon");
	g_assert_error(
		operation_error(again), BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
}

/* That it is refused now does not say that nothing came of it before. */
static void a_retry_that_is_refused_leaves_it_open(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, number;

	fixture_open(f, "forgetful", "true", NULL);
	workspace = fixture_workspace(f, "m-1");
	number = make_unknown(f, workspace);
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_QUOTA);
	operation = resolve(f, number, "retry");
	g_assert_error(operation_error(operation), BACKEND_ERROR,
		BACKEND_ERROR_MAY_EXIST);
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "unknown"));
}

/* ---- verbs ---- */

static void a_verb_is_told_of(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL;
	g_autoptr(GError) error = NULL;
	guint32 workspace, number;

	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	answer = fixture_control(
		f, fixture_find(f, workspace, "s-000001"), "stop", &error);
	g_assert_no_error(error);
	number = request(f, workspace);
	assert_text(f, number, REQUEST_TEXT_VERB, "stop s-000001\n");
	assert_text(f, number, REQUEST_TEXT_SPEC, NULL);
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	g_assert_nonnull(strstr(answer, "s-000001"));
	g_assert_true(says(f, number, REQUEST_TEXT_RESULT, "\"s-000001\""));
}

/* It is sent once, and its outcome is seen by how the session stands. */
static void a_lost_verb_is_looked_for(gconstpointer data)
{
	gboolean obeyed = data != NULL;
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL;
	g_autoptr(GError) error = NULL;
	guint32 workspace, number, session;

	f->list_lag_ms = 300;
	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	memory_fail(f->backend, MEMORY_CONTROL, 0, 1, BACKEND_ERROR_MAY_EXIST);
	answer = fixture_control(f, session, "stop", &error);
	g_assert_null(answer);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	number = request(f, workspace);
	assert_text(f, number, REQUEST_TEXT_STATE, "looking\n");
	if (obeyed)
		memory_put(f->backend, "m-1", "s-000001", NULL, "Stopped");
	fixture_until(says(
		f, number, REQUEST_TEXT_STATE, obeyed ? "done" : "failed"));
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 1);
}

/* The answer is lost, and how the session stands tells while the write waits. */
static void a_verb_that_was_obeyed_is_seen(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL;
	guint32 workspace, session, number;
	int done = 0;

	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	memory_fail(f->backend, MEMORY_CONTROL, 0, 1, BACKEND_ERROR_MAY_EXIST);
	operation = cache_control(f->cache, session, "stop",
		g_get_monotonic_time() + 60 * G_USEC_PER_SEC, count_done,
		&done);
	fixture_until(requests(f, workspace) == 1);
	number = request(f, workspace);
	fixture_until(says(f, number, REQUEST_TEXT_STATE, "looking"));
	memory_put(f->backend, "m-1", "s-000001", NULL, "Stopped");
	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
	g_assert_no_error(operation_error(operation));
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 1);
}

static void a_verb_that_failed_is_sent_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) operation = NULL, gone = NULL;
	guint32 workspace, session, number;

	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	memory_fail(f->backend, MEMORY_CONTROL, 0, 2, BACKEND_ERROR_DENIED);
	g_assert_null(fixture_control(f, session, "stop", NULL));
	number = request(f, workspace);
	g_assert_null(fixture_control(f, session, "stop", NULL));
	operation = resolve(f, number, "retry");
	g_assert_no_error(operation_error(operation));
	assert_text(f, number, REQUEST_TEXT_STATE, "done\n");
	number = request(f, workspace);
	assert_text(f, number, REQUEST_TEXT_STATE, "failed\n");
	memory_remove(f->backend, "m-1", "s-000001");
	gone = resolve(f, number, "retry");
	g_assert_error(
		operation_error(gone), BACKEND_ERROR, BACKEND_ERROR_GONE);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 3);
}

/* What the clock makes old at once may be young: it may have been set wrong. */
static void one_jump_of_the_clock_deletes_nothing(void)
{
	const gint64 day_ms = G_GINT64_CONSTANT(24) * 3600 * 1000;
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *first = NULL, *again = NULL;
	guint32 workspace;

	{
		g_autoptr(Journal) journal = journal_open(f->state_dir, &error);
		g_autoptr(Intent) intent = intent_new(g_get_real_time() / 1000);
		g_autoptr(Outcome) outcome = outcome_new(REQUEST_DONE);

		g_assert_no_error(error);
		intent->made_ms -= 3000 * day_ms;
		intent->provider = g_strdup("m");
		intent->workspace = g_strdup("m-1");
		intent->text = g_strdup(own);
		intent->token = g_strdup("t-1");
		intent->session = g_strdup("");
		intent->plan = create_plan_new();
		outcome->changed_ms = intent->made_ms;
		g_free(outcome->id);
		outcome->id = g_strdup("s-000001");
		g_assert_true(
			journal_put(journal, intent, NULL, outcome, &error));
	}
	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	g_assert_cmpuint(requests(f, workspace), ==, 1);
	/* Each create looks for what need not be kept. */
	first = fixture_create(f, workspace, spec, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(requests(f, workspace), ==, 2);
	/* The same token is the same session. */
	again = fixture_create(f, workspace, own, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(again, "s-000001"));
	g_assert_cmpuint(requests(f, workspace), ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/requests/" #name, name)
	ADD(a_create_is_told_of);
	ADD(one_jump_of_the_clock_deletes_nothing);
	ADD(a_refusal_is_told_of);
	ADD(a_spec_that_is_wrong_is_no_request);
	ADD(what_was_dropped_leaves_nothing);
	g_test_add_data_func("/requests/a_lost_answer_is_one_session/token",
		"false", a_lost_answer_is_one_session);
	g_test_add_data_func("/requests/a_lost_answer_is_one_session/none",
		"true", a_lost_answer_is_one_session);
	ADD(what_is_absent_is_not_sent_again);
	ADD(a_refusal_after_a_lost_answer_leaves_it_open);
	ADD(words_that_are_refused_change_nothing);
	ADD(many_at_once_are_as_many_sessions);
	ADD(what_was_given_up_is_looked_for);
	ADD(what_was_given_up_and_is_absent_has_failed);
	ADD(a_token_is_one_session);
	ADD(a_token_with_another_spec_is_refused);
	ADD(a_token_that_failed_may_be_used_again);
	ADD(the_same_token_at_once_is_one_session);
	ADD(an_unknown_one_is_adopted);
	ADD(an_unknown_one_is_abandoned);
	ADD(an_unknown_one_is_sent_again);
	ADD(a_retry_that_is_refused_leaves_it_open);
	ADD(one_that_was_refused_is_sent_again);
	ADD(one_whose_token_was_used_is_not_sent_again);
	g_test_add_data_func("/requests/an_absent_one_is_adopted", "adopt p-1",
		an_absent_one_is_adopted_or_sent_again);
	g_test_add_data_func("/requests/an_absent_one_is_sent_again", "retry",
		an_absent_one_is_adopted_or_sent_again);
	ADD(an_absent_one_is_abandoned_once);
	ADD(a_verb_is_told_of);
	ADD(a_verb_that_was_obeyed_is_seen);
	ADD(a_verb_that_failed_is_sent_again);
	g_test_add_data_func("/requests/a_lost_verb_is_looked_for/obeyed", "",
		a_lost_verb_is_looked_for);
	g_test_add_data_func("/requests/a_lost_verb_is_looked_for/not", NULL,
		a_lost_verb_is_looked_for);
	return g_test_run();
}
