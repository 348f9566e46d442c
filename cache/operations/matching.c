#include "cache/operations/matching.h"

/* Records tell whole seconds at times. */
#define GRAIN_MS 2000

static Match match_at(const Matches *self, guint request, guint session)
{
	return self->match[(gsize)request * self->sessions + session];
}

/* How many sessions match at least like that. */
static guint count(const Matches *self, guint request, Match least)
{
	guint n = 0;

	for (guint i = 0; i < self->sessions; i++)
		n += match_at(self, request, i) >= least;
	return n;
}

static gboolean share(const Matches *self, guint one, guint other)
{
	for (guint i = 0; i < self->sessions; i++)
		if (match_at(self, one, i) != MATCH_NO &&
			match_at(self, other, i) != MATCH_NO)
			return TRUE;
	return FALSE;
}

static gboolean match_alike(const Matches *self, guint one, guint other)
{
	for (guint i = 0; i < self->sessions; i++)
		if (match_at(self, one, i) != match_at(self, other, i))
			return FALSE;
	return TRUE;
}

/* How many requests could have made the same, itself included, and how many of
 * those come before it; 0: they are not all alike. */
static guint peers(const Matches *self, guint request, guint *ret_rank)
{
	guint n = 0;

	*ret_rank = 0;
	for (guint other = 0; other < self->requests; other++) {
		if (other != request && !share(self, request, other))
			continue;
		if (other != request &&
			(!match_alike(self, request, other) ||
				!self->equal(request, other, self->data)))
			return 0;
		*ret_rank += other < request;
		n++;
	}
	return n;
}

static guint nth_sure(const Matches *self, guint request, guint rank)
{
	guint session = 0;

	for (guint i = 0; i < self->sessions; i++)
		if (match_at(self, request, i) == MATCH_SURE) {
			session = i;
			if (rank-- == 0)
				break;
		}
	return session;
}

Matching matching_of(const Matches *self, guint request, guint *ret_session)
{
	guint sure = count(self, request, MATCH_SURE), rank;

	if (count(self, request, MATCH_DOUBT) == 0)
		return MATCHING_ABSENT;
	if (sure == 0 || sure != count(self, request, MATCH_DOUBT) ||
		peers(self, request, &rank) != sure)
		return MATCHING_UNCLEAR;
	*ret_session = nth_sure(self, request, rank);
	return MATCHING_FOUND;
}

static gboolean is_within(gint64 ms, const CreatedWithin *within,
	gint64 ahead_ms, gint64 slack_ms)
{
	return ms >= within->from_ms + ahead_ms - slack_ms &&
	       ms <= within->until_ms + ahead_ms + slack_ms;
}

Match matching_time(gint64 created_ms, const CreatedWithin *within)
{
	if (created_ms == 0)
		return MATCH_DOUBT;
	if (is_within(created_ms, within, within->ahead_ms, GRAIN_MS))
		return MATCH_SURE;
	if (is_within(created_ms, within, within->ahead_ms, within->slack_ms) ||
		is_within(created_ms, within, 0, within->slack_ms))
		return MATCH_DOUBT;
	return MATCH_NO;
}

static gboolean ends(Phase phase)
{
	return phase == PHASE_STOPPING || phase == PHASE_STOPPED ||
	       phase == PHASE_FAILED;
}

VerbOutcome matching_verb(
	guint from, gboolean starts, const Phase *before, const Phase *now)
{
	if (now == NULL)
		return starts ? VERB_IGNORED : VERB_OBEYED;
	if (!(from & (1u << *now)))
		return VERB_OBEYED;
	if (!starts && !ends(*now))
		return VERB_IGNORED;
	if (before == NULL)
		return VERB_UNTOLD;
	if (starts)
		return *before != *now ? VERB_OBEYED : VERB_IGNORED;
	return ends(*before) ? VERB_IGNORED : VERB_OBEYED;
}
