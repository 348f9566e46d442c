/* Several accounts of one section, one after the other. */
#include "cache_fixture.h"

#include <string.h>

#define SETTLE_MS 100

static const char spec[] = "{\"name\":\"mine\"}";

static guint32 top(Fixture *f)
{
	return fixture_find(f, 0, "m");
}

static gboolean is_account(Fixture *f, const char *account)
{
	g_autofree char *now = fixture_status(f, top(f), "account");

	return strcmp(now, account) == 0;
}

static gboolean is_proved(Fixture *f)
{
	g_autofree char *now = fixture_status(f, top(f), "account_proved");

	return g_str_has_prefix(now, "yes");
}

/* Asks until the directory of that account is shown. */
static void become(Fixture *f, const char *account)
{
	memory_set_account(f->backend, account);
	cache_refresh(f->cache, top(f));
	fixture_until(is_account(f, account));
}

static guint32 room(Fixture *f)
{
	guint32 provider = top(f);
	guint32 workspace = fixture_find(f, provider, "m-1");
	g_autofree char *names G_GNUC_UNUSED = fixture_list(f, workspace);

	g_assert_cmpuint(workspace, !=, 0);
	return workspace;
}

static void assert_names(Fixture *f, const char *want)
{
	g_autofree char *names = fixture_list(f, room(f));

	g_assert_cmpstr(names, ==, want);
}

static void the_first_that_is_told_names_it(void)
{
	g_autoptr(Fixture) f = fixture_new();

	fixture_open(f, "sessions", "1", NULL);
	g_assert_true(is_account(f, "not told yet"));
	g_assert_false(is_proved(f));
	room(f);
	g_assert_true(is_account(f, "memory"));
	g_assert_true(is_proved(f));
	fixture_close(f);
	fixture_open(f, "sessions", "1", NULL);
	/* Nobody was asked yet. */
	g_assert_true(is_account(f, "memory"));
	g_assert_false(is_proved(f));
}

static void each_account_has_its_own(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 first, workspace, session;

	fixture_open(f, "sessions", "2", NULL);
	first = top(f);
	workspace = room(f);
	session = fixture_find(f, workspace, "s-000001");
	fixture_forget_news(f);
	memory_put(f->backend, "m-1", "b-1", NULL, "Running");
	memory_remove(f->backend, "m-1", "s-000001");
	memory_remove(f->backend, "m-1", "s-000002");
	become(f, "bob");
	g_assert_cmpuint(top(f), !=, first);
	g_assert_cmpuint(room(f), !=, workspace);
	assert_names(f, "b-1");
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, first), ==, 1);
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, session), ==, 0);
	g_assert_cmpuint(
		fixture_status_number(f, top(f), "accounts_set_aside"), ==, 1);

	/* What was known of the first is there, before anybody is asked. */
	memory_hold(f->backend, MEMORY_LIST_PAGE);
	become(f, "memory");
	g_assert_cmpuint(top(f), ==, first);
	g_assert_cmpuint(fixture_find(f, first, "m-1"), ==, workspace);
	g_assert_cmpuint(fixture_find(f, workspace, "s-000001"), ==, session);
	memory_release(f->backend, MEMORY_LIST_PAGE);
}

static void a_restart_knows_all_of_them(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 first, second, workspace, others;

	fixture_open(f, "sessions", "2", NULL);
	first = top(f);
	workspace = room(f);
	become(f, "bob");
	second = top(f);
	others = room(f);
	fixture_close(f);
	for (guint i = 0; i < 3; i++) {
		fixture_open(f, "sessions", "2", NULL);
		/* The one that was shown last. */
		g_assert_true(is_account(f, "bob"));
		g_assert_cmpuint(top(f), ==, second);
		become(f, "memory");
		g_assert_cmpuint(top(f), ==, first);
		g_assert_cmpuint(room(f), ==, workspace);
		assert_names(f, "s-000001 s-000002");
		become(f, "bob");
		g_assert_cmpuint(top(f), ==, second);
		g_assert_cmpuint(room(f), ==, others);
		fixture_close(f);
	}
}

/* ---- refused, and replaced ---- */

static void refuse_all(Fixture *f, const char *account)
{
	memory_set_account(f->backend, account);
	memory_fail(
		f->backend, MEMORY_LIST_WORKSPACES, 0, 0, BACKEND_ERROR_AUTH);
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_AUTH);
}

static gboolean has_failed(Fixture *f)
{
	return fixture_status_number(f, top(f), "failures") > 0;
}

static void refused_credentials_prove_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();

	fixture_open(f, "sessions", "1", NULL);
	refuse_all(f, "memory");
	cache_refresh(f->cache, top(f));
	fixture_until(has_failed(f));
	g_assert_true(is_account(f, "not told yet"));
	g_assert_false(is_proved(f));
}

/* A key that is mistyped, say. */
static void refused_credentials_set_nobody_aside(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 first, workspace;

	fixture_open(f, "sessions", "2", NULL);
	first = top(f);
	workspace = room(f);
	refuse_all(f, "bob");
	cache_refresh(f->cache, top(f));
	fixture_until(has_failed(f));
	g_assert_true(is_account(f, "memory"));
	g_assert_false(is_proved(f));
	g_assert_cmpuint(top(f), ==, first);
	g_assert_cmpuint(room(f), ==, workspace);
	assert_names(f, "s-000001 s-000002");
	memory_heal(f->backend);
	become(f, "memory");
	fixture_until(is_proved(f));
	become(f, "bob");
	fixture_until(is_proved(f));
	g_assert_cmpuint(top(f), !=, first);
}

static void a_key_that_reaches_the_same_is_of_the_same(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 first, workspace, session;

	fixture_open(f, "sessions", "1", NULL);
	memory_set_account(f->backend, "key one");
	workspace = room(f);
	first = top(f);
	session = fixture_find(f, workspace, "s-000001");
	g_assert_true(is_account(f, "key one"));
	become(f, "key two");
	g_assert_cmpuint(top(f), ==, first);
	g_assert_cmpuint(fixture_find(f, room(f), "s-000001"), ==, session);
	fixture_close(f);
	/* It bears the name of the new one from now on. */
	fixture_open(f, "sessions", "1", NULL);
	g_assert_true(is_account(f, "key two"));
	become(f, "4711");
	g_assert_cmpuint(top(f), ==, first);
	g_assert_cmpuint(fixture_find(f, room(f), "s-000001"), ==, session);
	g_assert_cmpuint(
		fixture_status_number(f, top(f), "accounts_set_aside"), ==, 0);
}

static void a_key_that_reaches_nothing_of_it_is_another_s(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 first, workspace;

	fixture_open(f, "sessions", "1", NULL);
	memory_set_account(f->backend, "key one");
	workspace = room(f);
	first = top(f);
	memory_remove_workspace(f->backend, "m-1");
	memory_put(f->backend, "m-9", "b-1", NULL, "Running");
	become(f, "key two");
	g_assert_cmpuint(top(f), !=, first);
	fixture_until(fixture_find(f, top(f), "m-9") != 0);
	g_assert_cmpuint(
		fixture_status_number(f, top(f), "accounts_set_aside"), ==, 1);
	memory_add_workspace(f->backend, "m-1");
	memory_remove_workspace(f->backend, "m-9");
	become(f, "key one");
	g_assert_cmpuint(top(f), ==, first);
	g_assert_cmpuint(fixture_find(f, first, "m-1"), ==, workspace);
}

/* ---- requests ---- */

static gboolean keep(const Entry *entry, const char *name, void *data)
{
	*(guint32 *)data = entry->number;
	return TRUE;
}

static guint32 request(Fixture *f)
{
	guint32 number = 0;

	cache_requests(f->cache, room(f), 0, keep, &number);
	return number;
}

static gboolean says(Fixture *f, RequestText what, const char *want)
{
	g_autofree char *text = cache_request_text(f->cache, request(f), what);

	return text != NULL && strstr(text, want) != NULL;
}

static void count_done(Operation *order, void *data)
{
	__atomic_add_fetch((int *)data, 1, __ATOMIC_SEQ_CST);
}

static void lose(Fixture *f, guint32 workspace)
{
	int done = 0;
	g_autoptr(Operation) order = NULL;

	memory_lose_answers(f->backend, 1);
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_REMOTE);
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_REMOTE);
	order = cache_create(f->cache, workspace, spec, strlen(spec),
		g_get_monotonic_time() + G_USEC_PER_SEC / 5, count_done, &done);
	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
	g_assert_error(
		operation_error(order), BACKEND_ERROR, BACKEND_ERROR_MAY_EXIST);
	memory_heal(f->backend);
}

static void resolve_is_refused(Fixture *f, const char *words)
{
	int done = 0;
	g_autoptr(Operation) order = cache_resolve(f->cache, request(f), words,
		g_get_monotonic_time() + 5 * G_USEC_PER_SEC, count_done, &done);

	fixture_until(__atomic_load_n(&done, __ATOMIC_SEQ_CST) == 1);
	g_assert_error(
		operation_error(order), BACKEND_ERROR, BACKEND_ERROR_CONFLICT);
}

/* Until long after a new session would have been listed. */
static void list_for_long(Fixture *f)
{
	gint64 until_us = g_get_monotonic_time() + 3 * SETTLE_MS * 1000;

	while (g_get_monotonic_time() < until_us)
		fixture_refresh(f, room(f));
}

static void a_lost_create_waits_for_its_account(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;

	f->list_lag_ms = SETTLE_MS;
	fixture_open(f, "forgetful", "true", NULL);
	lose(f, room(f));
	number = request(f);
	/* Nothing of it is at the other account. */
	memory_remove(f->backend, "m-1", "s-000001");
	become(f, "bob");
	list_for_long(f);
	g_assert_cmpuint(request(f), ==, number);
	g_assert_true(says(f, REQUEST_TEXT_STATE, "unknown"));
	g_assert_true(says(f, REQUEST_TEXT_ERROR, "another account"));
	g_assert_cmpuint(
		fixture_status_number(f, top(f), "requests_set_aside"), ==, 1);
	resolve_is_refused(f, "abandon");
	fixture_close(f);

	/* The same after a restart; and then its own account tells. */
	fixture_open(f, "forgetful", "true", NULL);
	memory_set_account(f->backend, "bob");
	list_for_long(f);
	g_assert_cmpuint(request(f), ==, number);
	g_assert_true(says(f, REQUEST_TEXT_STATE, "unknown"));
	become(f, "memory");
	g_assert_cmpuint(request(f), ==, number);
	fixture_until(says(f, REQUEST_TEXT_STATE, "failed"));
	g_assert_cmpuint(
		fixture_status_number(f, top(f), "requests_set_aside"), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/account/named", the_first_that_is_told_names_it);
	g_test_add_func("/account/own", each_account_has_its_own);
	g_test_add_func("/account/restart", a_restart_knows_all_of_them);
	g_test_add_func(
		"/account/refused/new", refused_credentials_prove_nothing);
	g_test_add_func(
		"/account/refused/other", refused_credentials_set_nobody_aside);
	g_test_add_func("/account/key/same",
		a_key_that_reaches_the_same_is_of_the_same);
	g_test_add_func("/account/key/other",
		a_key_that_reaches_nothing_of_it_is_another_s);
	g_test_add_func(
		"/account/requests", a_lost_create_waits_for_its_account);
	return g_test_run();
}
