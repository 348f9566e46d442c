#include "cache/refresh/refresh.h"
#include "cache_fixture.h"
#include "fake_clock.h"

#include <string.h>

#include "cache/base/name.h"
#include "cache/model/core.h"

/* ---- a provider whose pages are written down beforehand ---- */

typedef struct {
	Backend base;
	/* A page: "token: id id id > next", total by "=n", a record that was
	 * left out by "!"; "last" and "counted" are its members; the first has
	 * no token. */
	const char *const *pages;
	const char *const *then; /* after the next call; NULL: the same */
	guint calls;
	gint64 retry_after_ms; /* each call is throttled */
} Scripted;

static Session *scripted_session(const char *id)
{
	Session *session = session_new();

	session->id = g_strdup(id);
	session->name = g_strdup("");
	session->state = g_strdup("Running");
	session->phase = PHASE_IDLE;
	session->body = g_strdup("{}");
	session->body_len = 2;
	return session;
}

static SessionPage *page_of(const char *text)
{
	SessionPage *page = session_page_new();
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (char **word = words; *word != NULL; word++) {
		if (g_str_equal(*word, ">"))
			page->next = g_strdup(*++word);
		else if (g_str_equal(*word, "!"))
			page->skipped++;
		else if (g_str_equal(*word, "last"))
			page->last = TRUE;
		else if (g_str_equal(*word, "counted"))
			page->counted = TRUE;
		else if (**word == '=')
			page->total = g_ascii_strtoll(*word + 1, NULL, 10);
		else if (**word != '\0')
			g_ptr_array_add(
				page->sessions, scripted_session(*word));
	}
	return page;
}

static guint calls_of(const Scripted *script)
{
	return __atomic_load_n(&script->calls, __ATOMIC_SEQ_CST);
}

static SessionPage *scripted_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	Scripted *self = (Scripted *)base;
	g_autofree char *label =
		g_strconcat(token != NULL ? token : "", ": ", NULL);

	if (__atomic_fetch_add(&self->calls, 1, __ATOMIC_SEQ_CST) > 0 &&
		self->then != NULL)
		self->pages = self->then;
	if (self->retry_after_ms > 0) {
		GError *local = NULL;

		backend_error_set(&local, BACKEND_ERROR_THROTTLED, "slower");
		backend_error_detail(local)->retry_after_ms =
			self->retry_after_ms;
		g_propagate_error(error, local);
		return NULL;
	}
	for (const char *const *text = self->pages; *text != NULL; text++)
		if (**text != '*' && g_str_has_prefix(*text, label))
			return page_of(*text + strlen(label));
	/* "*: ..." goes on for ever, with tokens of its own. */
	g_autofree char *more =
		g_strdup_printf("%s > t%u", self->pages[0] + 3, self->calls);
	return page_of(more);
}

static void scripted_abort(Backend *base)
{
}

static const BackendClass scripted_class = {
	.name = "scripted",
	.list_page = scripted_page,
	.abort = scripted_abort,
};

static Scripted *scripted_open(Fixture *f, const char *const *pages)
{
	Scripted *self = g_new0(Scripted, 1);

	self->base.class = &scripted_class;
	self->pages = pages;
	f->workspaces = g_strsplit("w", " ", 0);
	f->other = &self->base;
	fixture_open(f, NULL, NULL);
	return self;
}

/* ---- listings without an end, or that make no sense ---- */

static void check_refused(
	const char *const *pages, guint calls, const char *sentence)
{
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script = scripted_open(f, pages);
	g_autoptr(GError) error = NULL;
	g_autofree char *partial = NULL;
	guint32 number = fixture_find(f, f->provider, "w");

	g_free(fixture_names(f, number));
	fixture_until((partial = cache_partial(f->cache, number)) != NULL);
	g_assert_nonnull(strstr(partial, sentence));
	g_assert_cmpuint(script->calls, ==, calls);
	/* What was wrong is shown before the listing is over. */
	fixture_until(fixture_known(f, number, NULL) == KNOWN_FAILED);
	g_assert_cmpint(fixture_known(f, number, &error), ==, KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BAD_ANSWER);
}

static void a_token_that_comes_again_is_refused(void)
{
	static const char *const same[] = {": > a", "a:  > a", NULL};
	static const char *const circle[] = {
		": > a", "a:  > b", "b:  > a", NULL};

	check_refused(same, 2, "page 2 (token a)");
	check_refused(circle, 3, "names a page again");
}

static void page_after_page_empty_is_refused(void)
{
	static const char *const empty[] = {"*: ", NULL};

	check_refused(empty, 4, "page after page is empty");
}

/* The same session over and over, with a token that is new each time. */
static void what_names_nothing_new_is_ended(void)
{
	static const char *const pages[] = {"*: s-1 =3", NULL};
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script = scripted_open(f, pages);
	g_autofree char *names = NULL, *partial = NULL;
	guint32 number = fixture_find(f, f->provider, "w");

	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, "s-1");
	g_assert_cmpuint(script->calls, ==, 5);
	partial = cache_partial(f->cache, number);
	g_assert_nonnull(strstr(partial, "without naming anything new"));
}

/* A total that is too high: the listing is gone through twice, once. */
static void a_total_that_is_too_high_is_a_hint(void)
{
	static const char *const pages[] = {
		": s-1 s-2 =5 > a", "a: s-2 s-3 =5", NULL};
	static const char *const less[] = {": s-1 s-3 =4", NULL};
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script = scripted_open(f, pages);
	g_autofree char *names = NULL, *partial = NULL, *left = NULL;
	guint32 number = fixture_find(f, f->provider, "w");

	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, "s-1 s-2 s-3");
	g_assert_cmpuint(script->calls, ==, 4);
	partial = cache_partial(f->cache, number);
	g_assert_cmpstr(partial, ==,
		"2 entries are counted by the provider's total, but not "
		"listed\n");
	script->pages = less;
	fixture_refresh(f, number);
	g_assert_cmpuint(script->calls, ==, 5);
	left = fixture_status(f, number, "listing");
	g_assert_cmpstr(left, ==, "partial");
}

static void pages_that_differ_each_time_are_no_listing(void)
{
	static const char *const pages[] = {": s-1 =9", NULL};
	static const char *const other[] = {": s-2 =9", NULL};
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script = scripted_open(f, pages);
	g_autofree char *partial = NULL;
	guint32 number = fixture_find(f, f->provider, "w");

	script->then = other;
	fixture_until(fixture_known(f, number, NULL) == KNOWN_FAILED);
	partial = cache_partial(f->cache, number);
	g_assert_nonnull(strstr(partial, "ended after 2 of 9 sessions"));
}

/* "last": by the total it is the last page, which is not believed before a page
 * behind it was empty; and never again when the total becomes less. */
static void a_total_is_believed_once_it_is_proved(void)
{
	static const char *const honest[] = {
		": s-1 s-2 =2 last > a", "a: =2 counted", NULL};
	static const char *const more[] = {
		": s-1 s-2 s-3 =3 last > a", "a: =3 counted", NULL};
	static const char *const lies[] = {": s-1 =1 last > a",
		"a: s-2 =2 last > b", "b: s-3 =1 last > c", "c: =0", NULL};
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script = scripted_open(f, honest);
	g_autofree char *names = NULL, *partial = NULL;
	guint32 number = fixture_find(f, f->provider, "w");

	g_free(fixture_list(f, number));
	g_assert_cmpuint(script->calls, ==, 2);
	fixture_refresh(f, number);
	g_assert_cmpuint(script->calls, ==, 3);
	script->pages = more;
	fixture_refresh(f, number);
	g_assert_cmpuint(script->calls, ==, 4);
	script->pages = lies;
	for (guint i = 0; i < 3; i++)
		fixture_refresh(f, number);
	g_assert_cmpuint(script->calls, ==, 4 + 3 * 4);
	names = fixture_names(f, number);
	g_assert_cmpstr(names, ==, "s-1 s-2 s-3");
	partial = cache_partial(f->cache, number);
	g_assert_null(partial);
}

static void no_more_sessions_than_the_ceiling_are_shown(void)
{
	static const char *const pages[] = {
		": s-1 s-2 s-3 s-4 > a", "a: s-5 > b", "b: s-6", NULL};
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script;
	g_autofree char *partial = NULL;
	guint32 number;

	f->sessions_max = 3;
	script = scripted_open(f, pages);
	number = fixture_find(f, f->provider, "w");
	g_free(fixture_list(f, number));
	g_assert_cmpuint(cache_count(f->cache, number), ==, 3);
	g_assert_cmpuint(script->calls, ==, 1);
	partial = cache_partial(f->cache, number);
	g_assert_nonnull(strstr(partial, "no more than 3 sessions"));
	g_assert_cmpuint(fixture_status_number(f, number, "left_out"), ==, 1);
}

static void no_more_workspaces_than_the_ceiling_are_shown(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *partial = NULL;

	f->workspaces_max = 2;
	fixture_open(f, "workspaces_made", "4", NULL);
	g_free(fixture_list(f, f->provider));
	g_assert_cmpuint(
		fixture_status_number(f, f->provider, "workspaces"), ==, 2);
	partial = cache_partial(f->cache, f->provider);
	g_assert_nonnull(strstr(partial, "no more than 2 workspaces"));
}

/* One was made, and stands on a page that was read before. */
static void a_listing_that_grows_is_whole(void)
{
	static const char *const pages[] = {
		": s-1 s-2 =3 > a", "a: s-3 =4", NULL};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;

	scripted_open(f, pages);
	names = fixture_list(f, fixture_find(f, f->provider, "w"));
	g_assert_cmpstr(names, ==, "s-1 s-2 s-3");
}

/* It is not asked for what is missing here: there is no get. */
static void what_ends_early_takes_nothing_away(void)
{
	static const char *const whole[] = {": s-1 s-2 s-3 =3", NULL};
	static const char *const early[] = {": s-1 =3", NULL};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *partial = NULL, *names = NULL;
	Scripted *script = scripted_open(f, whole);
	guint32 number = fixture_find(f, f->provider, "w");

	g_free(fixture_list(f, number));
	script->pages = early;
	for (guint i = 0; i < 3; i++)
		fixture_refresh(f, number);
	partial = cache_partial(f->cache, number);
	g_assert_nonnull(strstr(partial, "2 entries are counted"));
	names = fixture_names(f, number);
	g_assert_cmpstr(names, ==, "s-1 s-2 s-3");
}

/* Pages shifted, so that the last session of one stands on none. */
static void a_session_that_one_listing_misses_stays(void)
{
	static const char *const whole[] = {": s-1 s-2 s-3 =3", NULL};
	static const char *const shifted[] = {": s-1 s-3 =2", NULL};
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script = scripted_open(f, whole);
	guint32 number = fixture_find(f, f->provider, "w");

	g_free(fixture_list(f, number));
	for (guint i = 0; i < 6; i++) {
		script->pages = i % 2 == 0 ? shifted : whole;
		fixture_refresh(f, number);
	}
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, 0), ==, 0);
	script->pages = shifted;
	fixture_refresh(f, number);
	fixture_refresh(f, number);
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, 0), ==, 1);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 2);
}

/* The record of s-2 cannot be understood any more: perhaps it is there. */
static void what_may_have_been_left_out_stays(void)
{
	static const char *const whole[] = {": s-1 s-2 =2", NULL};
	static const char *const holed[] = {": s-1 ! =2", NULL};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *partial = NULL, *names = NULL;
	Scripted *script = scripted_open(f, whole);
	guint32 number = fixture_find(f, f->provider, "w");

	g_free(fixture_list(f, number));
	script->pages = holed;
	for (guint i = 0; i < 3; i++)
		fixture_refresh(f, number);
	partial = cache_partial(f->cache, number);
	g_assert_cmpstr(partial, ==,
		"1 records are left out, since they have no usable id\n");
	g_assert_cmpuint(fixture_status_number(f, number, "left_out"), ==, 1);
	names = fixture_names(f, number);
	g_assert_cmpstr(names, ==, "s-1 s-2");
}

static void single_empty_pages_are_legal(void)
{
	static const char *const pages[] = {
		": > a", "a:  > b", "b:  s-1 > c", "c:  > d", "d:  s-2", NULL};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;

	scripted_open(f, pages);
	names = fixture_list(f, fixture_find(f, f->provider, "w"));
	g_assert_cmpstr(names, ==, "s-1 s-2");
}

static void an_id_given_twice_is_one_session(void)
{
	static const char *const pages[] = {
		": s-1 s-2 s-1 > a", "a: s-2 s-3", NULL};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL, *moves = NULL;
	guint32 number;

	scripted_open(f, pages);
	number = fixture_find(f, f->provider, "w");
	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, "s-1 s-2 s-3");
	fixture_refresh(f, number);
	moves = fixture_moves(f, number);
	g_assert_cmpstr(moves, ==, "+s-1 +s-2 +s-3");
}

static void hostile_ids_become_names(void)
{
	static const char *const pages[] = {
		": .. a/b new \xff%2e\x01 s-1", NULL};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL;
	guint32 number;

	scripted_open(f, pages);
	number = fixture_find(f, f->provider, "w");
	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, "%2E. a%2Fb %6Eew %FF%252e%01 s-1");
	g_assert_cmpuint(fixture_find(f, number, "%2E."), !=, 0);
	g_assert_cmpuint(fixture_find(f, number, ".."), ==, 0);
}

/* The second id is spelled as the name of the first, which is too long. */
static void an_id_like_a_name_that_was_cut_hides_nothing(void)
{
	g_autofree char *long_id = g_strnfill(300, 'x');
	g_autofree char *cut = name_escape(long_id, NULL);
	g_autofree char *like = name_escape(cut, NULL);
	g_autofree char *page = g_strdup_printf(": %s %s s-1", long_id, cut);
	const char *const pages[] = {page, NULL};
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *names = NULL, *partial = NULL;
	g_autofree char *want = g_strconcat(cut, " ", like, " s-1", NULL);
	guint32 number;

	scripted_open(f, pages);
	number = fixture_find(f, f->provider, "w");
	names = fixture_list(f, number);
	g_assert_cmpstr(names, ==, want);
	partial = cache_partial(f->cache, number);
	g_assert_null(partial);
}

/* Nobody can tell the id from a name that was cut: only the listing can. */
static void a_cut_name_waits_for_the_listing(void)
{
	g_autofree char *long_id = g_strnfill(300, 'x');
	g_autofree char *cut = name_escape(long_id, NULL);
	g_autofree char *page = g_strdup_printf(": %s s-1", long_id);
	const char *const pages[] = {page, NULL};
	g_autoptr(Fixture) f = fixture_new();
	guint32 number;

	scripted_open(f, pages);
	number = fixture_find(f, f->provider, "w");
	g_assert_cmpuint(fixture_find(f, number, cut), !=, 0);
}

static void a_throttle_is_obeyed(void)
{
	static const char *const pages[] = {": s-1", NULL};
	g_autoptr(Fixture) f = fixture_new();
	Scripted *script;
	guint32 number;

	f->refresh_ms = 10;
	f->clock = &clock_fake;
	script = scripted_open(f, pages);
	script->retry_after_ms = 60000;
	number = fixture_find(f, f->provider, "w");
	cache_look(f->cache, number);
	fixture_until(fixture_known(f, number, NULL) == KNOWN_FAILED);
	clock_forward(59000);
	g_assert_cmpint(fixture_known(f, number, NULL), ==, KNOWN_FAILED);
	g_assert_cmpint(refresh_run(f->cache), >, clock_now_us(&clock_fake));
	g_assert_cmpuint(calls_of(script), ==, 1);
	clock_forward(2000);
	cache_look(f->cache, number);
	fixture_until(calls_of(script) == 2);
}

/* ---- pages as they come ---- */

static void pages_show_as_they_arrive(void)
{
	g_autoptr(Fixture) f = fixture_new();
	guint32 number, first;
	Entry before, after;

	fixture_open(f, "sessions", "25", "page", "10", NULL);
	number = fixture_find(f, f->provider, "m-1");
	g_assert_true(cache_entry(f->cache, number, &before));
	/* The second page fails, so that only the first is there. */
	memory_fail(f->backend, MEMORY_LIST_PAGE, 1, 1, BACKEND_ERROR_REMOTE);
	fixture_until(fixture_known(f, number, NULL) == KNOWN_FAILED ||
		      cache_count(f->cache, number) == 10);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 10);
	first = fixture_find(f, number, "s-000001");
	g_assert_true(cache_entry(f->cache, number, &after));
	g_assert_cmpint(after.mtime_ns, >, before.mtime_ns);
	fixture_refresh(f, number);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 25);
	g_assert_cmpuint(fixture_find(f, number, "s-000001"), ==, first);
	g_assert_cmpuint(fixture_count_news(f, NEWS_APPEARED, 0), ==, 25 + 1);
}

static void a_failed_page_leaves_what_was_there(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *partial = NULL, *names = NULL, *before = NULL;
	guint32 number, changed;

	fixture_open(f, "sessions", "30", "page", "10", NULL);
	number = fixture_workspace(f, "m-1");
	before = fixture_names(f, number);
	changed = fixture_find(f, number, "s-000002");
	memory_put(f->backend, "m-1", "s-000002", NULL, "Busy");
	memory_remove(f->backend, "m-1", "s-000030");
	memory_fail(f->backend, MEMORY_LIST_PAGE, 1, 1, BACKEND_ERROR_REMOTE);
	fixture_forget_news(f);
	fixture_refresh(f, number);
	partial = cache_partial(f->cache, number);
	g_assert_true(g_str_has_prefix(
		partial, "page 2 (token 10) of the listing failed at 2"));
	g_assert_cmpuint(fixture_count_news(f, NEWS_TEXT, number), ==, 1);
	names = fixture_names(f, number);
	g_assert_cmpstr(names, ==, before);
	g_assert_true(fixture_changed_files(f, changed) & 1 << SESSION_STATE);
	fixture_refresh(f, number);
	g_free(partial);
	partial = cache_partial(f->cache, number);
	g_assert_null(partial);
	g_assert_cmpuint(fixture_count_news(f, NEWS_TEXT, number), ==, 2);
	g_assert_cmpuint(cache_count(f->cache, number), ==, 29);
}

/* ---- changes ---- */

static void only_the_files_that_changed_are_news(void)
{
	g_autoptr(Fixture) f = fixture_new();
	gint64 before[N_SESSION_FILES];
	guint32 number, session, other;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000002");
	other = fixture_find(f, number, "s-000003");
	for (SessionFile file = 0; file <= SESSION_JSON; file++)
		before[file] = fixture_mtime(f, session, file);
	memory_put(f->backend, "m-1", "s-000002", NULL, "Stopped");
	fixture_forget_news(f);
	fixture_refresh(f, number);
	g_assert_cmpuint(fixture_changed_files(f, session), ==,
		1 << SESSION_STATE | 1 << SESSION_PHASE | 1 << SESSION_JSON |
			1 << SESSION_WEBUI);
	g_assert_cmpuint(fixture_count_news(f, NEWS_CHANGED, 0), ==, 1);
	g_assert_cmpuint(fixture_changed_files(f, other), ==, 0);
	for (SessionFile file = 0; file <= SESSION_JSON; file++) {
		gint64 now = fixture_mtime(f, session, file);

		if (file == SESSION_CONFIG)
			g_assert_cmpint(now, ==, before[file]);
		else
			g_assert_cmpint(now, >, before[file]);
	}
}

static void times_only_go_forward(void)
{
	g_autoptr(Fixture) f = fixture_new();
	static const char *const states[] = {"Busy", "Running"};
	guint32 number, session;
	gint64 before;

	fixture_open(f, "sessions", "1", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000001");
	before = fixture_mtime(f, session, SESSION_STATE);
	for (guint i = 0; i < 20; i++) {
		gint64 now;

		memory_put(f->backend, "m-1", "s-000001", NULL, states[i % 2]);
		fixture_refresh(f, number);
		now = fixture_mtime(f, session, SESSION_STATE);
		g_assert_cmpint(now, >, before);
		g_assert_cmpint(now, <=, g_get_real_time() * 1000 + 20000000);
		before = now;
	}
}

static void a_refresh_that_changes_nothing_changes_nothing(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *metrics = NULL;
	g_autoptr(GString) before = g_string_new(NULL);
	g_autoptr(GString) after = g_string_new(NULL);
	Entry first, second;
	guint32 number;
	const char *line;

	fixture_open(f, "sessions", "50", "page", "10", NULL);
	number = fixture_workspace(f, "m-1");
	fixture_refresh(f, number);
	g_assert_true(cache_entry(f->cache, number, &first));
	cache_metrics(f->cache, before);
	fixture_forget_news(f);
	for (guint i = 0; i < 3; i++)
		fixture_refresh(f, number);
	g_assert_true(cache_entry(f->cache, number, &second));
	cache_metrics(f->cache, after);
	g_assert_cmpint(first.mtime_ns, ==, second.mtime_ns);
	g_assert_cmpuint(fixture_count_news(f, NEWS_APPEARED, 0), ==, 0);
	g_assert_cmpuint(fixture_count_news(f, NEWS_VANISHED, 0), ==, 0);
	g_assert_cmpuint(fixture_count_news(f, NEWS_CHANGED, 0), ==, 0);
	g_assert_cmpuint(fixture_count_news(f, NEWS_TEXT, 0), ==, 0);
	line = strstr(before->str, "sessionfs_state_bytes{");
	metrics = g_strndup(line, strcspn(line, "\n") + 1);
	g_assert_nonnull(strstr(after->str, metrics));
}

static void what_returns_keeps_its_number(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL;
	guint32 number, session;

	fixture_open(f, "sessions", "3", NULL);
	number = fixture_workspace(f, "m-1");
	session = fixture_find(f, number, "s-000002");
	memory_remove(f->backend, "m-1", "s-000002");
	fixture_refresh(f, number);
	g_assert_cmpuint(fixture_find(f, number, "s-000002"), ==, 0);
	memory_put(f->backend, "m-1", "s-000002", NULL, "Running");
	fixture_refresh(f, number);
	g_assert_cmpuint(fixture_find(f, number, "s-000002"), ==, session);
	moves = fixture_moves(f, number);
	g_assert_cmpstr(
		moves, ==, "+s-000001 +s-000002 +s-000003 -s-000002 +s-000002");
}

static void workspaces_come_and_go(void)
{
	g_autoptr(Fixture) f = fixture_new();
	g_autofree char *moves = NULL;
	guint32 number, session;
	Entry entry;

	fixture_open(f, "workspaces_made", "2", "sessions", "1", NULL);
	number = fixture_workspace(f, "m-2");
	session = fixture_find(f, number, "s-000001");
	memory_remove_workspace(f->backend, "m-2");
	memory_add_workspace(f->backend, "m-3");
	for (guint i = 0; i < 2; i++)
		fixture_refresh(f, f->provider);
	g_assert_false(cache_entry(f->cache, number, &entry));
	g_assert_false(cache_entry(f->cache, session, &entry));
	g_assert_cmpuint(cache_count(f->cache, f->provider), ==, 0);
	g_assert_cmpuint(fixture_find(f, f->provider, "m-3"), !=, 0);
	memory_add_workspace(f->backend, "m-2");
	fixture_refresh(f, f->provider);
	g_assert_cmpuint(fixture_find(f, f->provider, "m-2"), ==, number);
	moves = fixture_moves(f, f->provider);
	g_assert_cmpstr(moves, ==, "+m-1 +m-2 +m-3 -m-2 +m-2");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/relist/" #name, name)
	ADD(a_token_that_comes_again_is_refused);
	ADD(page_after_page_empty_is_refused);
	ADD(what_names_nothing_new_is_ended);
	ADD(a_total_that_is_too_high_is_a_hint);
	ADD(pages_that_differ_each_time_are_no_listing);
	ADD(a_total_is_believed_once_it_is_proved);
	ADD(no_more_sessions_than_the_ceiling_are_shown);
	ADD(no_more_workspaces_than_the_ceiling_are_shown);
	ADD(a_listing_that_grows_is_whole);
	ADD(what_ends_early_takes_nothing_away);
	ADD(a_session_that_one_listing_misses_stays);
	ADD(what_may_have_been_left_out_stays);
	ADD(single_empty_pages_are_legal);
	ADD(an_id_given_twice_is_one_session);
	ADD(hostile_ids_become_names);
	ADD(an_id_like_a_name_that_was_cut_hides_nothing);
	ADD(a_cut_name_waits_for_the_listing);
	ADD(a_throttle_is_obeyed);
	ADD(pages_show_as_they_arrive);
	ADD(a_failed_page_leaves_what_was_there);
	ADD(only_the_files_that_changed_are_news);
	ADD(times_only_go_forward);
	ADD(a_refresh_that_changes_nothing_changes_nothing);
	ADD(what_returns_keeps_its_number);
	ADD(workspaces_come_and_go);
	return g_test_run();
}
