/* Whether a session that answers differ on is there. */
#include <string.h>

#include "cache/merge/apply.h"
#include "cache/model/dir.h"
#include "cache/refresh/refresh.h"
#include "cache_fixture.h"
#include "fake_clock.h"

static Dir *workspace_of(Fixture *f)
{
	fixture_open(f, NULL, NULL);
	return dir_find(f->cache, fixture_workspace(f, "m-1"));
}

/* The answer "this session is there", made then. */
static void answer_at(Dir *dir, const char *id, gint64 created_ms,
	const char *created, gboolean partial, guint32 relist)
{
	g_autoptr(Session) session = session_new();

	session->id = g_strdup(id);
	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->phase = PHASE_IDLE;
	session->created_ms = created_ms;
	session->partial = partial;
	session->body = g_strdup_printf(
		"{\"created\":%s%s}", created, partial ? "" : ",\"more\":1");
	session->body_len = strlen(session->body);
	g_assert_true(
		apply_sessions(dir, &session, 1, dir_tick(dir), relist, NULL));
	news_deliver(dir->cache->news);
}

static void answer(Dir *dir, const char *id, guint32 relist)
{
	answer_at(dir, id, 0, "0", FALSE, relist);
}

static void gone(Dir *dir, const char *id)
{
	g_assert_true(apply_gone(dir, id, dir_tick(dir), NULL));
	news_deliver(dir->cache->news);
}

/* A listing that names `id` alone (NULL: nothing); then nothing is asked for. */
static void list(Dir *dir, guint32 relist, const char *id)
{
	Listed listed = {relist, dir_tick(dir), 1, FALSE, 0};
	g_autoptr(GPtrArray) missed = NULL;

	if (id != NULL)
		answer(dir, id, relist);
	missed = apply_missed(dir, &listed, 16);
	g_assert_true(apply_relist_end(dir, &listed, NULL));
	news_deliver(dir->cache->news);
}

static gboolean is_there(Fixture *f, Dir *dir, const char *id)
{
	return fixture_find(f, dir->number, id) != 0;
}

static void an_answer_outweighs_listings_without_it(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);

	list(dir, 11, "s-1");
	for (guint32 relist = 12; relist < 16; relist++) {
		list(dir, relist, NULL);
		g_assert_true(is_there(f, dir, "s-1"));
		answer(dir, "s-1", 0);
	}
	list(dir, 16, NULL);
	list(dir, 17, NULL);
	g_assert_false(is_there(f, dir, "s-1"));
}

static void one_answer_takes_nothing_that_listings_name(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL;
	Dir *dir = workspace_of(f);

	for (guint32 relist = 11; relist < 15; relist++) {
		list(dir, relist, "s-1");
		gone(dir, "s-1");
		g_assert_true(is_there(f, dir, "s-1"));
	}
	/* Answers are known to be wrong: not even two of them count. */
	gone(dir, "s-1");
	g_assert_true(is_there(f, dir, "s-1"));
	/* With a listing they do. */
	list(dir, 15, NULL);
	g_assert_false(is_there(f, dir, "s-1"));
	moves = fixture_moves(f, dir->number);
	g_assert_cmpstr(moves, ==, "+s-1 -s-1");
}

static void two_answers_are_enough(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir;

	f->clock = &clock_fake;
	dir = workspace_of(f);
	list(dir, 11, "s-1");
	gone(dir, "s-1");
	/* The same reader asks twice. */
	gone(dir, "s-1");
	g_assert_true(is_there(f, dir, "s-1"));
	clock_forward(1000);
	gone(dir, "s-1");
	g_assert_false(is_there(f, dir, "s-1"));
}

static void what_a_listing_missed_goes_with_one_answer(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);

	list(dir, 11, "s-1");
	list(dir, 12, NULL);
	gone(dir, "s-1");
	g_assert_false(is_there(f, dir, "s-1"));
}

static void what_we_have_ended_goes_at_once(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = workspace_of(f);

	list(dir, 11, "s-1");
	apply_operation_begins(dir, "s-1", NULL);
	gone(dir, "s-1");
	g_assert_false(is_there(f, dir, "s-1"));
}

static void times_in_two_precisions_are_one(void)
{
	static const gint64 apart[] = {500, 999, -999, 2000};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL;
	Dir *dir = workspace_of(f);
	gint64 made = 1763000061000;

	answer_at(dir, "s-1", made, "1763000061000", FALSE, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(apart); i++) {
		answer_at(
			dir, "s-1", made + apart[i], "1763000061500", FALSE, 0);
		answer_at(dir, "s-1", made, "1763000061000", FALSE, 0);
	}
	moves = fixture_moves(f, dir->number);
	g_assert_cmpstr(moves, ==, "+s-1");
	answer_at(dir, "s-1", made + 3000, "1763000064000", FALSE, 0);
	g_free(moves);
	moves = fixture_moves(f, dir->number);
	g_assert_cmpstr(moves, ==, "+s-1 -s-1 +s-1");
}

/* The edge where the upper half of the milliseconds changes. */
static void times_are_one_over_an_edge(void)
{
	const gint64 edge = G_GINT64_CONSTANT(411) << 32;

	g_assert_true(row_created_at(row_created(edge - 1), edge + 999));
	g_assert_true(row_created_at(row_created(edge + 999), edge - 1));
	g_assert_false(row_created_at(row_created(edge - 1), edge + 2000));
	g_assert_true(row_created_at(0, edge));
	g_assert_true(row_created_at(row_created(edge), 0));
}

static void another_precision_is_no_event(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *told = NULL;
	Dir *dir = workspace_of(f);

	answer_at(dir, "s-1", 1763000061500, "1763000061500", FALSE, 0);
	fixture_forget_news(f);
	for (guint i = 0; i < 3; i++) {
		answer_at(dir, "s-1", 1763000061000, "1763000061", TRUE, 0);
		answer_at(dir, "s-1", 1763000061500, "1763000061500", FALSE, 0);
	}
	told = fixture_told(f, dir->number);
	g_assert_cmpstr(told, ==, "");
}

static void a_workspace_needs_two_listings_to_go(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;
	Entry entry;

	fixture_open(f, "workspaces_made", "2", NULL);
	number = fixture_workspace(f, "m-2");
	memory_remove_workspace(f->backend, "m-2");
	memory_hold(f->backend, MEMORY_LIST_WORKSPACES);
	fixture_refresh_now(f->cache, f->provider);
	fixture_until(memory_running(f->backend, MEMORY_LIST_WORKSPACES) == 1);
	memory_release(f->backend, MEMORY_LIST_WORKSPACES);
	/* The second one comes by itself, and soon. */
	fixture_until(!cache_entry(f->cache, number, &entry));
	g_assert_cmpuint(
		memory_calls(f->backend, MEMORY_LIST_WORKSPACES), ==, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/gone/" #name, name)
	ADD(an_answer_outweighs_listings_without_it);
	ADD(one_answer_takes_nothing_that_listings_name);
	ADD(two_answers_are_enough);
	ADD(what_a_listing_missed_goes_with_one_answer);
	ADD(what_we_have_ended_goes_at_once);
	ADD(times_in_two_precisions_are_one);
	ADD(times_are_one_over_an_edge);
	ADD(another_precision_is_no_event);
	ADD(a_workspace_needs_two_listings_to_go);
	return g_test_run();
}
