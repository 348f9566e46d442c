#include "fs/keeper/patience.h"

#define LIMIT 20000
#define LOOK 100

typedef struct {
	Patience patience;
	guint64 beats;
	gint64 now;
} Watch;

static Watch watch_of(guint64 beats)
{
	Watch self = {.beats = beats, .now = 5000};

	patience_begin(&self.patience, beats, self.now);
	return self;
}

static gboolean look(Watch *self, gint64 after_ms)
{
	self->now += after_ms;
	return patience_ends(&self->patience, self->beats, self->now, LIMIT);
}

/* Looks as a keeper does; whether it came to an end. */
static gboolean look_for(Watch *self, gint64 ms)
{
	gboolean over = FALSE;

	for (gint64 i = 0; i < ms && !over; i += LOOK)
		over = look(self, LOOK);
	return over;
}

static void beat(Watch *self)
{
	self->beats++;
	g_assert_false(look(self, LOOK));
}

static void silence_ends_it(void)
{
	Watch watch = watch_of(1);

	beat(&watch);
	g_assert_false(look_for(&watch, LIMIT));
	g_assert_true(look_for(&watch, 2 * LOOK));
}

static void slow_beats_will_do(void)
{
	Watch watch = watch_of(1);

	for (int i = 0; i < 10; i++) {
		beat(&watch);
		g_assert_false(look_for(&watch, LIMIT - LOOK));
	}
}

/* As often as it stands still: the wait is a new one each time. */
static void a_keeper_that_did_not_run_does_not_judge(void)
{
	Watch watch = watch_of(1);

	beat(&watch);
	for (int i = 0; i < 5; i++) {
		g_assert_false(look_for(&watch, LIMIT - LOOK));
		g_assert_false(look(&watch, 10 * LIMIT));
	}
	g_assert_false(look_for(&watch, LIMIT));
	g_assert_true(look_for(&watch, 2 * LOOK));
}

static void a_start_may_take_longer(void)
{
	Watch watch = watch_of(7);

	g_assert_false(look_for(&watch, 3 * LIMIT));
	g_assert_true(look_for(&watch, 6 * LIMIT));
}

static void who_never_beats_is_left_alone(void)
{
	Watch watch = watch_of(0);

	g_assert_false(look_for(&watch, 100 * LIMIT));
}

static void who_stops_beating_on_purpose_is_left_alone(void)
{
	Watch watch = watch_of(1);

	beat(&watch);
	watch.beats = 0;
	g_assert_false(look_for(&watch, 100 * LIMIT));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/patience/" #test, test)
	ADD(silence_ends_it);
	ADD(slow_beats_will_do);
	ADD(a_keeper_that_did_not_run_does_not_judge);
	ADD(a_start_may_take_longer);
	ADD(who_never_beats_is_left_alone);
	ADD(who_stops_beating_on_purpose_is_left_alone);
	return g_test_run();
}
