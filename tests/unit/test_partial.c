/* Records that tell less than others of the same session. */
#include "cache_fixture.h"

#include <string.h>
#include <sys/resource.h>

#include "cache/base/descriptors.h"
#include "cache/merge/apply.h"
#include "cache/refresh/refresh.h"

#define CONFIG (1u << SESSION_CONFIG)

static void open_thin(Fixture *f, const char *sessions)
{
	f->rich = TRUE;
	fixture_open(f, "sessions", sessions, "page", "1000", "thin_lists",
		"true", NULL);
}

static guint on_demand(Fixture *f, guint32 session)
{
	Entry entry = {0};

	g_assert_true(cache_entry(f->cache, session, &entry));
	return entry.on_demand;
}

static guint64 calls_of_get(Fixture *f)
{
	return memory_calls(f->backend, MEMORY_GET);
}

static char *open_config(Fixture *f, guint32 session)
{
	g_autoptr(GError) error = NULL;
	char *text = fixture_read_costly(f, session, SESSION_CONFIG, &error);

	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "SQL"));
	return text;
}

static void the_whole_is_asked_for_once(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *text = NULL, *config = NULL;
	guint32 session;
	GBytes *bytes = NULL;
	ContentStat stat;

	open_thin(f, "2");
	session = fixture_find(f, fixture_workspace(f, "m-1"), "s-000001");
	g_assert_true(on_demand(f, session) & CONFIG);
	stat = fixture_stat(f, session, SESSION_CONFIG);
	g_assert_cmpuint(stat.size, ==, CACHE_ON_DEMAND_SIZE);
	g_assert_cmpint(stat.keep_ms, ==, 0);
	memory_hold(f->backend, MEMORY_GET);
	for (guint i = 0; i < 50; i++)
		g_assert_cmpint(cache_open(f->cache, session, SESSION_CONFIG,
					&bytes, NULL),
			==, KNOWN_NOT_YET);
	memory_release(f->backend, MEMORY_GET);
	text = open_config(f, session);
	g_assert_cmpuint(calls_of_get(f), ==, 1);
	g_assert_cmpuint(on_demand(f, session) & CONFIG, ==, 0);
	fixture_until(fixture_count_news(f, NEWS_ON_DEMAND, session) == 1);
	g_assert_cmpuint(fixture_described_files(f, session), ==, 0);
	config = fixture_read(f, session, SESSION_CONFIG);
	g_assert_cmpstr(config, ==, text);
	g_assert_cmpint(
		fixture_stat(f, session, SESSION_CONFIG).keep_ms, ==, -1);
}

static void a_spent_budget_fails_an_open(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	guint32 session;

	open_thin(f, "1");
	session = fixture_find(f, fixture_workspace(f, "m-1"), "s-000001");
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_BUDGET);
	g_assert_null(fixture_read_costly(f, session, SESSION_CONFIG, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BUDGET);
}

static void a_thin_record_keeps_what_is_known(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *before = NULL, *same = NULL, *json = NULL;
	guint32 workspace, session;
	guint64 bytes;
	Dir *dir;

	open_thin(f, "1");
	workspace = fixture_workspace(f, "m-1");
	session = fixture_find(f, workspace, "s-000001");
	before = open_config(f, session);
	fixture_refresh(f, workspace);
	dir = dir_find(f->cache, workspace);
	bytes = disk_bytes(dir->disk);
	fixture_forget_news(f);
	for (guint i = 0; i < 3; i++)
		fixture_refresh(f, workspace);
	g_assert_cmpuint(disk_bytes(dir->disk), ==, bytes);
	g_assert_cmpuint(fixture_count_news(f, NEWS_CHANGED, 0), ==, 0);
	memory_put(f->backend, "m-1", "s-000001", NULL, "Busy");
	fixture_refresh(f, workspace);
	g_assert_cmpuint(disk_bytes(dir->disk), >, bytes);
	g_assert_cmpuint(fixture_changed_files(f, session) & CONFIG, ==, 0);
	same = fixture_read(f, session, SESSION_CONFIG);
	g_assert_cmpstr(same, ==, before);
	json = fixture_read(f, session, SESSION_JSON);
	g_assert_nonnull(strstr(json, "Busy"));
	g_assert_null(strstr(json, "Running"));
	g_assert_cmpuint(calls_of_get(f), ==, 1);
}

static void thin_and_whole_survive_a_restart(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *before = NULL, *after = NULL;
	guint32 workspace, whole, partial;

	open_thin(f, "2");
	workspace = fixture_workspace(f, "m-1");
	whole = fixture_find(f, workspace, "s-000001");
	partial = fixture_find(f, workspace, "s-000002");
	before = open_config(f, whole);
	fixture_close(f);
	open_thin(f, "2");
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_UNREACHABLE);
	g_assert_cmpuint(on_demand(f, whole) & CONFIG, ==, 0);
	g_assert_true(on_demand(f, partial) & CONFIG);
	after = fixture_read(f, whole, SESSION_CONFIG);
	g_assert_cmpstr(after, ==, before);
}

/* ---- bounds ---- */

static gboolean say(
	Dir *dir, const char *member, gsize size, gboolean partial, Phase phase)
{
	g_autoptr(Session) session = session_new();
	g_autofree char *filler = g_strnfill(size, 'x');

	session->id = g_strdup("big");
	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->phase = phase;
	session->body = g_strdup_printf("{\"%s\":\"%s\"}", member, filler);
	session->body_len = strlen(session->body);
	session->partial = partial;
	return apply_sessions(dir, &session, 1, dir_tick(dir), 0, NULL);
}

static struct rlimit files;

static void give_descriptors_back(
	const Backend *self, const Json *record, GString *out)
{
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &files), ==, 0);
	memory_class.renders[SESSION_CONFIG](self, record, out);
}

static void make_render_give_back(BackendClass *class)
{
	static const RecordRender renders[N_SESSION_FILES] = {
		[SESSION_CONFIG] = give_descriptors_back,
	};

	class->renders = renders;
}

/* No descriptor is left when the held record is read, and some are when the new one
 * is written. */
static void what_cannot_be_opened_is_not_lost(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *after = NULL;
	guint32 workspace, session;
	struct rlimit none;
	gboolean said;
	Dir *dir;

	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &files), ==, 0);
	none = files;
	none.rlim_cur = 0;
	f->change_class = make_render_give_back;
	open_thin(f, "1");
	workspace = fixture_workspace(f, "m-1");
	dir = dir_find(f->cache, workspace);
	g_assert_true(say(dir, "a", 1000, FALSE, PHASE_IDLE));
	session = fixture_find(f, workspace, "big");
	/* Of the files one stays open, and it is the index after a write. */
	descriptors_limit(1);
	g_assert_true(say(dir, "b", 10, TRUE, PHASE_BUSY));
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
	said = say(dir, "c", 10, TRUE, PHASE_IDLE);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &files), ==, 0);
	descriptors_limit(0);
	g_assert_false(said);
	after = fixture_read(f, session, SESSION_JSON);
	g_assert_nonnull(strstr(after, "\"a\":\"xxx"));
	g_assert_true(say(dir, "c", 10, TRUE, PHASE_IDLE));
	g_assert_cmpuint(on_demand(f, session) & CONFIG, ==, 0);
}

static void what_would_be_too_long_is_not_merged(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = NULL, *two = NULL, *three = NULL;
	guint32 workspace, session;
	Dir *dir;

	open_thin(f, "0");
	workspace = fixture_workspace(f, "m-1");
	dir = dir_find(f->cache, workspace);
	g_assert_true(say(dir, "a", 200000, FALSE, PHASE_IDLE));
	session = fixture_find(f, workspace, "big");
	g_assert_cmpuint(on_demand(f, session) & CONFIG, ==, 0);
	g_assert_true(say(dir, "b", 10, TRUE, PHASE_IDLE));
	two = fixture_read(f, session, SESSION_JSON);
	g_assert_cmpuint(strlen(two), >, 200000);
	g_assert_nonnull(strstr(two, "\"b\":\"xxxxxxxxxx\""));
	g_assert_cmpuint(on_demand(f, session) & CONFIG, ==, 0);
	g_assert_true(say(dir, "c", 100000, TRUE, PHASE_IDLE));
	three = fixture_read(f, session, SESSION_JSON);
	g_assert_cmpuint(strlen(three), <, 100100);
	g_assert_true(g_str_has_prefix(three, "{\"c\""));
	g_assert_true(on_demand(f, session) & CONFIG);
	g_assert_true(say(dir, "d", 10, FALSE, PHASE_IDLE));
	one = fixture_read(f, session, SESSION_JSON);
	g_assert_cmpstr(one, ==, "{\"d\":\"xxxxxxxxxx\"}\n");
}

/* ---- in the background ---- */

static guint count_thin(Fixture *f, guint32 workspace)
{
	g_autoptr(Snapshot) shown = dir_snapshot(dir_find(f->cache, workspace));
	guint n = 0;

	snapshot_foreach (row, shown, 0)
		n += row->partial;
	return n;
}

static gboolean is_filling(Fixture *f, guint32 workspace)
{
	Dir *dir = dir_find(f->cache, workspace);
	gboolean backfilling;

	backfilling = !tried_begin(dir->backfill);
	if (!backfilling)
		tried_end(dir->backfill);
	return backfilling;
}

static void without_interest_nothing_is_filled(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	open_thin(f, "5");
	workspace = fixture_workspace(f, "m-1");
	fixture_refresh(f, workspace);
	fixture_until(!is_filling(f, workspace));
	g_assert_cmpuint(calls_of_get(f), ==, 0);
	g_assert_cmpuint(count_thin(f, workspace), ==, 5);
}

static void a_sweep_fills_some(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	open_thin(f, "60");
	workspace = fixture_find(f, f->provider, "m-1");
	cache_look(f->cache, workspace);
	fixture_until(calls_of_get(f) == 50);
	fixture_until(!is_filling(f, workspace));
	g_assert_cmpuint(count_thin(f, workspace), ==, 10);
	g_assert_cmpuint(calls_of_get(f), ==, 50);
	fixture_refresh(f, workspace);
	fixture_until(count_thin(f, workspace) == 0);
	g_assert_cmpuint(calls_of_get(f), ==, 60);
}

static void the_newest_is_filled_first(void)
{
	g_autoptr(Fixture) f = fixture_new();
	gint64 now = g_get_real_time() / 1000;
	guint32 workspace, newest;

	open_thin(f, "0");
	memory_put_at(
		f->backend, "m-1", "old", "Running", now - 9000, now - 9000);
	memory_put_at(
		f->backend, "m-1", "new", "Running", now - 1000, now - 1000);
	memory_put_at(
		f->backend, "m-1", "mid", "Running", now - 5000, now - 5000);
	memory_fail(f->backend, MEMORY_GET, 1, 0, BACKEND_ERROR_BUDGET);
	workspace = fixture_find(f, f->provider, "m-1");
	cache_look(f->cache, workspace);
	fixture_until(calls_of_get(f) == 2);
	fixture_until(!is_filling(f, workspace));
	newest = fixture_find(f, workspace, "new");
	g_assert_cmpuint(on_demand(f, newest) & CONFIG, ==, 0);
	g_assert_cmpuint(count_thin(f, workspace), ==, 2);
}

static void what_fails_is_left_alone_for_a_while(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 workspace;

	open_thin(f, "3");
	memory_fail(f->backend, MEMORY_GET, 0, 0, BACKEND_ERROR_BAD_ANSWER);
	workspace = fixture_find(f, f->provider, "m-1");
	cache_look(f->cache, workspace);
	fixture_until(calls_of_get(f) == 3);
	for (guint i = 0; i < 3; i++) {
		fixture_refresh(f, workspace);
		fixture_until(!is_filling(f, workspace));
	}
	g_assert_cmpuint(calls_of_get(f), ==, 3);
}

static void filling_delays_neither_sweeps_nor_orders_nor_the_end(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;
	guint32 workspace;

	f->deadline_ms = 600000;
	open_thin(f, "3");
	workspace = fixture_find(f, f->provider, "m-1");
	memory_hold(f->backend, MEMORY_GET);
	cache_look(f->cache, workspace);
	fixture_until(memory_running(f->backend, MEMORY_GET) == 1);
	fixture_refresh(f, workspace);
	fixture_refresh(f, workspace);
	g_assert_cmpuint(memory_running(f->backend, MEMORY_GET), ==, 1);
	answer = fixture_control(f, workspace, "start", &error);
	g_assert_no_error(error);
	fixture_close(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/thin/" #test, test)
	ADD(the_whole_is_asked_for_once);
	ADD(a_spent_budget_fails_an_open);
	ADD(a_thin_record_keeps_what_is_known);
	ADD(what_cannot_be_opened_is_not_lost);
	ADD(thin_and_whole_survive_a_restart);
	ADD(what_would_be_too_long_is_not_merged);
	ADD(without_interest_nothing_is_filled);
	ADD(a_sweep_fills_some);
	ADD(the_newest_is_filled_first);
	ADD(what_fails_is_left_alone_for_a_while);
	ADD(filling_delays_neither_sweeps_nor_orders_nor_the_end);
	return g_test_run();
}
