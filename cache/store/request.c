#include "cache/store/request.h"

#include <stdio.h>
#include <sys/random.h>

#include "backends/base/clock.h"

static const char *const names[N_REQUEST_STATES] = {
	[REQUEST_WAITING] = "waiting",
	[REQUEST_SENT] = "sent",
	[REQUEST_CREATED] = "created",
	[REQUEST_STARTING] = "starting",
	[REQUEST_DONE] = "done",
	[REQUEST_FAILED] = "failed",
	[REQUEST_UNKNOWN] = "unknown",
	[REQUEST_ABANDONED] = "abandoned",
	[REQUEST_ABSENT] = "failed",
};

const char *request_state_name(RequestState state)
{
	return names[state];
}

gboolean request_state_is_final(RequestState state)
{
	return state == REQUEST_DONE || state == REQUEST_ABANDONED ||
	       request_state_has_failed(state);
}

gboolean request_state_has_failed(RequestState state)
{
	return state == REQUEST_FAILED || state == REQUEST_ABSENT;
}

gboolean request_state_keeps_plan(RequestState state)
{
	return state == REQUEST_ABSENT || !request_state_is_final(state);
}

gboolean request_state_exists(RequestState state)
{
	return state == REQUEST_CREATED || state == REQUEST_STARTING ||
	       state == REQUEST_DONE;
}

/* "20260314T150926.535Z-9f86d0": two of one millisecond differ all the same. */
static void rid_make(gint64 made_ms, char ret[RID_MAX])
{
	g_autoptr(GDateTime) when =
		g_date_time_new_from_unix_utc(made_ms / 1000);
	g_autofree char *text =
		when != NULL ? g_date_time_format(when, "%Y%m%dT%H%M%S")
			     : g_strdup("0");
	guint32 random = 0;

	/* Without it the clock alone tells them apart. */
	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (guint32)now_ns();
	g_snprintf(ret, RID_MAX, "%.15s.%03dZ-%06x", text,
		(int)(made_ms % 1000), random & 0xffffff);
}

Intent *intent_new(gint64 made_ms)
{
	Intent *intent = g_new0(Intent, 1);

	intent->made_ms = intent->until_ms = made_ms;
	rid_make(intent->made_ms, intent->rid);
	return intent;
}

void intent_free(Intent *intent)
{
	g_free(intent->provider);
	g_free(intent->workspace);
	g_free(intent->text);
	g_free(intent->token);
	g_clear_pointer(&intent->plan, create_plan_free);
	g_free(intent->verb);
	g_free(intent->session);
	g_free(intent);
}

Outcome *outcome_new(RequestState state)
{
	Outcome *outcome = g_new0(Outcome, 1);

	outcome->state = state;
	outcome->changed_ms = clock_wall_ms(&clock_real);
	outcome->id = g_strdup("");
	outcome->name = g_strdup("");
	outcome->error = g_strdup("");
	return outcome;
}

Outcome *outcome_saying(RequestState state, char *sentence)
{
	Outcome *outcome = outcome_new(state);

	g_free(outcome->error);
	outcome->error = sentence;
	return outcome;
}

Outcome *outcome_copy(const Outcome *outcome)
{
	Outcome *copy = g_memdup2(outcome, sizeof(*outcome));

	copy->id = g_strdup(outcome->id);
	copy->name = g_strdup(outcome->name);
	copy->error = g_strdup(outcome->error);
	return copy;
}

void outcome_free(Outcome *outcome)
{
	if (outcome == NULL)
		return;
	g_free(outcome->id);
	g_free(outcome->name);
	g_free(outcome->error);
	g_free(outcome);
}
