/* Two questions about one session are on their way together, and the answer to the later
 * one, which comes last, is the older of the two. */
#include "cache/merge/apply.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"

#include <string.h>

#include "cache_fixture.h"

/* A provider whose first answers are overtaken by another one. */
typedef struct {
	Backend base;
	Dir *dir;
	guint32 other; /* tick of the question that overtakes the next answer */
	int overtaken; /* atomic: so many answers will be */
	int failed;    /* atomic: how the session stands */
	int gets;      /* atomic */
} Overtaken;

static Session *session_in(const char *id, const char *state)
{
	Session *session = session_new();

	session->id = g_strdup(id);
	session->name = g_strdup("");
	session->state = g_strdup(state);
	session->phase = g_str_equal(state, "Failed")    ? PHASE_FAILED
			 : g_str_equal(state, "Running") ? PHASE_IDLE
							 : PHASE_STOPPING;
	session->body = g_strdup_printf("{\"state\":\"%s\"}", state);
	session->body_len = strlen(session->body);
	return session;
}

static void answer_as(Dir *dir, const char *id, const char *state, guint32 tick,
	gboolean partial)
{
	g_autoptr(Session) session = session_in(id, state);

	session->partial = partial;
	g_assert_true(apply_sessions(dir, &session, 1, tick, 0, NULL));
	news_deliver(dir->cache->news);
}

static void answer(Dir *dir, const char *state, guint32 tick)
{
	answer_as(dir, "s-1", state, tick, FALSE);
}

/* How the session stands, or stood before another question about it was answered. */
static Session *answer_of(Overtaken *self)
{
	if (!__atomic_load_n(&self->failed, __ATOMIC_ACQUIRE))
		return session_in("s-1", "Running");
	if (__atomic_fetch_sub(&self->overtaken, 1, __ATOMIC_ACQ_REL) <= 0)
		return session_in("s-1", "Failed");
	answer(self->dir, "Failed", self->other);
	self->other = dir_tick(self->dir);
	return session_in("s-1", "Terminating");
}

static Session *get(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error)
{
	Overtaken *self = (Overtaken *)base;
	int before = __atomic_fetch_add(&self->gets, 1, __ATOMIC_ACQ_REL);

	if (g_str_equal(id, "s-1"))
		return answer_of(self);
	if (before == 0)
		answer_as(self->dir, id, "Running", dir_tick(self->dir), TRUE);
	return session_in(id, "Running");
}

static SessionPage *list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	SessionPage *page = session_page_new();

	g_ptr_array_add(page->sessions, answer_of((Overtaken *)base));
	return page;
}

static void close_nothing(Backend *base)
{
}

static const BackendClass overtaken_class = {
	.name = "overtaken",
	.list_page = list_page,
	.get = get,
	.close = close_nothing,
};

static Overtaken *overtaken_open(Fixture *f)
{
	Overtaken *self = g_new0(Overtaken, 1);

	self->base.class = &overtaken_class;
	f->workspaces = g_strsplit("w-1", " ", 0);
	f->other = &self->base;
	fixture_open(f, NULL, NULL);
	self->dir = dir_find(f->cache, fixture_find(f, f->provider, "w-1"));
	g_free(fixture_list(f, self->dir->number));
	fixture_forget_news(f);
	return self;
}

/* The session ends, and the next answers but for the last are older than that. */
static void overtake(Overtaken *self, int answers)
{
	self->other = dir_tick(self->dir);
	__atomic_store_n(&self->gets, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&self->overtaken, answers, __ATOMIC_RELEASE);
	__atomic_store_n(&self->failed, 1, __ATOMIC_RELEASE);
}

static int gets_of(Overtaken *self)
{
	return __atomic_load_n(&self->gets, __ATOMIC_ACQUIRE);
}

static void check_told(Fixture *f, Dir *dir, const char *want)
{
	g_autofree char *told = fixture_told(f, dir->number);

	g_assert_cmpstr(told, ==, want);
}

static void what_came_meanwhile_stays(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = overtaken_open(f)->dir;
	guint32 first = dir_tick(dir), second = dir_tick(dir);

	answer(dir, "Failed", first);
	answer(dir, "Terminating", second);
	check_told(f, dir, "s-1(Running>Failed:13)");
	g_assert_true(apply_left_open(dir, "s-1", second));
	g_assert_true(apply_gone(dir, "s-1", second, NULL));
	g_assert_true(apply_left_open(dir, "s-1", second));
	check_told(f, dir, "s-1(Running>Failed:13)");
	/* A question that began after the answer came is newer. */
	answer(dir, "Terminating", dir_tick(dir));
	check_told(f, dir, "s-1(Running>Failed:13) s-1(Failed>Terminating:13)");
	g_assert_false(apply_left_open(dir, "s-1", second));
}

/* Two that say the same are one that is as new as the later question. */
static void what_says_the_same_counts(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Dir *dir = overtaken_open(f)->dir;
	guint32 first = dir_tick(dir), second = dir_tick(dir);

	answer(dir, "Failed", first);
	answer(dir, "Failed", second);
	g_assert_false(apply_left_open(dir, "s-1", second));
	answer(dir, "Terminating", first);
	check_told(f, dir, "s-1(Running>Failed:13)");
}

static void a_get_asks_again(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Overtaken *self = overtaken_open(f);
	Call call = call_for(self->dir, FALSE);

	overtake(self, 1);
	g_assert_true(fetch_session(self->dir, "s-1", &call, NULL));
	news_deliver(f->cache->news);
	check_told(f, self->dir, "s-1(Running>Failed:13)");
	g_assert_cmpint(gets_of(self), ==, 2);
	/* One that differs each time is not asked for for ever. */
	overtake(self, 100);
	g_assert_true(fetch_session(self->dir, "s-1", &call, NULL));
	g_assert_cmpint(gets_of(self), ==, 3);
}

/* What a listing tells is newer, but not all. */
static void a_get_asks_again_for_the_whole(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Overtaken *self = overtaken_open(f);
	Call call = call_for(self->dir, FALSE);
	g_autoptr(Snapshot) shown = NULL;
	const Row *row;

	g_assert_true(fetch_session(self->dir, "s-2", &call, NULL));
	shown = dir_snapshot(self->dir);
	row = snapshot_find(shown, dir_number(self->dir, "s-2"));
	g_assert_cmpint(gets_of(self), ==, 2);
	g_assert_cmpuint(row->partial, ==, 0);
}

/* Whoever asked for the listing is shown nothing that is older than his question. */
static void a_listing_asks_for_it(void)
{
	g_autoptr(Fixture) f = fixture_new();
	Overtaken *self = overtaken_open(f);

	overtake(self, 1);
	fixture_refresh(f, self->dir->number);
	check_told(f, self->dir, "s-1(Running>Failed:13)");
	g_assert_cmpint(gets_of(self), ==, 1);
	fixture_refresh(f, self->dir->number);
	g_assert_cmpint(gets_of(self), ==, 1);
}

/* So much that differs is not asked for one by one: the later question counts. */
static void a_crowd_is_not_asked_for(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autoptr(SessionPage) page = session_page_new();
	g_autoptr(GPtrArray) unsure = g_ptr_array_new_with_free_func(g_free);
	Applied applied = {.unsure = unsure};
	Dir *dir = overtaken_open(f)->dir;
	guint32 first = dir_tick(dir);
	Ticks ticks = {.asked = dir_tick(dir)};

	for (guint i = 0; i < INCOMING_UNSURE_MAX + 2; i++) {
		g_autofree char *id = g_strdup_printf("n-%02u", i);
		g_autoptr(Session) session = session_in(id, "Failed");

		g_assert_true(apply_sessions(dir, &session, 1, first, 0, NULL));
		g_ptr_array_add(page->sessions, session_in(id, "Terminating"));
	}
	news_deliver(f->cache->news);
	fixture_forget_news(f);
	g_assert_true(apply_page(dir, page, &ticks, 2, &applied, NULL));
	news_deliver(f->cache->news);
	g_assert_cmpuint(unsure->len, ==, INCOMING_UNSURE_MAX);
	check_told(f, dir,
		"n-16(Failed>Terminating:13) n-17(Failed>Terminating:13)");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/overlap/" #name, name)
	ADD(what_came_meanwhile_stays);
	ADD(what_says_the_same_counts);
	ADD(a_get_asks_again);
	ADD(a_get_asks_again_for_the_whole);
	ADD(a_listing_asks_for_it);
	ADD(a_crowd_is_not_asked_for);
	return g_test_run();
}
