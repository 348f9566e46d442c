/* One session is made by one create, whichever way a request comes by it. */
#include "cache_fixture.h"

#include <string.h>

#include "cache/store/journal.h"

static const char spec[] = "{\"name\":\"mine\"}";
static const char own[] = "{\"name\":\"mine\",\"clientToken\":\"t-1\"}";

/* ---- requests and orders ---- */

static gboolean keep(const Entry *entry, const char *name, void *data)
{
	*(guint32 *)data = entry->number;
	return TRUE;
}

/* The request that was made last. */
static guint32 newest(Fixture *f, guint32 workspace)
{
	guint32 number = 0;

	cache_requests(f->cache, workspace, 0, keep, &number);
	g_assert_cmpuint(number, !=, 0);
	return number;
}

static gboolean says(
	Fixture *f, guint32 number, RequestText what, const char *want)
{
	g_autofree char *text = cache_request_text(f->cache, number, what);

	return text != NULL && strstr(text, want) != NULL;
}

static gboolean is(Fixture *f, guint32 number, const char *state)
{
	return says(f, number, REQUEST_TEXT_STATE, state);
}

static gboolean has(Fixture *f, guint32 number, const char *session)
{
	g_autofree char *quoted = g_strdup_printf("\"%s\"", session);

	return is(f, number, "done") &&
	       says(f, number, REQUEST_TEXT_RESULT, quoted);
}

static void count_done(Operation *order, void *data)
{
	__atomic_add_fetch((int *)data, 1, __ATOMIC_SEQ_CST);
}

#define wait_for(order, done)                                                  \
	fixture_until(__atomic_load_n(&(done), __ATOMIC_SEQ_CST) == 1)

static Operation *create_within(
	Fixture *f, guint32 workspace, const char *text, gint64 ms, int *done)
{
	*done = 0;
	return cache_create(f->cache, workspace, text, strlen(text),
		g_get_monotonic_time() + ms * 1000, count_done, done);
}

static Operation *resolve_begin(
	Fixture *f, guint32 number, const char *words, int *done)
{
	*done = 0;
	return cache_resolve(f->cache, number, words,
		g_get_monotonic_time() + 5 * G_USEC_PER_SEC, count_done, done);
}

static Operation *resolve(Fixture *f, guint32 number, const char *words)
{
	int done;
	Operation *order = resolve_begin(f, number, words, &done);

	wait_for(order, done);
	return order;
}

/* Its answer is lost, and no listing comes through; made: it made a session. */
static guint32 lose(
	Fixture *f, guint32 workspace, const char *text, gboolean made)
{
	g_autoptr(Operation) order = NULL;
	int done;

	memory_heal(f->backend);
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_REMOTE);
	if (made)
		memory_lose_answers(f->backend, 100);
	else
		memory_fail(f->backend, MEMORY_CREATE, 0, 0,
			BACKEND_ERROR_MAY_EXIST);
	order = create_within(f, workspace, text, 200, &done);
	wait_for(order, done);
	g_assert_error(
		operation_error(order), BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	return newest(f, workspace);
}

/* It was looked for in vain. */
static guint32 make_absent(Fixture *f, guint32 workspace, const char *text)
{
	guint32 number = lose(f, workspace, text, FALSE);

	memory_heal(f->backend);
	fixture_until(is(f, number, "failed"));
	return number;
}

/* ---- the answer to a create ---- */

/* Two ask for the same, one session is there, and it is given to the wrong one by
 * hand: then the provider tells the other one that it is its own. */
static void what_was_adopted_is_not_the_answer_to_another(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) adopt = NULL, retry = NULL, abandon = NULL;
	g_autofree char *rid = NULL;
	guint32 workspace, one, two;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	one = lose(f, workspace, spec, FALSE);
	two = lose(f, workspace, spec, TRUE);
	memory_heal(f->backend);
	fixture_until(is(f, one, "unknown") && is(f, two, "unknown"));
	adopt = resolve(f, one, "adopt s-000001");
	g_assert_no_error(operation_error(adopt));
	retry = resolve(f, two, "retry");
	g_assert_error(
		operation_error(retry), BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
	g_assert_true(has(f, one, "s-000001"));
	g_assert_true(is(f, two, "unknown"));
	rid = cache_name(f->cache, one);
	g_assert_true(says(f, two, REQUEST_TEXT_ERROR, rid));
	g_assert_true(says(f, two, REQUEST_TEXT_ERROR, "s-000001"));
	abandon = resolve(f, two, "abandon");
	g_assert_no_error(operation_error(abandon));
}

/* The token of a create that was called failed makes a session by another one, which
 * the first is given by hand before the answer of the other is there. */
static void the_same_token_is_answered_by_who_has_its_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) create = NULL, adopt = NULL;
	g_autofree char *rid = NULL;
	guint32 workspace, one, two;
	int done;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	one = make_absent(f, workspace, own);
	memory_lose_answers(f->backend, 1);
	memory_fail(f->backend, MEMORY_CREATE, 1, 0, BACKEND_ERROR_MAY_EXIST);
	create = create_within(f, workspace, own, 10000, &done);
	fixture_until(memory_size(f->backend, "m-1") == 1);
	adopt = resolve(f, one, "adopt s-000001");
	g_assert_no_error(operation_error(adopt));
	memory_heal(f->backend);
	wait_for(create, done);
	g_assert_no_error(operation_error(create));
	rid = cache_name(f->cache, one);
	g_assert_nonnull(strstr(operation_answer(create), rid));
	g_assert_nonnull(strstr(operation_answer(create), "s-000001"));
	two = newest(f, workspace);
	g_assert_cmpuint(two, !=, one);
	g_assert_true(has(f, one, "s-000001"));
	g_assert_true(is(f, two, "failed"));
	g_assert_true(says(f, two, REQUEST_TEXT_ERROR, rid));
}

/* A session of that token, of which no request tells. */
static void make_elsewhere(Fixture *f)
{
	g_autoptr(CreatePlan) plan = create_plan_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;
	const Call call = {.deadline_us = G_MAXINT64};

	g_free(plan->body);
	plan->body = g_strdup(own);
	id = backend_create(f->backend, "m-1", plan, &call, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(id, ==, "s-000001");
}

/* Where ids come again, an answer may name one that an older request has too. */
static void an_id_that_comes_again_is_another_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) adopt = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;
	guint32 workspace, one, two;

	f->rich = TRUE;
	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	one = make_absent(f, workspace, "{\"name\":\"other\"}");
	make_elsewhere(f);
	adopt = resolve(f, one, "adopt s-000001");
	g_assert_no_error(operation_error(adopt));
	memory_replace(f->backend, "m-1", "s-000001");
	memory_respec(f->backend, "m-1", "s-000001", spec);
	answer = fixture_create(f, workspace, own, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(memory_size(f->backend, "m-1"), ==, 1);
	two = newest(f, workspace);
	g_assert_true(has(f, one, "s-000001"));
	g_assert_true(has(f, two, "s-000001"));
}

/* ---- a session that was found ---- */

/* A listing has found it, and asks for it, when it is given to another by hand. */
static void what_is_being_found_is_not_adopted_by_another(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(Operation) adopt = NULL;
	guint32 workspace, one, two;
	int done;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	memory_fail(f->backend, MEMORY_CREATE, 0, 1, BACKEND_ERROR_QUOTA);
	g_assert_null(
		fixture_create(f, workspace, "{\"name\":\"other\"}", NULL));
	two = newest(f, workspace);
	one = lose(f, workspace, spec, TRUE);
	memory_hold(f->backend, MEMORY_GET);
	memory_heal(f->backend);
	fixture_until(memory_running(f->backend, MEMORY_GET) == 1);
	adopt = resolve_begin(f, two, "adopt s-000001", &done);
	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1 ||
		      memory_running(f->backend, MEMORY_GET) == 2);
	memory_release(f->backend, MEMORY_GET);
	wait_for(adopt, done);
	g_assert_error(
		operation_error(adopt), BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
	fixture_until(has(f, one, "s-000001"));
	g_assert_true(is(f, two, "failed"));
}

/* What turns up belongs to the later request of the token, which made it, and not to
 * the first, of which nothing came. */
static void the_later_request_of_a_token_has_the_session(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace, one, two;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	one = make_absent(f, workspace, own);
	two = lose(f, workspace, own, TRUE);
	memory_heal(f->backend);
	fixture_until(!is(f, two, "looking"));
	g_assert_true(has(f, two, "s-000001"));
	g_assert_true(is(f, one, "failed"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/adopt/" #name, name)
	ADD(what_was_adopted_is_not_the_answer_to_another);
	ADD(the_same_token_is_answered_by_who_has_its_session);
	ADD(an_id_that_comes_again_is_another_session);
	ADD(what_is_being_found_is_not_adopted_by_another);
	ADD(the_later_request_of_a_token_has_the_session);
	return g_test_run();
}
