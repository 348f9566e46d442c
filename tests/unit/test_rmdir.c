/* Verbs of workspaces, and of sessions that are gone afterwards. */
#include "cache_fixture.h"

#include <string.h>

static guint32 open_rich(Fixture *f)
{
	f->rich = TRUE;
	fixture_open(f, "sessions", "2", NULL);
	return fixture_workspace(f, "m-1");
}

static void a_workspace_takes_verbs(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL, *state = NULL;
	guint32 workspace = open_rich(f);
	Entry entry;

	g_assert_true(cache_entry(f->cache, workspace, &entry));
	g_assert_true(entry.steered);
	g_assert_true(cache_entry(f->cache, f->provider, &entry));
	g_assert_false(entry.steered);
	answer = fixture_control(f, workspace, "stop", &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(answer,
		"{\"workspace\":\"m-1\",\"provider\":\"m\","
		"\"verb\":\"stop\",\"request\":\"20"));
	fixture_refresh(f, workspace);
	state = fixture_read(
		f, fixture_find(f, workspace, "s-000002"), SESSION_STATE);
	g_assert_cmpstr(state, ==, "Stopped\n");
}

static void check_refused(Fixture *f, guint32 workspace, const char *verb,
	BackendErrorCode code, const char *says)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	g_assert_null(fixture_control(f, workspace, verb, &error));
	g_assert_error(error, BACKEND_ERROR, (gint)code);
	text = cache_last_error(f->cache, workspace);
	g_assert_nonnull(strstr(text, says));
}

static void what_is_refused_stands_in_last_error(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace = open_rich(f);

	check_refused(f, workspace, "fly", BACKEND_ERROR_UNSUPPORTED,
		"fly of m/m-1: ");
	check_refused(f, workspace, NULL, BACKEND_ERROR_UNSUPPORTED,
		"rmdir of m/m-1: ");
	memory_fail(f->backend, MEMORY_CONTROL_WORKSPACE, 0, 1,
		BACKEND_ERROR_DENIED);
	check_refused(
		f, workspace, "stop", BACKEND_ERROR_DENIED, "stop of m/m-1: ");
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_CONTROL_WORKSPACE), ==, 1);
}

static void read_only_workspaces_take_none(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	f->read_only = TRUE;
	workspace = open_rich(f);
	check_refused(f, workspace, "stop", BACKEND_ERROR_READ_ONLY, "stop");
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_CONTROL_WORKSPACE), ==, 0);
}

static void workspaces_without_verbs_take_none(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 workspace;
	Entry entry;

	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	g_assert_true(cache_entry(f->cache, workspace, &entry));
	g_assert_false(entry.steered);
	check_refused(f, workspace, "stop", BACKEND_ERROR_UNSUPPORTED, "stop");
	g_assert_null(fixture_control(f, f->provider, "stop", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_GONE);
}

static void who_is_gone_sends_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 workspace = open_rich(f);

	cache_stop(f->cache);
	g_assert_null(fixture_control(f, workspace, "stop", &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_CONTROL_WORKSPACE), ==, 0);
}

static void a_session_may_be_gone_after_its_verb(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;
	guint32 workspace = open_rich(f), session;
	Entry entry;

	session = fixture_find(f, workspace, "s-000001");
	answer = fixture_control(f, session, "delete", &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(answer, "\"session\":\"s-000001\""));
	g_assert_true(g_str_has_suffix(answer, "}\n"));
	fixture_until(!cache_entry(f->cache, session, &entry));
	fixture_until(fixture_count_news(f, NEWS_VANISHED, session) == 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/steer/" #test, test)
	ADD(a_workspace_takes_verbs);
	ADD(what_is_refused_stands_in_last_error);
	ADD(read_only_workspaces_take_none);
	ADD(workspaces_without_verbs_take_none);
	ADD(who_is_gone_sends_nothing);
	ADD(a_session_may_be_gone_after_its_verb);
	return g_test_run();
}
