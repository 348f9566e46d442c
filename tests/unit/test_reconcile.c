/* What the next run makes of requests that the last one left. */
#include "cache/base/descriptors.h"
#include "cache/model/core.h"
#include "cache/requests/requests.h"
#include "cache/requests/requests_inside.h"
#include "cache/store/journal.h"
#include "cache_fixture.h"

#include <string.h>
#include <sys/resource.h>

#define DAY_MS (G_GINT64_CONSTANT(24) * 3600 * 1000)

/* ---- a last run, as its journal shows it ---- */

/* A create of that name, asked for so long ago; it may have been sent for a second
 * from then on.  Taken by whoever changes it. */
static Intent *intent_of(const char *name, gint64 age_ms)
{
	Intent *intent = intent_new(g_get_real_time() / 1000);

	intent->made_ms -= age_ms;
	intent->until_ms = intent->made_ms + 1000;
	intent->watermark = 1;
	intent->provider = g_strdup("m");
	intent->workspace = g_strdup("m-1");
	intent->text = g_strdup_printf("{\"name\":\"%s\"}", name);
	intent->token = g_strdup("");
	intent->session = g_strdup("");
	intent->plan = create_plan_new();
	g_free(intent->plan->name);
	intent->plan->name = g_strdup(name);
	g_free(intent->plan->body);
	intent->plan->body = g_strdup(intent->text);
	return intent;
}

/* Returns its rid.  number: of the session, as it was shown then. */
static char *leave_numbered(Fixture *f, Intent *intent, RequestState state,
	const char *id, guint32 number)
{
	g_autoptr(Intent) own = intent;
	g_autoptr(Outcome) outcome = outcome_new(state);
	g_autoptr(Journal) journal = journal_open(f->state_dir, NULL);
	gboolean ok;

	outcome->changed_ms = own->made_ms;
	outcome->session = number;
	g_free(outcome->id);
	outcome->id = g_strdup(id);
	ok = journal_put(journal, own, NULL, outcome, NULL);
	g_assert_true(ok);
	return g_strdup(own->rid);
}

static char *leave(
	Fixture *f, Intent *intent, RequestState state, const char *id)
{
	return leave_numbered(f, intent, state, id, 0);
}

/* ---- this run ---- */

static void make_provider(Fixture *f)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);

	f->other = backend_open(&memory_class, keys, NULL);
	memory_add_workspace(f->other, "m-1");
}

/* Sessions stand there before anybody looks: "s-1=name s-2=name". */
static guint32 open_with(Fixture *f, const char *sessions)
{
	g_auto(GStrv) list = g_strsplit(sessions, " ", -1);

	make_provider(f);
	for (guint i = 0; list[i] != NULL && *list[i] != '\0'; i++) {
		char *name = strchr(list[i], '=');

		*name++ = '\0';
		memory_put(f->other, "m-1", list[i], name, "Running");
	}
	fixture_open(f, NULL, NULL);
	return fixture_workspace(f, "m-1");
}

static guint32 number_of(Fixture *f, guint32 workspace, const char *rid)
{
	Entry entry;

	g_assert_true(cache_request_find(f->cache, workspace, rid, &entry));
	return entry.number;
}

static char *text_of(
	Fixture *f, guint32 workspace, const char *rid, RequestText what)
{
	return cache_request_text(f->cache, number_of(f, workspace, rid), what);
}

static gboolean state_is(
	Fixture *f, guint32 workspace, const char *rid, const char *want)
{
	g_autofree char *text = text_of(f, workspace, rid, REQUEST_TEXT_STATE);

	return g_str_has_prefix(text, want);
}

static void assert_becomes(
	Fixture *f, guint32 workspace, const char *rid, const char *want)
{
	g_autofree char *text = NULL;

	fixture_until(!state_is(f, workspace, rid, "looking") &&
		      !state_is(f, workspace, rid, "sent") &&
		      !state_is(f, workspace, rid, "created") &&
		      !state_is(f, workspace, rid, "starting"));
	text = text_of(f, workspace, rid, REQUEST_TEXT_STATE);
	g_assert_cmpstr(g_strchomp(text), ==, want);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 0);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 0);
}

static void assert_tells(Fixture *f, guint32 workspace, const char *rid,
	RequestText what, const char *want)
{
	g_autofree char *text = text_of(f, workspace, rid, what);

	if (strstr(text, want) == NULL)
		g_error("\"%s\" does not tell of \"%s\"", text, want);
}

/* ---- cases ---- */

static void found_once_is_done(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	g_autofree char *last = NULL;
	guint32 workspace = open_with(f, "s-0=b s-1=a");

	assert_becomes(f, workspace, rid, "done");
	assert_tells(f, workspace, rid, REQUEST_TEXT_RESULT, "\"s-1\"");
	assert_tells(f, workspace, rid, REQUEST_TEXT_SPEC, "{\"name\":\"a\"}");
	last = cache_last(f->cache, workspace);
	g_assert_cmpstr(last, ==, "s-1");
}

static void surely_absent_has_failed(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-0=b");

	assert_becomes(f, workspace, rid, "failed");
	assert_tells(f, workspace, rid, REQUEST_TEXT_ERROR, "there is none");
}

/* Nothing is certain before the provider's delay has passed. */
static void absence_takes_its_time(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = NULL;
	gint64 begun_us = g_get_monotonic_time();
	guint32 workspace;

	f->list_lag_ms = 700;
	rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	workspace = open_with(f, "");
	g_assert_true(state_is(f, workspace, rid, "looking"));
	assert_becomes(f, workspace, rid, "failed");
	g_assert_cmpint(g_get_monotonic_time() - begun_us, >=, 690 * 1000);
}

static void two_that_could_be_it_are_left_to_the_user(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-1=a s-2=a");

	assert_becomes(f, workspace, rid, "unknown");
	assert_tells(f, workspace, rid, REQUEST_TEXT_ERROR, "s-1, s-2");
}

static void the_same_twice_on_purpose_is_two(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	g_autofree char *two = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	g_autofree char *a = NULL, *b = NULL;
	guint32 workspace = open_with(f, "s-1=a s-2=a");

	assert_becomes(f, workspace, one, "done");
	assert_becomes(f, workspace, two, "done");
	a = text_of(f, workspace, one, REQUEST_TEXT_RESULT);
	b = text_of(f, workspace, two, REQUEST_TEXT_RESULT);
	g_assert_true((strstr(a, "s-1") != NULL) != (strstr(b, "s-1") != NULL));
}

static void one_for_two_is_nobodys(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	g_autofree char *two = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-1=a");

	assert_becomes(f, workspace, one, "unknown");
	assert_becomes(f, workspace, two, "unknown");
}

/* What another request has made is not found again. */
static void what_is_claimed_is_not_found(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *done =
		leave(f, intent_of("a", 0), REQUEST_DONE, "s-1");
	g_autofree char *rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-1=a");

	assert_becomes(f, workspace, rid, "failed");
	g_assert_true(state_is(f, workspace, done, "done"));
}

/* Nor when it is shown under another number, since the index was lost. */
static void what_is_claimed_is_known_by_its_id(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *done =
		leave_numbered(f, intent_of("a", 0), REQUEST_DONE, "s-1", 5000);
	g_autofree char *rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-1=a");

	g_assert_cmpuint(fixture_find(f, workspace, "s-1"), !=, 5000);
	assert_becomes(f, workspace, rid, "failed");
	g_assert_true(state_is(f, workspace, done, "done"));
}

/* As a version left it that gave one session to two. */
static void what_two_have_is_the_firsts(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *done =
		leave(f, intent_of("a", 0), REQUEST_DONE, "s-1");
	g_autofree char *rid =
		leave(f, intent_of("a", 0), REQUEST_CREATED, "s-1");
	guint32 workspace = open_with(f, "s-1=a");

	assert_becomes(f, workspace, rid, "unknown");
	assert_tells(f, workspace, rid, REQUEST_TEXT_ERROR, done);
	g_assert_true(state_is(f, workspace, done, "done"));
}

/* It was made much later than anything was sent. */
static void what_was_made_later_is_not_it(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid =
		leave(f, intent_of("a", DAY_MS), REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-1=a");

	assert_becomes(f, workspace, rid, "failed");
}

/* By clocks that may differ, it may be it. */
static void what_was_made_a_little_later_may_be_it(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid =
		leave(f, intent_of("a", 60 * 1000), REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-1=a");

	assert_becomes(f, workspace, rid, "unknown");
}

/* Clocks that are wrong by more than any slack. */
static void the_providers_clock_counts(gconstpointer minutes)
{
	gint64 ahead_ms = GPOINTER_TO_INT(minutes) * G_GINT64_CONSTANT(60000);
	g_autoptr(Fixture) f = fixture_new();
	Intent *intent = intent_of("a", 0);
	gint64 made_ms = intent->made_ms + ahead_ms;
	g_autofree char *rid = leave(f, intent, REQUEST_SENT, "");
	guint32 workspace;

	make_provider(f);
	memory_set_clock(f->other, ahead_ms);
	memory_put_at(f->other, "m-1", "a", "Running", made_ms, made_ms);
	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	assert_becomes(f, workspace, rid, "done");
}

static Intent *unique_of(const char *name, gint64 age_ms)
{
	Intent *intent = intent_of(name, age_ms);

	intent->plan->unique = TRUE;
	return intent;
}

/* Nobody else can have given that name, whatever the clocks say. */
static void what_is_named_by_us_is_found_whenever_it_was_made(void)
{
	static const RequestState states[] = {
		REQUEST_SENT, REQUEST_ABSENT, REQUEST_UNKNOWN};

	for (guint i = 0; i < G_N_ELEMENTS(states); i++) {
		g_autoptr(Fixture) f = fixture_new();
		g_autofree char *rid =
			leave(f, unique_of("a", DAY_MS), states[i], "");
		guint32 workspace = open_with(f, "s-0=b s-1=a");

		fixture_until(state_is(f, workspace, rid, "done"));
		assert_tells(f, workspace, rid, REQUEST_TEXT_RESULT, "\"s-1\"");
	}
}

/* Whoever died, the provider may be at it until the write's deadline. */
static void absence_waits_for_the_deadline(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Intent *intent = intent_of("a", 0);
	gint64 until_us = g_get_monotonic_time() + 1500 * 1000;
	g_autofree char *rid = NULL;
	guint32 workspace;

	intent->until_ms = intent->made_ms + 1500;
	rid = leave(f, intent, REQUEST_SENT, "");
	workspace = open_with(f, "s-0=b");
	assert_becomes(f, workspace, rid, "failed");
	g_assert_cmpint(g_get_monotonic_time(), >=, until_us - 10 * 1000);
}

/* It is listed when all was over, and was made in time. */
static void what_was_absent_turns_up(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Intent *intent = intent_of("a", 0);
	gint64 made_ms = intent->made_ms;
	g_autofree char *rid = leave(f, intent, REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-0=b");

	assert_becomes(f, workspace, rid, "failed");
	memory_put_at(f->backend, "m-1", "a", "Running", made_ms, made_ms);
	fixture_refresh(f, workspace);
	fixture_until(state_is(f, workspace, rid, "done"));
	assert_tells(f, workspace, rid, REQUEST_TEXT_ERROR, "");
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 0);
}

/* One of that name may be it, as long as clocks may differ; then it is another's. */
static void what_was_absent_may_be_doubted(gconstpointer doubted)
{
	gint64 later_ms = doubted != NULL ? 60 * 1000 : DAY_MS;
	g_autoptr(Fixture) f = fixture_new();
	Intent *intent = intent_of("a", 0);
	gint64 made_ms = intent->made_ms + later_ms;
	g_autofree char *rid = leave(f, intent, REQUEST_SENT, "");
	guint32 workspace = open_with(f, "s-0=b");

	assert_becomes(f, workspace, rid, "failed");
	memory_put_at(f->backend, "m-1", "a", "Running", made_ms, made_ms);
	fixture_refresh(f, workspace);
	fixture_refresh(f, workspace);
	if (doubted == NULL)
		g_assert_true(state_is(f, workspace, rid, "failed"));
	else
		fixture_until(state_is(f, workspace, rid, "unknown"));
}

/* What an older version left: it does not know how its session stood before. */
static void a_verb_without_a_before_is_left_to_the_user(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Intent *intent = intent_of("a", 0);
	g_autofree char *rid = NULL;
	guint32 workspace;

	g_clear_pointer(&intent->plan, create_plan_free);
	intent->verb = g_strdup("start");
	g_free(intent->session);
	intent->session = g_strdup("s-1");
	intent->watermark = 1000;
	rid = leave(f, intent, REQUEST_SENT, "");
	make_provider(f);
	memory_put(f->other, "m-1", "s-1", "a", "Stopped");
	fixture_open(f, NULL, NULL);
	workspace = fixture_workspace(f, "m-1");
	assert_becomes(f, workspace, rid, "unknown");
}

/* It stood in the tree before the create was asked for. */
static void what_was_there_before_is_not_it(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = NULL;
	Intent *intent = intent_of("a", 0);
	gint64 made_ms = intent->made_ms;
	guint32 workspace;

	for (guint run = 0; run < 2; run++) {
		make_provider(f);
		memory_put_at(
			f->other, "m-1", "a", "Running", made_ms, made_ms);
		fixture_open(f, NULL, NULL);
		workspace = fixture_workspace(f, "m-1");
		if (run > 0)
			break;
		intent->watermark = fixture_find(f, workspace, "a") + 1;
		fixture_close(f);
		rid = leave(f, intent, REQUEST_SENT, "");
	}
	assert_becomes(f, workspace, rid, "failed");
}

/* Where the client chooses ids one comes again, under its old number. */
static void an_id_that_comes_again_is_found(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = NULL;
	Intent *intent;
	guint32 workspace = open_with(f, "s-1=a"), number;

	number = fixture_find(f, workspace, "s-1");
	memory_remove(f->backend, "m-1", "s-1");
	fixture_refresh(f, workspace);
	fixture_refresh(f, workspace);
	g_assert_cmpuint(cache_count(f->cache, workspace), ==, 0);
	fixture_close(f);
	intent = intent_of("a", 0);
	intent->watermark = number + 1;
	g_free(intent->plan->id);
	intent->plan->id = g_strdup("s-1");
	intent->plan->unique = TRUE;
	rid = leave(f, intent, REQUEST_SENT, "");
	workspace = open_with(f, "s-1=a");
	assert_becomes(f, workspace, rid, "done");
	g_assert_cmpuint(fixture_find(f, workspace, "s-1"), ==, number);
}

static struct rlimit files;
static int passes;

/* It is asked for at the beginning of each pass, after the listing was kept. */
static gboolean be_short_in_the_first_pass(Backend *self, gint64 *ret_ahead_ms)
{
	struct rlimit now = files;

	if (__atomic_fetch_add(&passes, 1, __ATOMIC_SEQ_CST) == 0)
		now.rlim_cur = 0;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
	return FALSE;
}

static void make_short(BackendClass *class)
{
	class->clock = be_short_in_the_first_pass;
}

/* No descriptor is left for its record: so nobody can tell yet. */
static void one_that_cannot_be_opened_is_looked_at_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid =
		leave(f, intent_of("s-000001", 1500), REQUEST_SENT, "");
	guint32 workspace;

	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &files), ==, 0);
	/* Of the files one stays open, and it is the index after a write. */
	descriptors_limit(1);
	f->rich = TRUE;
	f->change_class = make_short;
	fixture_open(f, "sessions", "1", NULL);
	workspace = fixture_workspace(f, "m-1");
	assert_becomes(f, workspace, rid, "done");
	g_assert_cmpint(__atomic_load_n(&passes, __ATOMIC_SEQ_CST), >, 1);
	descriptors_limit(0);
}

static void one_that_ended_at_once_is_found(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	guint32 workspace;

	f->ended = ENDED_NONE;
	f->list_lag_ms = 500;
	workspace = open_with(f, "s-1=a");
	memory_put(f->backend, "m-1", "s-1", NULL, "Error");
	assert_becomes(f, workspace, rid, "done");
	fixture_refresh(f, workspace);
	fixture_until(cache_count(f->cache, workspace) == 0);
}

static void a_known_one_is_shown(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid =
		leave(f, intent_of("a", 0), REQUEST_CREATED, "s-1");
	g_autofree char *last = NULL;
	guint32 workspace = open_with(f, "s-1=a s-2=a");

	assert_becomes(f, workspace, rid, "done");
	assert_tells(f, workspace, rid, REQUEST_TEXT_RESULT, "\"s-1\"");
	last = cache_last(f->cache, workspace);
	g_assert_cmpstr(last, ==, "s-1");
}

static void a_known_one_that_is_gone_was_made_all_the_same(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid =
		leave(f, intent_of("a", 0), REQUEST_STARTING, "s-9");
	guint32 workspace = open_with(f, "s-1=a");

	assert_becomes(f, workspace, rid, "done");
	assert_tells(f, workspace, rid, REQUEST_TEXT_ERROR, "gone by now");
}

/* Right after it was made, a provider may not show it yet. */
static void a_known_one_is_not_gone_at_once(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = NULL;
	g_autofree char *error = NULL;
	guint32 workspace;

	f->list_lag_ms = 60000;
	rid = leave(f, intent_of("a", 0), REQUEST_CREATED, "s-1");
	workspace = open_with(f, "s-2=b");
	fixture_until(cache_count(f->cache, workspace) == 1);
	/* What the first has found is known before the second begins. */
	fixture_refresh(f, workspace);
	fixture_refresh(f, workspace);
	g_assert_true(state_is(f, workspace, rid, "created"));
	memory_put(f->backend, "m-1", "s-1", "a", "Running");
	assert_becomes(f, workspace, rid, "done");
	error = text_of(f, workspace, rid, REQUEST_TEXT_ERROR);
	g_assert_cmpstr(error, ==, "");
}

/* Nothing is sent, so that it stands there stopped: that is said. */
static void one_that_was_not_started_says_so(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *never =
		leave(f, intent_of("a", 0), REQUEST_CREATED, "s-1");
	g_autofree char *perhaps =
		leave(f, intent_of("b", 0), REQUEST_STARTING, "s-2");
	guint32 workspace;

	f->start = TRUE;
	f->deadline_ms = 1000;
	workspace = open_with(f, "");
	memory_put(f->backend, "m-1", "s-1", "a", "Stopped");
	memory_put(f->backend, "m-1", "s-2", "b", "Stopped");
	fixture_until(state_is(f, workspace, never, "done"));
	fixture_until(state_is(f, workspace, perhaps, "done"));
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CONTROL), ==, 0);
}

static void a_listing_that_fails_settles_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *rid = NULL;
	guint32 workspace;

	f->list_lag_ms = 300;
	rid = leave(f, intent_of("a", 0), REQUEST_SENT, "");
	workspace = open_with(f, "");
	memory_fail(f->backend, MEMORY_LIST_PAGE, 0, 3, BACKEND_ERROR_REMOTE);
	fixture_until(memory_calls(f->backend, MEMORY_LIST_PAGE) >= 4);
	g_assert_true(state_is(f, workspace, rid, "looking"));
	assert_becomes(f, workspace, rid, "failed");
}

static void numbers_and_states_stay(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *rid = NULL, *before = NULL;
	g_autofree char *after = NULL;
	guint32 workspace = open_with(f, ""), number;

	answer = fixture_create(f, workspace, "{\"name\":\"x\"}", NULL);
	rid = strstr(answer, "\"request\":\"") + strlen("\"request\":\"");
	rid = g_strndup(rid, strcspn(rid, "\""));
	number = number_of(f, workspace, rid);
	before = text_of(f, workspace, rid, REQUEST_TEXT_RESULT);
	fixture_close(f);
	workspace = open_with(f, "");
	g_assert_cmpuint(number_of(f, workspace, rid), ==, number);
	after = text_of(f, workspace, rid, REQUEST_TEXT_STATE);
	g_assert_cmpstr(after, ==, "done\n");
}

static void a_token_is_known_to_the_next_run(void)
{
	static const char spec[] = "{\"name\":\"x\",\"clientToken\":\"t-1\"}";
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *one = NULL, *two = NULL;
	guint32 workspace = open_with(f, "");

	one = fixture_create(f, workspace, spec, NULL);
	fixture_close(f);
	workspace = open_with(f, "s-000001=x");
	two = fixture_create(f, workspace, spec, NULL);
	g_assert_nonnull(one);
	g_assert_nonnull(two);
	g_assert_cmpuint(memory_calls(f->backend, MEMORY_CREATE), ==, 0);
}

static guint kept(Fixture *f)
{
	g_autofree char *path =
		g_build_filename(f->state_dir, ".requests", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	guint n = 0;

	while (g_dir_read_name(dir) != NULL)
		n++;
	return n;
}

static void what_is_old_goes_and_what_is_open_stays(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL, *again = NULL;
	guint32 workspace;

	for (guint i = 0; i < 20; i++)
		g_free(leave(
			f, intent_of("a", 8 * DAY_MS), REQUEST_DONE, "s-1"));
	g_free(leave(f, intent_of("b", 8 * DAY_MS), REQUEST_UNKNOWN, ""));
	g_free(leave(f, intent_of("c", 3600 * 1000), REQUEST_FAILED, ""));
	workspace = open_with(f, "");
	g_assert_cmpuint(kept(f), ==, 22);
	/* The clock may be wrong, as long as it has not said so for an hour. */
	answer = fixture_create(f, workspace, "{\"name\":\"x\"}", NULL);
	g_assert_cmpuint(kept(f), ==, 23);
	f->cache->requests->old_for_us = 0;
	again = fixture_create(f, workspace, "{\"name\":\"x\"}", NULL);
	g_assert_cmpuint(kept(f), ==, 4);
}

static void no_more_than_so_many_are_kept(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *answer = NULL;
	guint32 workspace;

	for (guint i = 0; i < 520; i++)
		g_free(leave(f, intent_of("a", DAY_MS), REQUEST_FAILED, ""));
	for (guint i = 0; i < 30; i++)
		g_free(leave(f, intent_of("a", 1000), REQUEST_FAILED, ""));
	workspace = open_with(f, "");
	answer = fixture_create(f, workspace, "{\"name\":\"x\"}", NULL);
	g_assert_cmpuint(kept(f), ==, 501);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/reconcile/" #name, name)
	ADD(found_once_is_done);
	ADD(surely_absent_has_failed);
	ADD(absence_takes_its_time);
	ADD(two_that_could_be_it_are_left_to_the_user);
	ADD(the_same_twice_on_purpose_is_two);
	ADD(one_for_two_is_nobodys);
	ADD(what_is_claimed_is_not_found);
	ADD(what_is_claimed_is_known_by_its_id);
	ADD(what_two_have_is_the_firsts);
	ADD(what_was_made_later_is_not_it);
	ADD(what_was_made_a_little_later_may_be_it);
	g_test_add_data_func("/reconcile/the_providers_clock_counts/ahead",
		GINT_TO_POINTER(20), the_providers_clock_counts);
	g_test_add_data_func("/reconcile/the_providers_clock_counts/behind",
		GINT_TO_POINTER(-20), the_providers_clock_counts);
	ADD(what_is_named_by_us_is_found_whenever_it_was_made);
	ADD(absence_waits_for_the_deadline);
	ADD(what_was_absent_turns_up);
	g_test_add_data_func("/reconcile/what_was_absent_may_be_doubted/soon",
		"", what_was_absent_may_be_doubted);
	g_test_add_data_func("/reconcile/what_was_absent_may_be_doubted/late",
		NULL, what_was_absent_may_be_doubted);
	ADD(a_verb_without_a_before_is_left_to_the_user);
	ADD(what_was_there_before_is_not_it);
	ADD(an_id_that_comes_again_is_found);
	ADD(one_that_cannot_be_opened_is_looked_at_again);
	ADD(one_that_ended_at_once_is_found);
	ADD(a_known_one_is_shown);
	ADD(a_known_one_is_not_gone_at_once);
	ADD(a_known_one_that_is_gone_was_made_all_the_same);
	ADD(one_that_was_not_started_says_so);
	ADD(a_listing_that_fails_settles_nothing);
	ADD(numbers_and_states_stay);
	ADD(a_token_is_known_to_the_next_run);
	ADD(what_is_old_goes_and_what_is_open_stays);
	ADD(no_more_than_so_many_are_kept);
	return g_test_run();
}
