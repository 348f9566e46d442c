#include "cache/store/request_life.h"

/* What each state may become, whatever happens to it, as the promise to users has
 * it: a set of states each. */
#define IN(state) (1u << REQUEST_##state)

static const guint reaches[N_REQUEST_STATES] = {
	[REQUEST_WAITING] = IN(SENT) | IN(FAILED) | IN(DONE),
	[REQUEST_SENT] = IN(SENT) | IN(CREATED) | IN(DONE) | IN(FAILED) |
			 IN(UNKNOWN) | IN(ABSENT) | IN(ABANDONED),
	[REQUEST_CREATED] = IN(CREATED) | IN(STARTING) | IN(DONE) |
			    IN(UNKNOWN) | IN(ABANDONED),
	[REQUEST_STARTING] = IN(DONE) | IN(UNKNOWN) | IN(ABANDONED),
	[REQUEST_DONE] = 0,
	[REQUEST_FAILED] = IN(SENT) | IN(DONE),
	[REQUEST_UNKNOWN] = IN(SENT) | IN(CREATED) | IN(DONE) | IN(ABANDONED),
	[REQUEST_ABANDONED] = IN(DONE),
	[REQUEST_ABSENT] =
		IN(SENT) | IN(CREATED) | IN(DONE) | IN(UNKNOWN) | IN(ABANDONED),
};

static gboolean is_step(RequestEvent event, guint from, RequestStep *ret)
{
	return request_step(event, (RequestState)from, ret);
}

static void each_state_becomes_what_it_may(void)
{
	RequestStep step;

	for (guint from = 0; from < N_REQUEST_STATES; from++) {
		guint found = 0;

		for (guint event = 0; event < N_REQUEST_EVENTS; event++)
			if (is_step((RequestEvent)event, from, &step))
				found |= 1u << step.to;
		g_assert_cmphex(found, ==, reaches[from]);
	}
}

static void what_is_done_stays_done(void)
{
	RequestStep step;

	for (guint event = 0; event < N_REQUEST_EVENTS; event++)
		g_assert_false(
			is_step((RequestEvent)event, REQUEST_DONE, &step));
}

static void what_has_a_session_is_not_sent_again(void)
{
	RequestStep step;

	for (guint from = 0; from < N_REQUEST_STATES; from++)
		if (request_state_exists((RequestState)from))
			g_assert_false(
				is_step(REQUEST_EVENT_SEND, from, &step));
}

static void only_what_leads_to_the_same_may_be_lazy(void)
{
	RequestStep step;

	for (guint from = 0; from < N_REQUEST_STATES; from++)
		for (guint event = 0; event < N_REQUEST_EVENTS; event++)
			if (is_step((RequestEvent)event, from, &step) &&
				step.lazy) {
				g_assert_cmpint(step.to, ==, REQUEST_DONE);
				g_assert_true(from == REQUEST_CREATED ||
					      from == REQUEST_STARTING);
			}
}

static void every_event_happens_to_something(void)
{
	RequestStep step;

	for (guint event = 0; event < N_REQUEST_EVENTS; event++) {
		guint n = 0;

		for (guint from = 0; from < N_REQUEST_STATES; from++)
			n += is_step((RequestEvent)event, from, &step);
		g_assert_cmpuint(n, >, 0);
		g_assert_nonnull(request_event_name((RequestEvent)event));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/request-life/states", each_state_becomes_what_it_may);
	g_test_add_func("/request-life/done", what_is_done_stays_done);
	g_test_add_func(
		"/request-life/once", what_has_a_session_is_not_sent_again);
	g_test_add_func(
		"/request-life/lazy", only_what_leads_to_the_same_may_be_lazy);
	g_test_add_func(
		"/request-life/events", every_event_happens_to_something);
	return g_test_run();
}
