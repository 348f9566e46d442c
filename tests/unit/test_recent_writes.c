#include "cache/model/recent_writes.h"

typedef struct {
	IdTable *ids;
	RecentWrites *recent_writes;
	Id *one, *two;
} Notes;

static void notes_open(Notes *self)
{
	self->ids = ids_new(NULL);
	self->recent_writes = recent_writes_new();
	self->one = ids_add(self->ids, "one", 64);
	self->two = ids_add(self->ids, "two", 65);
}

static void notes_clear(Notes *self)
{
	g_hash_table_unref(self->recent_writes);
	ids_free(self->ids);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Notes, notes_clear)

static void a_session_is_spared_until_a_later_sweep(void)
{
	g_auto(Notes) n = {0};

	notes_open(&n);
	g_assert_false(recent_writes_spares(n.recent_writes, n.one, 0));
	recent_writes_note(n.recent_writes, n.one, 7, NULL);
	g_assert_true(recent_writes_spares(n.recent_writes, n.one, 0));
	g_assert_true(recent_writes_spares(n.recent_writes, n.one, 6));
	g_assert_true(recent_writes_spares(n.recent_writes, n.one, 7));
	g_assert_false(recent_writes_spares(n.recent_writes, n.one, 8));
	g_assert_false(recent_writes_spares(n.recent_writes, n.two, 0));
	recent_writes_forget(n.recent_writes, 7);
	g_assert_true(recent_writes_spares(n.recent_writes, n.one, 0));
	recent_writes_forget(n.recent_writes, 8);
	g_assert_false(recent_writes_spares(n.recent_writes, n.one, 0));
}

static void what_is_being_done_outlasts_all_sweeps(void)
{
	g_auto(Notes) n = {0};

	notes_open(&n);
	recent_writes_note(n.recent_writes, n.one, RECENT_WRITES_NOW, NULL);
	recent_writes_forget(n.recent_writes, G_MAXUINT32 - 1);
	g_assert_true(
		recent_writes_spares(n.recent_writes, n.one, G_MAXUINT32 - 1));
	recent_writes_note(n.recent_writes, n.one, 3, NULL);
	g_assert_false(recent_writes_spares(n.recent_writes, n.one, 4));
}

static void a_spec_is_taken_once(void)
{
	g_auto(Notes) n = {0};
	g_autofree char *spec = NULL;

	notes_open(&n);
	g_assert_null(recent_writes_take(n.recent_writes, n.one));
	recent_writes_note(n.recent_writes, n.one, RECENT_WRITES_NOW, "{}");
	recent_writes_note(n.recent_writes, n.one, 3, NULL);
	spec = recent_writes_take(n.recent_writes, n.one);
	g_assert_cmpstr(spec, ==, "{}");
	g_assert_null(recent_writes_take(n.recent_writes, n.one));
}

static void a_spec_does_not_wait_for_ever(void)
{
	g_auto(Notes) n = {0};
	g_autofree char *spec = NULL;

	notes_open(&n);
	recent_writes_note(n.recent_writes, n.one, 3, "{}");
	recent_writes_note(n.recent_writes, n.two, 3, "{}");
	recent_writes_forget(n.recent_writes, 5);
	spec = recent_writes_take(n.recent_writes, n.one);
	g_assert_cmpstr(spec, ==, "{}");
	recent_writes_forget(n.recent_writes, 1000);
	g_assert_null(recent_writes_take(n.recent_writes, n.two));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/lately/" #test, test)
	ADD(a_session_is_spared_until_a_later_sweep);
	ADD(what_is_being_done_outlasts_all_sweeps);
	ADD(a_spec_is_taken_once);
	ADD(a_spec_does_not_wait_for_ever);
	return g_test_run();
}
