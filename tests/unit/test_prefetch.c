#include <pthread.h>
#include <string.h>

#include "backends/base/thread.h"
#include "cache/refresh/refresh.h"
#include "cache_fixture.h"

#define PAGES_MAX 8

/*
 * A provider whose pages can be stopped on their way: before the answer names
 * the next page, and after.  Page n has the token n and the session s-n.
 */
typedef struct {
	const char *next;      /* what the page says follows; NULL: the end */
	const char *announced; /* what is announced before; NULL: nothing */
	gboolean mute, slow;   /* stopped before, after announcing */
	gboolean fails;        /* in the end */
} Plan;

typedef struct {
	Backend base;
	Mutex lock;
	pthread_cond_t news;
	Plan plan[PAGES_MAX];
	guint begun[PAGES_MAX], told[PAGES_MAX], ended[PAGES_MAX];
	guint calls;
	gboolean aborted, stopped_one;
} Script;

static gboolean script_wait(Script *self, const gboolean *stopped,
	GError **error) REQUIRES(self->lock)
{
	while (*stopped && !self->aborted)
		thread_wait(&self->news, &self->lock, G_MAXINT64);
	if (!self->aborted)
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_CANCELLED, "aborted");
	return FALSE;
}

static Session *script_session(guint n, const char *state)
{
	Session *session = session_new();

	session->id = g_strdup_printf("s-%u", n);
	session->name = g_strdup("");
	session->state = g_strdup(state);
	session->phase =
		g_str_equal(state, "Stopped") ? PHASE_STOPPED : PHASE_IDLE;
	session->body = g_strdup("{}");
	session->body_len = 2;
	return session;
}

static SessionPage *script_page(Script *self, guint n, const Call *call,
	GError **error) REQUIRES(self->lock)
{
	Plan *plan = &self->plan[n];
	const char *state = self->stopped_one && n == 1 ? "Stopped" : "Running";
	g_autoptr(SessionPage) page = session_page_new();

	self->calls++;
	self->begun[n]++;
	if (!script_wait(self, &plan->mute, error))
		return NULL;
	if (plan->announced != NULL && call->next != NULL) {
		mutex_unlock(&self->lock);
		call->next(plan->announced, call->next_data);
		mutex_lock(&self->lock);
		self->told[n]++;
	}
	if (!script_wait(self, &plan->slow, error))
		return NULL;
	if (plan->fails) {
		backend_error_set(error, BACKEND_ERROR_REMOTE, "it fails");
		return NULL;
	}
	g_ptr_array_add(page->sessions, script_session(n, state));
	page->next = g_strdup(plan->next);
	return g_steal_pointer(&page);
}

static SessionPage *script_list(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	Script *self = (Script *)base;
	guint n = token != NULL ? (guint)(*token - '0') : 0;
	SessionPage *page;

	mutex_lock(&self->lock);
	page = script_page(self, n, call, error);
	self->ended[n]++;
	mutex_unlock(&self->lock);
	return page;
}

static Session *script_get(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	Script *self = (Script *)base;
	guint n = (guint)(id[2] - '0');
	Session *session;

	mutex_lock(&self->lock);
	session = script_session(
		n, self->stopped_one && n == 1 ? "Stopped" : "Running");
	mutex_unlock(&self->lock);
	return session;
}

static gboolean script_control(Backend *base, const char *workspace,
	const char *id, const char *body, const char *verb, const Call *call,
	GError **error)
{
	Script *self = (Script *)base;

	mutex_lock(&self->lock);
	self->stopped_one = TRUE;
	mutex_unlock(&self->lock);
	return TRUE;
}

static void script_abort(Backend *base)
{
	Script *self = (Script *)base;

	mutex_lock(&self->lock);
	self->aborted = TRUE;
	pthread_cond_broadcast(&self->news);
	mutex_unlock(&self->lock);
}

static void script_close(Backend *base)
{
	Script *self = (Script *)base;

	pthread_cond_destroy(&self->news);
	mutex_destroy(&self->lock);
}

static const BackendVerb script_verbs[] = {
	{"stop", "stops s-1", 1 << PHASE_IDLE},
	{NULL},
};

static const BackendClass script_class = {
	.name = "script",
	.verbs = script_verbs,
	.list_page = script_list,
	.get = script_get,
	.control = script_control,
	.close = script_close,
	.abort = script_abort,
};

/* Pages 0 to n - 1, each announcing the one that follows. */
static Script *script_open(Fixture *f, const char *workspaces, guint n)
{
	static const char *const tokens[] = {"1", "2", "3", "4", "5", "6", "7"};
	Script *self = g_new0(Script, 1);

	self->base.class = &script_class;
	mutex_init(&self->lock);
	pthread_cond_init(&self->news, NULL);
	for (guint i = 0; i + 1 < n; i++)
		self->plan[i].next = self->plan[i].announced = tokens[i];
	f->workspaces = g_strsplit(workspaces, " ", 0);
	f->other = &self->base;
	fixture_open(f, NULL, NULL);
	return self;
}

static void script_set(Script *self, gboolean *stopped, gboolean value)
{
	mutex_lock(&self->lock);
	*stopped = value;
	pthread_cond_broadcast(&self->news);
	mutex_unlock(&self->lock);
}

static guint script_count(Script *self, const guint *counter)
{
	guint count;

	mutex_lock(&self->lock);
	count = *counter;
	mutex_unlock(&self->lock);
	return count;
}

static void note_turn(void *data)
{
	__atomic_store_n((int *)data, 1, __ATOMIC_RELEASE);
}

/* What listings of that workspace's provider were to be made so far have begun:
 * jobs are taken in the order in which they came. */
static void await_turn(Fixture *f, guint32 number)
{
	Dir *dir = dir_find(f->cache, number);
	int turn = 0;

	g_assert_true(
		pool_push(dir->provider->work[WORK_LIST], note_turn, &turn));
	fixture_until(__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == 1);
}

/* Begins the listing of "w". */
static guint32 look(Fixture *f)
{
	guint32 number = fixture_find(f, f->provider, "w");

	g_free(fixture_names(f, number));
	return number;
}

static void await_failure(Fixture *f, guint32 number, const char *sentence)
{
	g_autofree char *partial = NULL;

	fixture_until(fixture_known(f, number, NULL) == KNOWN_FAILED);
	partial = cache_partial(f->cache, number);
	g_assert_nonnull(strstr(partial, sentence));
}

/* ---- the tests ---- */

static void one_page_is_ahead_and_they_show_in_order(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 6);
	g_autofree char *early = NULL, *names = NULL, *moves = NULL;
	guint32 number;

	script_set(script, &script->plan[0].slow, TRUE);
	number = look(f);
	/* The second has even told of the third, before the first is there. */
	fixture_until(script_count(script, &script->told[1]) == 1);
	await_turn(f, number);
	early = fixture_names(f, number);
	g_assert_cmpstr(early, ==, "");
	g_assert_cmpuint(script_count(script, &script->begun[2]), ==, 0);
	script_set(script, &script->plan[0].slow, FALSE);
	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, "s-0 s-1 s-2 s-3 s-4 s-5");
	moves = fixture_moves(f, number);
	g_assert_cmpstr(moves, ==, "+s-0 +s-1 +s-2 +s-3 +s-4 +s-5");
	g_assert_cmpuint(script_count(script, &script->calls), ==, 6);
}

static void a_failed_page_throws_away_the_one_ahead(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 6);
	g_autofree char *names = NULL;
	guint32 number;

	script->plan[2].fails = TRUE;
	script_set(script, &script->plan[2].slow, TRUE);
	number = look(f);
	/* That one is whole before the failure. */
	fixture_until(script_count(script, &script->told[3]) == 1);
	script_set(script, &script->plan[2].slow, FALSE);
	await_failure(f, number, "page 3 (token 2) of the listing failed");
	names = fixture_names(f, number);
	g_assert_cmpstr(names, ==, "s-0 s-1");
	g_assert_cmpuint(script_count(script, &script->calls), ==, 4);
	g_assert_cmpuint(fixture_count_news(f, NEWS_APPEARED, 0), ==, 2);
	script_set(script, &script->plan[2].fails, FALSE);
	fixture_refresh(f, number);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 6);
}

static void a_page_that_fails_ahead_spares_the_one_before(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 6);
	g_autofree char *names = NULL;
	guint32 number;

	script->plan[2].fails = TRUE;
	script->plan[2].announced = NULL;
	script_set(script, &script->plan[1].slow, TRUE);
	number = look(f);
	fixture_until(script_count(script, &script->ended[2]) == 1);
	await_turn(f, number);
	g_assert_cmpint(fixture_known(f, number, NULL), !=, KNOWN_FAILED);
	script_set(script, &script->plan[1].slow, FALSE);
	await_failure(f, number, "page 3 (token 2) of the listing failed");
	names = fixture_names(f, number);
	g_assert_cmpstr(names, ==, "s-0 s-1");
	g_assert_cmpuint(script_count(script, &script->calls), ==, 3);
}

static void a_false_announcement_is_void(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 5);
	g_autofree char *names = NULL;
	guint32 number;

	script->plan[1].announced = "4";
	script_set(script, &script->plan[1].slow, TRUE);
	number = look(f);
	fixture_until(script_count(script, &script->begun[4]) == 1);
	script_set(script, &script->plan[1].slow, FALSE);
	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, "s-0 s-1 s-2 s-3 s-4");
	g_assert_cmpuint(script_count(script, &script->begun[4]), ==, 2);
	g_assert_cmpuint(script_count(script, &script->calls), ==, 6);
}

static void the_last_page_may_announce_one_in_vain(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 3);
	g_autofree char *names = NULL;
	guint32 number;

	script->plan[2].announced = "7";
	number = look(f);
	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, "s-0 s-1 s-2");
}

static void a_circle_of_announced_pages_is_refused(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 4);
	guint32 number;

	script->plan[2].next = script->plan[2].announced = "1";
	number = look(f);
	await_failure(f, number, "names a page again");
	/* At most the one ahead more than is read. */
	g_assert_cmpuint(script_count(script, &script->calls), >=, 3);
	g_assert_cmpuint(script_count(script, &script->calls), <=, 4);
}

static void a_stop_in_the_middle_ends_both(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 6);

	script_set(script, &script->plan[1].slow, TRUE);
	script_set(script, &script->plan[2].mute, TRUE);
	look(f);
	fixture_until(script_count(script, &script->begun[2]) == 1);
	fixture_close(f); /* hangs unless both calls are ended */
}

static void an_order_outlasts_a_page_that_was_ahead(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Script *script = script_open(f, "w", 3);
	g_autofree char *answer = NULL, *state = NULL;
	g_autoptr(GError) error = NULL;
	guint32 number = look(f), session;
	guint64 before;

	g_free(fixture_list(f, number));
	session = fixture_find(f, number, "s-1");
	script_set(script, &script->plan[0].slow, TRUE);
	script_set(script, &script->plan[1].slow, TRUE);
	before = fixture_status_number(f, number, "generation");
	fixture_refresh_now(f->cache, number);
	/* It says Running, and lies there while the order is carried out. */
	fixture_until(script_count(script, &script->told[1]) == 2);
	answer = fixture_control(f, session, "stop", &error);
	g_assert_no_error(error);
	script_set(script, &script->plan[0].slow, FALSE);
	script_set(script, &script->plan[1].slow, FALSE);
	fixture_until(fixture_status_number(f, number, "generation") > before);
	state = fixture_read(f, session, SESSION_STATE);
	g_assert_cmpstr(state, ==, "Stopped\n");
}

/* More listings at once than there are workers, each with a page ahead. */
static void a_crowd_of_listings_comes_to_its_end(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(GString) workspaces = g_string_new("w-0");
	guint32 node_ids[80];
	Script *script;

	for (guint i = 1; i < G_N_ELEMENTS(node_ids); i++)
		g_string_append_printf(workspaces, " w-%u", i);
	script = script_open(f, workspaces->str, 4);
	script_set(script, &script->plan[0].slow, TRUE);
	for (guint i = 0; i < G_N_ELEMENTS(node_ids); i++) {
		g_autofree char *name = g_strdup_printf("w-%u", i);

		node_ids[i] = fixture_find(f, f->provider, name);
		g_free(fixture_names(f, node_ids[i]));
	}
	fixture_until(script_count(script, &script->begun[0]) >= 40);
	script_set(script, &script->plan[0].slow, FALSE);
	for (guint i = 0; i < G_N_ELEMENTS(node_ids); i++) {
		g_autofree char *names = fixture_list(f, node_ids[i]);

		g_assert_cmpstr(names, ==, "s-0 s-1 s-2 s-3");
	}
	g_assert_cmpuint(script_count(script, &script->calls), ==,
		4 * G_N_ELEMENTS(node_ids));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/ahead/" #name, name)
	ADD(one_page_is_ahead_and_they_show_in_order);
	ADD(a_failed_page_throws_away_the_one_ahead);
	ADD(a_page_that_fails_ahead_spares_the_one_before);
	ADD(a_false_announcement_is_void);
	ADD(the_last_page_may_announce_one_in_vain);
	ADD(a_circle_of_announced_pages_is_refused);
	ADD(a_stop_in_the_middle_ends_both);
	ADD(an_order_outlasts_a_page_that_was_ahead);
	ADD(a_crowd_of_listings_comes_to_its_end);
	return g_test_run();
}
