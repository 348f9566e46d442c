#include "fs/emitter/act.h"

static Act *way_to_state(ActKind kind)
{
	Act *act = act_new(kind, 7);

	act_step(act, "alibaba", 100, S_IFDIR);
	act_step(act, "w-1", 200, S_IFDIR);
	act_step(act, "state", 301, S_IFREG);
	return act;
}

static void steps_make_a_path(void)
{
	g_autoptr(Act) act = way_to_state(ACT_TOUCH);
	g_autofree char *path = act_path(act);

	g_assert_cmpstr(path, ==, "alibaba/w-1/state");
	g_assert_cmpuint(act_last(act)->ino, ==, 301);
}

static void a_step_is_found_below_the_one_before(void)
{
	g_autoptr(Act) act = way_to_state(ACT_TOUCH);

	g_assert_cmpuint(act_find(act, FUSE_ROOT_ID, "alibaba")->ino, ==, 100);
	g_assert_cmpuint(act_find(act, 100, "w-1")->ino, ==, 200);
	g_assert_cmpuint(act_find(act, 200, "state")->ino, ==, 301);
	g_assert_null(act_find(act, 200, "w-1"));
	g_assert_null(act_find(act, 100, "state"));
	g_assert_null(act_find(act, FUSE_ROOT_ID, "state"));
}

static void a_move_leads_to_what_it_replaces(void)
{
	g_autoptr(Act) act = way_to_state(ACT_MOVE);
	g_autofree char *to = NULL;

	act_move(act, "state.1", 0);
	to = act_path_to(act);
	g_assert_cmpstr(to, ==, "alibaba/w-1/state.1");
	g_assert_null(act_find(act, 200, "state.1"));
	act_move(act, "state.1", 302);
	g_assert_cmpuint(act_find(act, 200, "state.1")->ino, ==, 302);
	g_assert_null(act_find(act, 100, "state.1"));
	g_assert_cmpuint(act_parent(act), ==, 200);
}

static void what_is_owed_is_counted_until_it_is_freed(void)
{
	gint owed = 0;
	Act *act = way_to_state(ACT_TOUCH);

	act_owe(act, &owed);
	g_assert_cmpint(owed, ==, 1);
	act_free(act);
	g_assert_cmpint(owed, ==, 0);
}

static void a_copy_goes_on_by_itself(void)
{
	g_autoptr(Act) act = way_to_state(ACT_TOUCH);
	g_autoptr(Act) copy = act_copy(act, ACT_REMOVE);
	g_autofree char *path = NULL, *longer = NULL;

	act_step(copy, "below", 400, S_IFDIR);
	path = act_path(act);
	longer = act_path(copy);
	g_assert_cmpstr(path, ==, "alibaba/w-1/state");
	g_assert_cmpstr(longer, ==, "alibaba/w-1/state/below");
	g_assert_cmpint(copy->kind, ==, ACT_REMOVE);
	g_assert_cmpuint(copy->dir, ==, 7);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/act/a-move-leads-to-what-it-replaces",
		a_move_leads_to_what_it_replaces);
	g_test_add_func("/act/what-is-owed-is-counted-until-it-is-freed",
		what_is_owed_is_counted_until_it_is_freed);
	g_test_add_func("/act/path", steps_make_a_path);
	g_test_add_func("/act/find", a_step_is_found_below_the_one_before);
	g_test_add_func("/act/copy", a_copy_goes_on_by_itself);
	return g_test_run();
}
