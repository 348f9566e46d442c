#include "cache_fixture.h"
#include "fake_clock.h"

#include <string.h>

static void status_tells_how_old_the_listing_is(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *before = NULL, *after = NULL, *later = NULL;
	guint32 number;

	f->clock = &clock_fake;
	fixture_open(f, "sessions", "3", NULL);
	number = fixture_find(f, f->provider, "m-1");
	before = fixture_status(f, number, "listing");
	g_assert_cmpstr(before, ==, "never");
	fixture_workspace(f, "m-1");
	clock_forward(20);
	after = cache_status(f->cache, number);
	g_assert_nonnull(strstr(after, "listing: complete\n"));
	g_assert_nonnull(strstr(after, "sessions: 3\n"));
	g_assert_nonnull(strstr(after, "partial: none\n"));
	g_assert_nonnull(strstr(after, "last_error: none\n"));
	g_assert_cmpuint(fixture_status_number(f, number, "age_ms"), >=, 20);
	/* What changes by time alone keeps the size. */
	clock_forward(100000);
	later = cache_status(f->cache, number);
	g_assert_cmpuint(strlen(later), ==, strlen(after));
}

static void status_tells_of_interest(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *no = NULL, *yes = NULL, *held = NULL;
	guint32 number;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	no = fixture_status(f, number, "interest");
	cache_look(f->cache, number);
	yes = fixture_status(f, number, "interest");
	cache_hold(f->cache, number, TRUE);
	held = fixture_status(f, number, "interest");
	g_assert_cmpstr(no, ==, "no");
	g_assert_cmpstr(yes, ==, "yes");
	g_assert_cmpstr(held, ==, "held");
	cache_hold(f->cache, number, FALSE);
}

static void a_providers_status_has_its_report(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *status = NULL, *top = NULL;

	fixture_open(f, "workspaces_made", "2", NULL);
	g_free(fixture_list(f, f->provider));
	status = cache_status(f->cache, f->provider);
	g_assert_nonnull(strstr(status, "type: memory\n"));
	g_assert_nonnull(strstr(status, "workspaces: 2\n"));
	g_assert_nonnull(strstr(status, "read_only: no\n"));
	g_assert_nonnull(strstr(status, "credentials: none needed\n"));
	top = cache_status(f->cache, 0);
	g_assert_nonnull(strstr(top, "providers: 1\n"));
}

static void recorded_errors_are_news(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *none = NULL;
	guint32 number;
	gint64 before;

	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	none = cache_last_error(f->cache, number);
	g_assert_cmpstr(none, ==, "");
	before = cache_text_mtime_ns(f->cache, number);
	backend_error_set(&error, BACKEND_ERROR_INVALID, "the spec is cut off");
	backend_error_detail(error)->request_id = g_strdup("R-1");
	cache_record_error(f->cache, number, error);
	text = cache_last_error(f->cache, number);
	g_assert_nonnull(strstr(text, "Z m/m-1: the spec is cut off"));
	g_assert_nonnull(strstr(text, "R-1"));
	g_assert_true(g_str_has_suffix(text, "\n"));
	g_assert_cmpint(cache_text_mtime_ns(f->cache, number), >, before);
	fixture_until(fixture_count_news(f, NEWS_TEXT, number) == 1);
	/* A session's are those of its workspace. */
	g_clear_pointer(&text, g_free);
	text = cache_last_error(f->cache, fixture_find(f, number, "s-000001"));
	g_assert_nonnull(strstr(text, "cut off"));
}

static void numbers_that_stand_for_nothing_have_no_texts(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *status = NULL, *error = NULL;

	fixture_open(f, NULL, NULL);
	status = cache_status(f->cache, 4711);
	error = cache_last_error(f->cache, 4711);
	g_assert_cmpstr(status, ==, "");
	g_assert_cmpstr(error, ==, "");
	g_assert_null(cache_last(f->cache, 4711));
	g_assert_null(cache_partial(f->cache, 4711));
}

static void metrics_count_calls_and_sessions(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GString) out = g_string_new(NULL);

	fixture_open(f, "sessions", "3", NULL);
	fixture_workspace(f, "m-1");
	cache_metrics(f->cache, out);
	g_assert_nonnull(
		strstr(out->str, "\nsessionfs_sessions{provider=\"m\"} 3\n"));
	g_assert_nonnull(strstr(out->str,
		"\nsessionfs_full_listings_total{provider=\"m\"} 2\n"));
	g_assert_nonnull(
		strstr(out->str, "# TYPE sessionfs_api_calls_total counter\n"));
	g_assert_nonnull(strstr(out->str, "sessionfs_api_calls_total{provider="
					  "\"m\",action=\"list_page\"} "
					  "1\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/text/" #name, name)
	ADD(status_tells_how_old_the_listing_is);
	ADD(status_tells_of_interest);
	ADD(a_providers_status_has_its_report);
	ADD(recorded_errors_are_news);
	ADD(numbers_that_stand_for_nothing_have_no_texts);
	ADD(metrics_count_calls_and_sessions);
	return g_test_run();
}
