/* Whom a provider's silence stops, by itself and then in the cache. */
#include "cache/model/breaker.h"

#include "cache_fixture.h"
#include "fake_clock.h"

#define LONG_MS 600000

static void note(Breaker *breaker, BackendErrorCode code)
{
	g_autoptr(GError) error = NULL;

	backend_error_set(&error, code, "it went wrong");
	breaker_note(breaker, G_MAXINT64, error);
}

static gboolean lets(Breaker *breaker)
{
	return breaker_lets(breaker, NULL);
}

static void it_begins_where_there_was_no_answer(void)
{
	static const BackendErrorCode codes[] = {
		BACKEND_ERROR_TIMEOUT, BACKEND_ERROR_UNREACHABLE};

	for (guint i = 0; i < G_N_ELEMENTS(codes); i++) {
		Breaker *breaker = breaker_new(&clock_real, LONG_MS);
		g_autoptr(GError) error = NULL;

		g_assert_true(lets(breaker));
		note(breaker, codes[i]);
		g_assert_false(breaker_lets(breaker, &error));
		g_assert_error(error, BACKEND_ERROR, (int)codes[i]);
		g_assert_true(g_str_has_prefix(
			error->message, "it went wrong; asked again in "));
		g_assert_false(lets(breaker));
		breaker_free(breaker);
	}
}

static void it_does_not_begin_with_other_failures(void)
{
	Breaker *breaker = breaker_new(&clock_real, LONG_MS);

	for (int code = 0; code <= BACKEND_ERROR_LOCAL; code++)
		if (code != BACKEND_ERROR_TIMEOUT &&
			code != BACKEND_ERROR_UNREACHABLE)
			note(breaker, (BackendErrorCode)code);
	g_assert_true(lets(breaker));
	breaker_free(breaker);
}

static void a_sign_of_life_ends_it(void)
{
	Breaker *breaker = breaker_new(&clock_real, LONG_MS);

	note(breaker, BACKEND_ERROR_TIMEOUT);
	breaker_note(breaker, G_MAXINT64, NULL);
	g_assert_true(lets(breaker));
	note(breaker, BACKEND_ERROR_TIMEOUT);
	note(breaker, BACKEND_ERROR_REMOTE);
	g_assert_true(lets(breaker));
	breaker_free(breaker);
}

static void what_is_our_own_does_not_end_it(void)
{
	Breaker *breaker = breaker_new(&clock_real, LONG_MS);

	note(breaker, BACKEND_ERROR_TIMEOUT);
	note(breaker, BACKEND_ERROR_BUDGET);
	note(breaker, BACKEND_ERROR_CANCELLED);
	note(breaker, BACKEND_ERROR_AUTH);
	g_assert_false(lets(breaker));
	breaker_free(breaker);
}

static void one_tries_when_the_pause_is_over(void)
{
	Breaker *breaker = breaker_new(&clock_fake, 60000);

	note(breaker, BACKEND_ERROR_TIMEOUT);
	clock_forward(59000);
	g_assert_false(lets(breaker));
	clock_forward(1001);
	g_assert_true(lets(breaker));
	g_assert_false(lets(breaker));
	breaker_note(breaker, G_MAXINT64, NULL);
	g_assert_true(lets(breaker) && lets(breaker));
	breaker_free(breaker);
}

static void who_was_let_through_before_is_stopped(void)
{
	Breaker *breaker = breaker_new(&clock_real, LONG_MS);
	gint64 before = g_get_monotonic_time();
	g_autoptr(GError) error = NULL;

	g_assert_true(breaker_still_lets(breaker, before, NULL));
	note(breaker, BACKEND_ERROR_TIMEOUT);
	g_assert_false(breaker_still_lets(breaker, before, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	g_assert_true(
		breaker_still_lets(breaker, g_get_monotonic_time() + 1, NULL));
	breaker_note(breaker, G_MAXINT64, NULL);
	g_assert_true(breaker_still_lets(breaker, before, NULL));
	breaker_free(breaker);
}

static void one_open_that_hangs_beside_others_that_do_not_is_none(void)
{
	Breaker *breaker = breaker_new(&clock_real, LONG_MS);
	g_autoptr(GError) error = NULL;
	gint64 asked = g_get_monotonic_time() - 1000;

	backend_error_set(&error, BACKEND_ERROR_TIMEOUT, "it went wrong");
	g_assert_false(breaker_heard(breaker));
	breaker_note(breaker, asked, error);
	g_assert_true(lets(breaker));
	breaker_note(breaker, asked, NULL);
	breaker_note(breaker, asked, error);
	g_assert_true(lets(breaker));
	/* Two in a row are, and what does not hang says nothing of them. */
	breaker_note(breaker, asked, error);
	g_assert_false(lets(breaker));
	g_assert_true(breaker_heard(breaker));
	g_assert_false(lets(breaker));
	breaker_note(breaker, asked, NULL);
	g_assert_true(lets(breaker));
	breaker_free(breaker);
}

static void any_call_that_succeeds_ends_it(void)
{
	Breaker *breaker = breaker_new(&clock_real, LONG_MS);

	note(breaker, BACKEND_ERROR_TIMEOUT);
	g_assert_false(lets(breaker));
	g_assert_true(breaker_heard(breaker));
	g_assert_true(lets(breaker));
	g_assert_false(breaker_heard(breaker));
	note(breaker, BACKEND_ERROR_UNREACHABLE);
	g_assert_true(breaker_heard(breaker));
	g_assert_true(lets(breaker));
	breaker_free(breaker);
}

/* ---- the cache ---- */

typedef struct {
	Fixture *f;
	guint32 workspace, sessions[3];
} Box;

static Box box_open(gint64 refresh_ms, gint64 deadline_ms)
{
	Box box = {.f = fixture_new()};

	box.f->rich = TRUE;
	box.f->refresh_ms = refresh_ms;
	box.f->deadline_ms = deadline_ms;
	fixture_open(box.f, "sessions", "3", NULL);
	box.workspace = fixture_workspace(box.f, "m-1");
	box.sessions[0] = fixture_find(box.f, box.workspace, "s-000001");
	box.sessions[1] = fixture_find(box.f, box.workspace, "s-000002");
	box.sessions[2] = fixture_find(box.f, box.workspace, "s-000003");
	return box;
}

static guint64 describes(const Box *box)
{
	return memory_calls(box->f->backend, MEMORY_DESCRIBE);
}

static void read_log(const Box *box, guint i)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = fixture_read_costly(
		box->f, box->sessions[i], SESSION_LOG, &error);

	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(text, "log of s-"));
}

static void fail_log(const Box *box, guint i, BackendErrorCode code)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(fixture_read_costly(
		box->f, box->sessions[i], SESSION_LOG, &error));
	g_assert_error(error, BACKEND_ERROR, (int)code);
}

static void one_call_fails_for_all_files(void)
{
	Box box = box_open(LONG_MS, 5000);
	g_autoptr(GError) error = NULL;
	g_autoptr(Fixture) f = box.f;
	GBytes *bytes = NULL;

	read_log(&box, 2);
	memory_fail(
		f->backend, MEMORY_DESCRIBE, 0, 0, BACKEND_ERROR_UNREACHABLE);
	fail_log(&box, 0, BACKEND_ERROR_UNREACHABLE);
	g_assert_cmpuint(describes(&box), ==, 2);
	g_assert_cmpint(cache_open(f->cache, box.sessions[1], SESSION_LOG,
				&bytes, &error),
		==, KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNREACHABLE);
	g_assert_nonnull(g_strstr_len(error->message, -1, "asked again in"));
	fail_log(&box, 1, BACKEND_ERROR_UNREACHABLE);
	read_log(&box, 2); /* it is kept */
	g_assert_cmpuint(describes(&box), ==, 2);
	memory_heal(f->backend);
	fixture_refresh(f, box.workspace);
	read_log(&box, 1);
	g_assert_cmpuint(describes(&box), ==, 3);
}

static void what_waits_behind_a_hung_call_is_not_asked(void)
{
	Box box = box_open(LONG_MS, 2000);
	g_autoptr(Fixture) f = box.f;
	GBytes *bytes = NULL;

	memory_hold(f->backend, MEMORY_DESCRIBE);
	fail_log(&box, 0, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpint(cache_open(f->cache, box.sessions[1], SESSION_LOG,
				&bytes, NULL),
		==, KNOWN_FAILED);
	fail_log(&box, 2, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpuint(describes(&box), ==, 1);
	memory_release(f->backend, MEMORY_DESCRIBE);
}

static gboolean is_told(Box *box, guint i)
{
	g_autofree char *text = fixture_read_costly(
		box->f, box->sessions[i], SESSION_LOG, NULL);

	return text != NULL;
}

static void one_goes_through_later(void)
{
	Box box = box_open(100, 5000);
	g_autoptr(Fixture) f = box.f;

	/* No listing may succeed meanwhile: that would end it. */
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 0, BACKEND_ERROR_BUDGET);
	memory_fail(
		f->backend, MEMORY_LIST_WORKSPACES, 0, 0, BACKEND_ERROR_BUDGET);
	memory_fail(f->backend, MEMORY_DESCRIBE, 0, 1, BACKEND_ERROR_TIMEOUT);
	fail_log(&box, 0, BACKEND_ERROR_TIMEOUT);
	fail_log(&box, 1, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpuint(describes(&box), ==, 1);
	fixture_until(is_told(&box, 1));
	g_assert_cmpuint(describes(&box), ==, 2);
	read_log(&box, 0);
	read_log(&box, 2);
	g_assert_cmpuint(describes(&box), ==, 4);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/silence/" #test, test)
	ADD(it_begins_where_there_was_no_answer);
	ADD(it_does_not_begin_with_other_failures);
	ADD(a_sign_of_life_ends_it);
	ADD(what_is_our_own_does_not_end_it);
	ADD(one_tries_when_the_pause_is_over);
	ADD(who_was_let_through_before_is_stopped);
	ADD(one_open_that_hangs_beside_others_that_do_not_is_none);
	ADD(any_call_that_succeeds_ends_it);
	ADD(one_call_fails_for_all_files);
	ADD(what_waits_behind_a_hung_call_is_not_asked);
	ADD(one_goes_through_later);
	return g_test_run();
}
