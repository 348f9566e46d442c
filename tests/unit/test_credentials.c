#include <pthread.h>
#include <string.h>

#include <glib.h>

#include "backends/auth/credentials.h"
#include "backends/base/mutex.h"
#include "backends/base/thread.h"
#include "fake_clock.h"
#include "until.h"

#define MS 1000

/* A chain that does as it is told. */
typedef struct {
	Mutex lock;
	pthread_cond_t let_go;
	guint fetches;
	guint inside, most_inside;
	const char *id; /* NULL: fails */
	gint64 lifetime_ms;
	gboolean held;  /* a fetch goes on until it is not */
	guint delay_ms; /* by the clock, and no longer than the deadline */
	gboolean again; /* of the last fetch */
	char *print;
	gboolean aborted, freed;
} Chain;

static Credentials *chain_make(Chain *chain, GError **error)
{
	if (!chain->id) {
		backend_error_set(error, BACKEND_ERROR_UNREACHABLE, "no luck");
		return NULL;
	}
	return credentials_new(chain->id, secret_new("s3cret", -1),
		secret_new("t0ken", -1),
		chain->lifetime_ms
			? clock_wall_ms(&clock_fake) + chain->lifetime_ms
			: 0,
		"chain");
}

/* Whether it ends in time. */
static gboolean spend(Chain *chain, gint64 deadline_us) REQUIRES(chain->lock)
{
	gint64 left_ms;

	while (chain->held)
		thread_wait(&chain->let_go, &chain->lock, G_MAXINT64);
	left_ms = (deadline_us - clock_now_us(&clock_fake)) / MS;
	clock_forward(MIN(chain->delay_ms, MAX(left_ms, 0)));
	return chain->delay_ms <= left_ms;
}

static Credentials *chain_fetch(
	void *self, gboolean again, gint64 deadline_us, GError **error)
{
	Chain *chain = self;
	Credentials *made;
	gboolean in_time;

	mutex_lock(&chain->lock);
	chain->fetches++;
	chain->again = again;
	chain->inside++;
	chain->most_inside = MAX(chain->most_inside, chain->inside);
	in_time = spend(chain, deadline_us);
	chain->inside--;
	made = in_time ? chain_make(chain, error) : NULL;
	mutex_unlock(&chain->lock);
	if (!in_time)
		backend_error_set(error, BACKEND_ERROR_TIMEOUT, "too slow");
	return made;
}

static char *chain_fingerprint(void *self)
{
	Chain *chain = self;
	char *print;

	mutex_lock(&chain->lock);
	print = g_strdup(chain->print);
	mutex_unlock(&chain->lock);
	return print;
}

static void chain_free(void *self)
{
	((Chain *)self)->freed = TRUE;
}

static void chain_abort(void *self)
{
	((Chain *)self)->aborted = TRUE;
}

static const CredentialClass chain_class = {
	.name = "chain",
	.refresh_ms = 60 * 1000,
	.fetch = chain_fetch,
	.fingerprint = chain_fingerprint,
	.free = chain_free,
	.abort = chain_abort,
};

typedef struct {
	Chain chain;
	CredentialSource *source;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	clock_reset();
	mutex_init(&f->chain.lock);
	thread_cond_init(&f->chain.let_go);
	f->chain.id = "AK1";
	f->source = credential_source_new(&chain_class, &f->chain, &clock_fake);
}

static void tear_down(Fixture *f, gconstpointer data)
{
	credential_source_free(f->source);
	g_assert_true(f->chain.freed);
	g_free(f->chain.print);
	pthread_cond_destroy(&f->chain.let_go);
	mutex_destroy(&f->chain.lock);
}

static Credentials *get(Fixture *f, GError **error)
{
	return credential_source_get(
		f->source, clock_now_us(&clock_fake) + 60000 * MS, error);
}

static guint fetches_of(Fixture *f)
{
	guint n;

	mutex_lock(&f->chain.lock);
	n = f->chain.fetches;
	mutex_unlock(&f->chain.lock);
	return n;
}

static void assert_id(Fixture *f, const char *id, guint fetches)
{
	g_autoptr(Credentials) got = get(f, NULL);

	g_assert_nonnull(got);
	g_assert_cmpstr(got->access_key_id, ==, id);
	g_assert_cmpuint(fetches_of(f), ==, fetches);
}

static void assert_error(Fixture *f, BackendErrorCode code, guint fetches)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Credentials) got = get(f, &error);

	g_assert_null(got);
	g_assert_error(error, BACKEND_ERROR, (int)code);
	g_assert_cmpuint(fetches_of(f), ==, fetches);
}

static void test_kept(Fixture *f, gconstpointer data)
{
	assert_id(f, "AK1", 1);
	f->chain.id = "AK2";
	assert_id(f, "AK1", 1);
	f->chain.id = NULL;
	assert_id(f, "AK1", 1);
}

/* With a minute to go the chain wants new ones. */
static void test_refreshed_before_expiry(Fixture *f, gconstpointer data)
{
	f->chain.lifetime_ms = 60 * 1000 + 900;
	assert_id(f, "AK1", 1);
	assert_id(f, "AK1", 1);
	clock_forward(950);
	f->chain.id = "AK2";
	assert_id(f, "AK2", 2);
}

/* Shorter than the refresh time: not asked for with each call. */
static void test_short_lived(Fixture *f, gconstpointer data)
{
	f->chain.lifetime_ms = 30 * 1000;
	assert_id(f, "AK1", 1);
	assert_id(f, "AK1", 1);
}

static void test_expired_ones_are_replaced(Fixture *f, gconstpointer data)
{
	f->chain.lifetime_ms = 900;
	assert_id(f, "AK1", 1);
	clock_forward(950);
	f->chain.id = "AK2";
	assert_id(f, "AK2", 2);
}

static void test_old_ones_outlive_a_failed_refresh(
	Fixture *f, gconstpointer data)
{
	assert_id(f, "AK1", 1);
	f->chain.id = NULL;
	f->chain.print = g_strdup("file changed");
	assert_id(f, "AK1", 2);
	assert_id(f, "AK1", 2);
}

static void test_expired_and_no_new_ones(Fixture *f, gconstpointer data)
{
	f->chain.lifetime_ms = 900;
	assert_id(f, "AK1", 1);
	clock_forward(950);
	f->chain.id = NULL;
	assert_error(f, BACKEND_ERROR_UNREACHABLE, 2);
	f->chain.id = "AK3";
	clock_forward(1050);
	assert_id(f, "AK3", 3);
	g_assert_false(f->chain.again);
}

static void test_failure_stands_for_a_second(Fixture *f, gconstpointer data)
{
	f->chain.id = NULL;
	for (guint ms = 0; ms < 900; ms += 100) {
		g_autoptr(GError) error = NULL;

		g_assert_null(get(f, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_UNREACHABLE);
		clock_forward(100);
	}
	g_assert_cmpuint(fetches_of(f), ==, 1);
	clock_forward(200);
	assert_error(f, BACKEND_ERROR_UNREACHABLE, 2);
	/* What the user puts right is taken at once. */
	f->chain.id = "AK1";
	f->chain.print = g_strdup("file changed");
	assert_id(f, "AK1", 3);
}

static void test_refused_ones_are_replaced_at_once(
	Fixture *f, gconstpointer data)
{
	g_autoptr(Credentials) bad = get(f, NULL);

	/* A refresh fails just before. */
	f->chain.id = NULL;
	f->chain.print = g_strdup("file changed");
	assert_id(f, "AK1", 2);
	credential_source_reject(f->source, bad);
	f->chain.id = "AK2";
	assert_id(f, "AK2", 3);
}

/* Two seconds at most, for one call. */
static void test_slow_refresh(Fixture *f, gconstpointer data)
{
	g_autoptr(Credentials) got = NULL;
	gint64 start;

	assert_id(f, "AK1", 1);
	g_assert_false(f->chain.again);
	f->chain.delay_ms = 60 * 1000;
	f->chain.print = g_strdup("changed");
	start = clock_now_us(&clock_fake);
	got = credential_source_get(f->source, start + 30000 * MS, NULL);
	g_assert_nonnull(got);
	g_assert_true(f->chain.again);
	g_assert_cmpint(clock_now_us(&clock_fake) - start, >=, 1900 * MS);
	g_assert_cmpint(clock_now_us(&clock_fake) - start, <, 20000 * MS);
	start = clock_now_us(&clock_fake);
	assert_id(f, "AK1", 2);
	g_assert_cmpint(clock_now_us(&clock_fake) - start, <, 20000 * MS);
	/* Another change is another matter. */
	f->chain.delay_ms = 0;
	f->chain.id = "AK2";
	g_free(f->chain.print);
	f->chain.print = g_strdup("changed again");
	assert_id(f, "AK2", 3);
}

static void test_fetched_ones_already_expired(Fixture *f, gconstpointer data)
{
	f->chain.lifetime_ms = -1000;
	assert_error(f, BACKEND_ERROR_AUTH_EXPIRED, 1);
}

static void test_changed_file_is_read_again(Fixture *f, gconstpointer data)
{
	assert_id(f, "AK1", 1);
	f->chain.id = "AK2";
	f->chain.print = g_strdup("mtime 2");
	assert_id(f, "AK2", 2);
	assert_id(f, "AK2", 2);
}

static void test_rejected_ones_are_fetched_anew(Fixture *f, gconstpointer data)
{
	g_autoptr(Credentials) bad = get(f, NULL);
	g_autoptr(Credentials) good = NULL;

	credential_source_reject(f->source, bad);
	f->chain.id = "AK2";
	good = get(f, NULL);
	g_assert_cmpstr(good->access_key_id, ==, "AK2");
	/* The late news of another thread does not hit the new ones. */
	credential_source_reject(f->source, bad);
	assert_id(f, "AK2", 2);
}

static void test_rejected_ones_are_not_used_again(
	Fixture *f, gconstpointer data)
{
	g_autoptr(Credentials) bad = get(f, NULL);

	credential_source_reject(f->source, bad);
	f->chain.id = NULL;
	assert_error(f, BACKEND_ERROR_UNREACHABLE, 2);
	g_assert_cmpstr(secret_peek(bad->secret), ==, "s3cret");
}

static void *get_one(void *data)
{
	g_autoptr(Credentials) got = get(data, NULL);

	return GINT_TO_POINTER(got != NULL);
}

static void hold(Fixture *f, gboolean held)
{
	mutex_lock(&f->chain.lock);
	f->chain.held = held;
	pthread_cond_broadcast(&f->chain.let_go);
	mutex_unlock(&f->chain.lock);
}

static guint inside(Fixture *f)
{
	guint n;

	mutex_lock(&f->chain.lock);
	n = f->chain.inside;
	mutex_unlock(&f->chain.lock);
	return n;
}

/* The fetch goes on until all others wait for it. */
static guint get_at_once(Fixture *f, guint n)
{
	g_autofree pthread_t *threads = g_new(pthread_t, n);
	guint got = 0;

	hold(f, TRUE);
	for (guint i = 0; i < n; i++)
		g_assert_cmpint(
			pthread_create(&threads[i], NULL, get_one, f), ==, 0);
	fixture_until(inside(f) == 1 && clock_waiting() == n - 1);
	hold(f, FALSE);
	for (guint i = 0; i < n; i++) {
		void *one;

		pthread_join(threads[i], &one);
		got += one ? 1 : 0;
	}
	return got;
}

static void test_one_fetch_serves_all(Fixture *f, gconstpointer data)
{
	g_assert_cmpuint(get_at_once(f, 8), ==, 8);
	g_assert_cmpuint(f->chain.fetches, ==, 1);
	g_assert_cmpuint(f->chain.most_inside, ==, 1);
}

static void test_one_failure_serves_all(Fixture *f, gconstpointer data)
{
	f->chain.id = NULL;
	g_assert_cmpuint(get_at_once(f, 8), ==, 0);
	g_assert_cmpuint(f->chain.fetches, ==, 1);
	g_assert_cmpuint(f->chain.most_inside, ==, 1);
}

static void test_refresh_does_not_hold_up_others(Fixture *f, gconstpointer data)
{
	pthread_t slow;

	assert_id(f, "AK1", 1);
	hold(f, TRUE);
	f->chain.print = g_strdup("changed");
	g_assert_cmpint(pthread_create(&slow, NULL, get_one, f), ==, 0);
	fixture_until(inside(f) == 1);
	assert_id(f, "AK1", 2);
	g_assert_cmpuint(inside(f), ==, 1);
	hold(f, FALSE);
	pthread_join(slow, NULL);
}

static void test_waiting_ends_at_the_deadline(Fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Credentials) got = NULL;
	pthread_t slow;

	hold(f, TRUE);
	g_assert_cmpint(pthread_create(&slow, NULL, get_one, f), ==, 0);
	fixture_until(inside(f) == 1);
	got = credential_source_get(
		f->source, clock_now_us(&clock_fake) + 50 * MS, &error);
	g_assert_null(got);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_TIMEOUT);
	g_assert_cmpuint(inside(f), ==, 1);
	hold(f, FALSE);
	pthread_join(slow, NULL);
}

static void test_abort(Fixture *f, gconstpointer data)
{
	assert_id(f, "AK1", 1);
	credential_source_abort(f->source);
	assert_error(f, BACKEND_ERROR_CANCELLED, 1);
	g_assert_true(f->chain.aborted);
}

static char *report(Fixture *f)
{
	GString *out = g_string_new(NULL);

	credential_source_report(f->source, out);
	g_assert_null(strstr(out->str, "s3cret"));
	g_assert_null(strstr(out->str, "t0ken"));
	return g_string_free(out, FALSE);
}

static void test_report(Fixture *f, gconstpointer data)
{
	g_autofree char *before = report(f);
	g_autofree char *kept = NULL;
	g_autofree char *failed = NULL;
	g_autoptr(Credentials) got = NULL;

	g_assert_cmpstr(before, ==, "credentials: not asked for yet\n");
	got = get(f, NULL);
	kept = report(f);
	g_assert_cmpstr(kept, ==, "credentials: chain, key AK1, no expiry\n");
	credential_source_reject(f->source, got);
	f->chain.id = NULL;
	assert_error(f, BACKEND_ERROR_UNREACHABLE, 2);
	failed = report(f);
	g_assert_cmpstr(failed, ==,
		"credentials: chain, key AK1, no expiry\n"
		"credentials_state: refused\n"
		"credentials_error: no luck\n");
}

static void test_report_expiry(Fixture *f, gconstpointer data)
{
	g_autoptr(Credentials) got = NULL;
	g_autofree char *text = NULL;

	f->chain.lifetime_ms = 3600 * 1000;
	got = get(f, NULL);
	text = report(f);
	g_assert_true(g_str_has_prefix(
		text, "credentials: chain, key AK1, expires 2"));
	g_assert_true(g_str_has_suffix(text, "Z\n"));
}

#define ADD(name, function)                                                    \
	g_test_add("/credentials/" name, Fixture, NULL, set_up, function,      \
		tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("are-kept", test_kept);
	ADD("are-refreshed-before-expiry", test_refreshed_before_expiry);
	ADD("short-lived-are-not-asked-for-each-time", test_short_lived);
	ADD("expired-are-replaced", test_expired_ones_are_replaced);
	ADD("old-ones-outlive-a-failed-refresh",
		test_old_ones_outlive_a_failed_refresh);
	ADD("expired-and-no-new-ones", test_expired_and_no_new_ones);
	ADD("failure-stands-for-a-second", test_failure_stands_for_a_second);
	ADD("refused-are-replaced-at-once",
		test_refused_ones_are_replaced_at_once);
	ADD("slow-refresh-costs-two-seconds", test_slow_refresh);
	ADD("fetched-ones-already-expired", test_fetched_ones_already_expired);
	ADD("changed-file-is-read-again", test_changed_file_is_read_again);
	ADD("rejected-are-fetched-anew", test_rejected_ones_are_fetched_anew);
	ADD("rejected-are-not-used-again",
		test_rejected_ones_are_not_used_again);
	ADD("one-fetch-serves-all", test_one_fetch_serves_all);
	ADD("one-failure-serves-all", test_one_failure_serves_all);
	ADD("refresh-does-not-hold-up-others",
		test_refresh_does_not_hold_up_others);
	ADD("waiting-ends-at-the-deadline", test_waiting_ends_at_the_deadline);
	ADD("abort-is-for-good", test_abort);
	ADD("report-holds-no-secret", test_report);
	ADD("report-names-the-expiry", test_report_expiry);
	return g_test_run();
}
