#include "fs/emitter/synth_event.h"

static SynthEvent *way_to_state(SynthEventKind kind)
{
	SynthEvent *event = synth_event_new(kind, 7);

	synth_event_step(event, "alibaba", 100, S_IFDIR);
	synth_event_step(event, "w-1", 200, S_IFDIR);
	synth_event_step(event, "state", 301, S_IFREG);
	return event;
}

static void steps_make_a_path(void)
{
	g_autoptr(SynthEvent) event = way_to_state(SYNTH_EVENT_TOUCH);
	g_autofree char *path = synth_event_path(event);

	g_assert_cmpstr(path, ==, "alibaba/w-1/state");
	g_assert_cmpuint(synth_event_last(event)->ino, ==, 301);
	g_assert_cmpuint(synth_event_end(event), ==, 301);
}

static void a_way_without_steps_ends_at_the_root(void)
{
	g_autoptr(SynthEvent) way = synth_event_new(SYNTH_EVENT_TOUCH, 0);

	g_assert_cmpuint(synth_event_end(way), ==, FUSE_ROOT_ID);
	g_assert_cmpuint(synth_event_parent(way), ==, FUSE_ROOT_ID);
}

static void a_step_is_found_below_the_one_before(void)
{
	g_autoptr(SynthEvent) event = way_to_state(SYNTH_EVENT_TOUCH);

	g_assert_cmpuint(
		synth_event_find(event, FUSE_ROOT_ID, "alibaba")->ino, ==, 100);
	g_assert_cmpuint(synth_event_find(event, 100, "w-1")->ino, ==, 200);
	g_assert_cmpuint(synth_event_find(event, 200, "state")->ino, ==, 301);
	g_assert_null(synth_event_find(event, 200, "w-1"));
	g_assert_null(synth_event_find(event, 100, "state"));
	g_assert_null(synth_event_find(event, FUSE_ROOT_ID, "state"));
}

static void a_move_leads_to_what_it_replaces(void)
{
	g_autoptr(SynthEvent) event = way_to_state(SYNTH_EVENT_MOVE);
	g_autofree char *to = NULL;

	synth_event_move(event, "state.1", 0);
	to = synth_event_path_to(event);
	g_assert_cmpstr(to, ==, "alibaba/w-1/state.1");
	g_assert_cmpuint(synth_event_find(event, 200, "state.1")->ino, ==, 0);
	synth_event_move(event, "state.1", 302);
	g_assert_cmpuint(synth_event_find(event, 200, "state.1")->ino, ==, 302);
	g_assert_null(synth_event_find(event, 100, "state.1"));
	g_assert_cmpuint(synth_event_parent(event), ==, 200);
}

static void what_is_owed_is_counted_until_it_is_freed(void)
{
	gint owed = 0;
	SynthEvent *event = way_to_state(SYNTH_EVENT_TOUCH);

	synth_event_owe(event, &owed);
	g_assert_cmpint(owed, ==, 1);
	synth_event_free(event);
	g_assert_cmpint(owed, ==, 0);
}

static void a_copy_goes_on_by_itself(void)
{
	g_autoptr(SynthEvent) event = way_to_state(SYNTH_EVENT_TOUCH);
	g_autoptr(SynthEvent) copy =
		synth_event_copy(event, SYNTH_EVENT_REMOVE);
	g_autofree char *path = NULL, *longer = NULL;

	synth_event_step(copy, "below", 400, S_IFDIR);
	path = synth_event_path(event);
	longer = synth_event_path(copy);
	g_assert_cmpstr(path, ==, "alibaba/w-1/state");
	g_assert_cmpstr(longer, ==, "alibaba/w-1/state/below");
	g_assert_cmpint(copy->kind, ==, SYNTH_EVENT_REMOVE);
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
	g_test_add_func("/act/no-steps", a_way_without_steps_ends_at_the_root);
	g_test_add_func("/act/find", a_step_is_found_below_the_one_before);
	g_test_add_func("/act/copy", a_copy_goes_on_by_itself);
	return g_test_run();
}
