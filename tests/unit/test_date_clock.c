#include "backends/http/date_clock.h"

/* An answer of a server whose clock is so far ahead; NULL: it tells no Date. */
static void learn(DateClock *self, const char *date)
{
	HttpAnswer answer = {.status = 200,
		.headers = g_hash_table_new(g_str_hash, g_str_equal)};

	if (date != NULL)
		g_hash_table_insert(
			answer.headers, (gpointer) "date", (gpointer)date);
	date_clock_learn(self, &answer);
	g_hash_table_unref(answer.headers);
}

static void learn_ahead(DateClock *self, gint64 ahead_s)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(
		g_get_real_time() / G_USEC_PER_SEC + ahead_s);
	g_autofree char *date =
		g_date_time_format(when, "%a, %d %b %Y %H:%M:%S GMT");

	learn(self, date);
}

static void assert_ahead(DateClock *self, gint64 ahead_s)
{
	gint64 ahead_ms = 0;

	g_assert_true(date_clock_read(self, &ahead_ms));
	/* It is cut to seconds, and this machine may be busy. */
	g_assert_cmpint(ahead_ms, <=, ahead_s * 1000 + 1000);
	g_assert_cmpint(ahead_ms, >, ahead_s * 1000 - 5000);
}

static void what_has_no_date_tells_nothing(void)
{
	gint64 ahead_ms = 7;
	DateClock self;

	date_clock_init(&self);
	date_clock_learn(&self, NULL);
	learn(&self, NULL);
	learn(&self, "yesterday");
	g_assert_false(date_clock_read(&self, &ahead_ms));
	g_assert_cmpint(ahead_ms, ==, 7);
	date_clock_clear(&self);
}

static void the_last_clock_counts(void)
{
	static const gint64 aheads[] = {0, 1200, -1200, 86400, 30, 0};
	DateClock self;

	date_clock_init(&self);
	for (guint i = 0; i < G_N_ELEMENTS(aheads); i++) {
		learn_ahead(&self, aheads[i]);
		assert_ahead(&self, aheads[i]);
		learn(&self, NULL);
		assert_ahead(&self, aheads[i]);
	}
	date_clock_clear(&self);
}

/* An answer that was long on its way does not put the clock back. */
static void of_those_that_agree_the_latest_is_taken(void)
{
	gint64 before = 0, after = 0;
	DateClock self;

	date_clock_init(&self);
	learn_ahead(&self, 1200);
	g_assert_true(date_clock_read(&self, &before));
	learn_ahead(&self, 1197);
	g_assert_true(date_clock_read(&self, &after));
	g_assert_cmpint(after, >=, before);
	date_clock_clear(&self);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/date_clock/" #name, name)
	ADD(what_has_no_date_tells_nothing);
	ADD(the_last_clock_counts);
	ADD(of_those_that_agree_the_latest_is_taken);
	return g_test_run();
}
