#include "cache/operations/matching.h"

#include <string.h>

/* One row a request, one letter a session: . no, ? doubt, x sure; requests of
 * the same spec stand beside each other with the same mark in `specs`. */
static gboolean equal(guint one, guint other, const void *data)
{
	const char *specs = data;

	return specs[one] == specs[other];
}

/* "0 1 . ?": the session that each request has made; '.': none; '?': unclear. */
static char *matchings(const char *table, const char *specs)
{
	g_auto(GStrv) rows = g_strsplit(table, " ", -1);
	/* "" is one request, and no session. */
	guint n = MAX(1, g_strv_length(rows));
	guint sessions = (guint)strcspn(table, " ");
	g_autofree Match *match = g_new0(Match, n * sessions + 1);
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < n; i++)
		for (guint k = 0; k < sessions; k++)
			match[i * sessions + k] = rows[i][k] == 'x' ? MATCH_SURE
						  : rows[i][k] == '?'
							  ? MATCH_DOUBT
							  : MATCH_NO;
	for (guint i = 0; i < n; i++) {
		const Matches matches = {n, sessions, match, equal, specs};
		guint session = 99;
		Matching matching = matching_of(&matches, i, &session);

		if (matching == MATCHING_FOUND)
			g_string_append_printf(out, "%u", session);
		else
			g_string_append_c(
				out, matching == MATCHING_ABSENT ? '.' : '?');
	}
	return g_string_free(out, FALSE);
}

static void what_is_sure_is_told(void)
{
	static const struct {
		const char *table, *specs, *want;
	} cases[] = {
		{"x", "a", "0"},
		{".", "a", "."},
		{"", "a", "."},
		{"?", "a", "?"},
		/* Two that could be it, or one that is and one that may be. */
		{"xx", "a", "?"},
		{"x?", "a", "?"},
		{".x.", "a", "1"},
		/* Each its own. */
		{"x. .x", "ab", "01"},
		/* The same twice on purpose, both there: in order. */
		{"xx xx", "aa", "01"},
		{"xxx xxx xxx", "aaa", "012"},
		/* One is missing: nobody knows whose. */
		{"x x", "aa", "??"},
		{"xx xx xx", "aaa", "???"},
		/* One too many. */
		{"xxx xxx", "aa", "??"},
		/* They differ, and cannot be told apart. */
		{"xx xx", "ab", "??"},
		{"x x", "ab", "??"},
		/* Another may have made it. */
		{"x ?", "ab", "??"},
		{"xx .x", "aa", "??"},
		/* What is in doubt elsewhere does not touch who has his own. */
		{"x.. .x? .?x", "abc", "0??"},
		{"x. .. .x", "aba", "0.1"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			matchings(cases[i].table, cases[i].specs);

		g_assert_cmpstr(got, ==, cases[i].want);
	}
}

/* No session is ever given to two, and none that is not surely its. */
static void no_session_is_given_twice(void)
{
	for (guint round = 0; round < 20000; round++) {
		guint n = (guint)g_test_rand_int_range(1, 5);
		guint sessions = (guint)g_test_rand_int_range(1, 5), given = 0;
		Match match[16];
		char specs[5] = "";

		for (guint i = 0; i < n; i++)
			specs[i] = (char)('a' + g_test_rand_int_range(0, 2));
		for (guint i = 0; i < n * sessions; i++)
			match[i] = (Match)g_test_rand_int_range(0, 3);
		for (guint i = 0; i < n; i++) {
			const Matches matches = {
				n, sessions, match, equal, specs};
			guint session = 0;

			if (matching_of(&matches, i, &session) !=
				MATCHING_FOUND)
				continue;
			g_assert_cmpint(
				match[i * sessions + session], ==, MATCH_SURE);
			g_assert_false(given & (1u << session));
			given |= 1u << session;
		}
	}
}

static void times_are_judged_with_slack(void)
{
	const CreatedWithin within = {1000000, 1030000, 60000, 0};
	static const struct {
		gint64 created;
		Match want;
	} cases[] = {
		{0, MATCH_DOUBT},
		{1000000, MATCH_SURE},
		{1030000, MATCH_SURE},
		{998000, MATCH_SURE},
		{1032000, MATCH_SURE},
		{997999, MATCH_DOUBT},
		{1032001, MATCH_DOUBT},
		{940000, MATCH_DOUBT},
		{1090000, MATCH_DOUBT},
		{939999, MATCH_NO},
		{1090001, MATCH_NO},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmpint(matching_time(cases[i].created, &within), ==,
			cases[i].want);
}

/* By the provider's clock, where that is known; by ours it is in doubt. */
static void times_are_the_providers(void)
{
	const gint64 minute = 60000;
	const gint64 from = 1000 * minute, until = 1001 * minute;
	static const gint64 aheads[] = {20, -20, 1440};

	for (guint i = 0; i < G_N_ELEMENTS(aheads); i++) {
		gint64 ahead = aheads[i] * minute;
		const CreatedWithin within = {from, until, 15 * minute, ahead};

		g_assert_cmpint(
			matching_time(from + ahead, &within), ==, MATCH_SURE);
		g_assert_cmpint(
			matching_time(until + ahead, &within), ==, MATCH_SURE);
		g_assert_cmpint(matching_time(until + ahead + minute, &within),
			==, MATCH_DOUBT);
		g_assert_cmpint(matching_time(from, &within), ==, MATCH_DOUBT);
		g_assert_cmpint(
			matching_time(from + 5 * ahead, &within), ==, MATCH_NO);
	}
}

#define LIVE (1u << PHASE_IDLE | 1u << PHASE_BUSY | 1u << PHASE_STARTING)
#define OVER (1u << PHASE_STOPPED | 1u << PHASE_FAILED)
#define GONE ((Phase)N_PHASES)
#define UNKNOWN ((Phase)N_PHASES)

/* A verb makes sense in phases that it may lead to. */
static void a_verb_is_judged_by_what_was_before(void)
{
	static const struct {
		guint from;
		gboolean starts;
		Phase before, now;
		VerbOutcome want;
	} cases[] = {
		{LIVE | OVER, FALSE, PHASE_IDLE, PHASE_STOPPED, VERB_OBEYED},
		{LIVE | OVER, FALSE, PHASE_BUSY, PHASE_FAILED, VERB_OBEYED},
		{LIVE | OVER, FALSE, PHASE_IDLE, PHASE_STOPPING, VERB_OBEYED},
		{LIVE | OVER, FALSE, PHASE_IDLE, PHASE_IDLE, VERB_IGNORED},
		{LIVE | OVER, FALSE, PHASE_BUSY, PHASE_IDLE, VERB_IGNORED},
		{LIVE | OVER, FALSE, PHASE_STARTING, PHASE_IDLE, VERB_IGNORED},
		{LIVE | OVER, FALSE, PHASE_FAILED, PHASE_FAILED, VERB_IGNORED},
		{LIVE | OVER, FALSE, PHASE_IDLE, GONE, VERB_OBEYED},
		{LIVE | OVER, FALSE, PHASE_FAILED, GONE, VERB_OBEYED},
		{LIVE | OVER, FALSE, UNKNOWN, PHASE_STOPPED, VERB_UNTOLD},
		{LIVE | OVER, FALSE, UNKNOWN, PHASE_IDLE, VERB_IGNORED},
		{LIVE, FALSE, PHASE_IDLE, PHASE_STOPPED, VERB_OBEYED},
		{LIVE, FALSE, UNKNOWN, PHASE_STOPPING, VERB_OBEYED},
		{OVER, TRUE, PHASE_STOPPED, PHASE_STARTING, VERB_OBEYED},
		{OVER, TRUE, PHASE_STOPPED, PHASE_STOPPED, VERB_IGNORED},
		{OVER, TRUE, PHASE_STOPPED, PHASE_FAILED, VERB_OBEYED},
		{OVER, TRUE, PHASE_STOPPED, GONE, VERB_IGNORED},
		{OVER, TRUE, UNKNOWN, PHASE_STOPPED, VERB_UNTOLD},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		const Phase *before = &cases[i].before, *now = &cases[i].now;

		g_test_message("case %u", i);
		g_assert_cmpint(matching_verb(cases[i].from, cases[i].starts,
					*before != UNKNOWN ? before : NULL,
					*now != GONE ? now : NULL),
			==, cases[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/verdict/" #name, name)
	ADD(what_is_sure_is_told);
	ADD(no_session_is_given_twice);
	ADD(times_are_judged_with_slack);
	ADD(times_are_the_providers);
	ADD(a_verb_is_judged_by_what_was_before);
	return g_test_run();
}
