#include "cache/model/lately.h"

typedef struct {
	IdTable *ids;
	Lately *lately;
	Id *one, *two;
} Notes;

static void notes_open(Notes *self)
{
	self->ids = ids_new(NULL);
	self->lately = lately_new();
	self->one = ids_add(self->ids, "one", 64);
	self->two = ids_add(self->ids, "two", 65);
}

static void notes_clear(Notes *self)
{
	lately_free(self->lately);
	ids_free(self->ids);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Notes, notes_clear)

static void a_session_is_spared_until_a_later_sweep(void)
{
	g_auto(Notes) n = {0};

	notes_open(&n);
	g_assert_false(lately_spares(n.lately, n.one, 0));
	lately_note(n.lately, n.one, 7, NULL);
	g_assert_true(lately_spares(n.lately, n.one, 0));
	g_assert_true(lately_spares(n.lately, n.one, 6));
	g_assert_true(lately_spares(n.lately, n.one, 7));
	g_assert_false(lately_spares(n.lately, n.one, 8));
	g_assert_false(lately_spares(n.lately, n.two, 0));
	lately_forget(n.lately, 7);
	g_assert_true(lately_spares(n.lately, n.one, 0));
	lately_forget(n.lately, 8);
	g_assert_false(lately_spares(n.lately, n.one, 0));
}

static void what_is_being_done_outlasts_all_sweeps(void)
{
	g_auto(Notes) n = {0};

	notes_open(&n);
	lately_note(n.lately, n.one, LATELY_NOW, NULL);
	lately_forget(n.lately, G_MAXUINT32 - 1);
	g_assert_true(lately_spares(n.lately, n.one, G_MAXUINT32 - 1));
	lately_note(n.lately, n.one, 3, NULL);
	g_assert_false(lately_spares(n.lately, n.one, 4));
}

static void a_spec_is_taken_once(void)
{
	g_auto(Notes) n = {0};
	g_autofree char *spec = NULL;

	notes_open(&n);
	g_assert_null(lately_take(n.lately, n.one));
	lately_note(n.lately, n.one, LATELY_NOW, "{}");
	lately_note(n.lately, n.one, 3, NULL);
	spec = lately_take(n.lately, n.one);
	g_assert_cmpstr(spec, ==, "{}");
	g_assert_null(lately_take(n.lately, n.one));
}

static void a_spec_does_not_wait_for_ever(void)
{
	g_auto(Notes) n = {0};
	g_autofree char *spec = NULL;

	notes_open(&n);
	lately_note(n.lately, n.one, 3, "{}");
	lately_note(n.lately, n.two, 3, "{}");
	lately_forget(n.lately, 5);
	spec = lately_take(n.lately, n.one);
	g_assert_cmpstr(spec, ==, "{}");
	lately_forget(n.lately, 1000);
	g_assert_null(lately_take(n.lately, n.two));
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
