/* The parts of a directory, each alone. */
#include "cache/base/job_queue.h"
#include "cache/model/listings.h"
#include "cache/model/questions.h"
#include "cache/model/texts.h"
#include "cache/model/tried.h"

#include "fake_clock.h"

static GError *error_of(BackendErrorCode code)
{
	GError *error = NULL;

	backend_error_set(&error, code, "it went wrong");
	return error;
}

/* ---- JobQueue ---- */

static void a_queue_counts_its_workers(void)
{
	JobQueue *queue = job_queue_new(2, NULL);
	int items[4];

	g_assert_true(job_queue_add(queue, &items[0]));
	g_assert_true(job_queue_add(queue, &items[1]));
	g_assert_false(job_queue_add(queue, &items[2]));
	for (guint i = 0; i < 3; i++)
		g_assert_true(job_queue_next(queue) == &items[i]);
	/* One of the two goes, so that one more may come. */
	g_assert_null(job_queue_next(queue));
	g_assert_true(job_queue_add(queue, &items[3]));
	/* It could not be pushed, and the other one has taken nothing yet. */
	g_assert_true(job_queue_withdraw(queue, &items[3]));
	g_assert_null(job_queue_next(queue));
	job_queue_free(queue);
}

static void what_somebody_has_taken_is_not_given_back(void)
{
	JobQueue *queue = job_queue_new(2, g_free);
	char *item = g_strdup("x");

	g_assert_true(job_queue_add(queue, item));
	g_assert_true(job_queue_next(queue) == item);
	g_assert_false(job_queue_withdraw(queue, item));
	g_assert_true(job_queue_add(queue, item));
	/* What still waits is freed. */
	job_queue_free(queue);
}

/* ---- Questions ---- */

static Known ask(Questions *self, const char *name, gboolean *ret_push)
{
	*ret_push = FALSE;
	return questions_ask(self, name, name, ret_push, NULL);
}

static void a_name_is_asked_for_once(void)
{
	Questions *self = questions_new(&clock_fake);
	Question *question;
	gboolean push;

	g_assert_cmpint(ask(self, "s-1", &push), ==, KNOWN_NOT_YET);
	g_assert_true(push);
	g_assert_cmpint(ask(self, "s-1", &push), ==, KNOWN_NOT_YET);
	g_assert_false(push);
	question = questions_next(self);
	g_assert_cmpstr(question_id(question), ==, "s-1");
	g_assert_null(questions_next(self));
	/* While it is asked it is not forgotten. */
	questions_forget(self);
	g_assert_cmpint(ask(self, "s-1", &push), ==, KNOWN_NOT_YET);
	g_assert_false(push);
	questions_answer(self, question, NULL);
	/* It is shown by now.  If it is not, it has gone again. */
	g_assert_cmpint(ask(self, "s-1", &push), ==, KNOWN_YES);
	g_assert_cmpint(ask(self, "s-1", &push), ==, KNOWN_NOT_YET);
	g_assert_true(push);
	questions_free(self);
}

static void an_answer_counts_for_a_while(void)
{
	static const struct {
		BackendErrorCode code;
		Known known;
		gint64 ms;
	} cases[] = {
		{BACKEND_ERROR_GONE, KNOWN_NO, 5000},
		{BACKEND_ERROR_REMOTE, KNOWN_FAILED, 1000},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		Questions *self = questions_new(&clock_fake);
		gboolean push;

		ask(self, "s-1", &push);
		questions_answer(
			self, questions_next(self), error_of(cases[i].code));
		g_assert_cmpint(ask(self, "s-1", &push), ==, cases[i].known);
		clock_forward(cases[i].ms);
		g_assert_cmpint(ask(self, "s-1", &push), ==, KNOWN_NOT_YET);
		questions_free(self);
	}
}

static void too_many_names_are_refused(void)
{
	Questions *self = questions_new(&clock_fake);
	g_autoptr(GError) error = NULL;
	gboolean push = FALSE;

	for (guint i = 0; i < 1024; i++) {
		g_autofree char *name = g_strdup_printf("s-%u", i);

		g_assert_cmpint(ask(self, name, &push), ==, KNOWN_NOT_YET);
	}
	g_assert_cmpint(questions_ask(self, "one", "one", &push, &error), ==,
		KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_BUDGET);
	questions_free(self);
}

/* ---- Texts ---- */

static void texts_tell_what_changed(void)
{
	Texts *self = texts_new(7);
	g_autofree char *kept = NULL;
	gboolean keep;

	g_assert_cmpint(texts_changed_ns(self), ==, 7);
	g_assert_cmpuint(texts_set_partial(self, NULL), ==, 0);
	g_assert_cmpint(texts_changed_ns(self), ==, 7);
	g_assert_cmpuint(
		texts_set_partial(self, g_strdup("a")), ==, TEXT_PARTIAL_MADE);
	g_assert_cmpuint(texts_set_partial(self, g_strdup("a")), ==, 0);
	g_assert_cmpuint(
		texts_set_partial(self, g_strdup("b")), ==, TEXT_PARTIAL);
	g_assert_cmpuint(texts_set_partial(self, NULL), ==, TEXT_PARTIAL_GONE);
	g_assert_cmpint(texts_changed_ns(self), >, 7);
	/* Each error is to be put on disk; one who does so is enough. */
	g_assert_true(texts_set_error(self, g_strdup("x"), &keep));
	g_assert_true(keep);
	g_assert_false(texts_set_error(self, g_strdup("x"), &keep));
	g_assert_false(keep);
	kept = texts_keep_error(self);
	g_assert_cmpstr(kept, ==, "x");
	g_assert_true(texts_set_error(self, g_strdup("y"), &keep));
	g_assert_true(keep);
	texts_free(self);
}

/* ---- Listing ---- */

static guint64 told;

static void observe(const News *news, gsize n, void *data)
{
	told += n;
}

static void a_listing_is_asked_for_and_answered(void)
{
	NewsQueue *queue = news_new(observe, NULL);
	Listing *self = listing_new(queue, &(News){.kind = NEWS_LISTING});
	g_autoptr(GError) wrong = error_of(BACKEND_ERROR_REMOTE);
	g_autoptr(GError) error = NULL;
	gboolean wake = FALSE;

	g_assert_cmpint(listing_want(self, G_USEC_PER_SEC, 0, &wake, NULL), ==,
		KNOWN_NOT_YET);
	g_assert_true(wake);
	g_assert_cmpuint(listing_ask(self), ==, 1);
	listing_begin(self, G_USEC_PER_SEC);
	g_assert_false(listing_get(self).asked);
	g_assert_cmpint(listing_answered(self, 1, NULL), ==, KNOWN_NOT_YET);
	/* Whoever asks now asks for the next one. */
	g_assert_cmpuint(listing_ask(self), ==, 2);
	listing_end_badly(self, 2 * G_USEC_PER_SEC, wrong);
	g_assert_cmpint(listing_answered(self, 1, &error), ==, KNOWN_FAILED);
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_REMOTE);
	g_assert_cmpint(listing_answered(self, 2, NULL), ==, KNOWN_NOT_YET);
	g_assert_true(listing_get(self).broken);
	g_assert_false(listing_is_complete(self));
	listing_begin(self, 3 * G_USEC_PER_SEC);
	listing_end_well(self, 5 * G_USEC_PER_SEC, 77, 3, 0);
	g_assert_cmpint(listing_answered(self, 2, NULL), ==, KNOWN_YES);
	g_assert_true(listing_is_complete(self));
	g_assert_null(listing_error(self));
	g_assert_cmpint(listing_get(self).took_us, ==, 2 * G_USEC_PER_SEC);
	news_deliver(queue);
	g_assert_cmpuint(told, ==, 2);
	listing_free(self);
	news_free(queue);
}

/* A first listing that is broken off has not failed. */
static void a_listing_that_is_broken_off_has_no_error(void)
{
	NewsQueue *queue = news_new(observe, NULL);
	Listing *self = listing_new(queue, &(News){.kind = NEWS_LISTING});

	listing_begin(self, 1);
	listing_end_badly(self, 2, NULL);
	g_assert_cmpint(listing_answered(self, 1, NULL), ==, KNOWN_YES);
	g_assert_cmpuint(listing_get(self).failures, ==, 0);
	g_assert_false(listing_is_complete(self));
	listing_free(self);
	news_free(queue);
}

/* ---- Tried ---- */

static void one_job_tries_at_a_time(void)
{
	Tried *self = tried_new();

	g_assert_true(tried_begin(self));
	g_assert_false(tried_begin(self));
	tried_note(self, 5, 100);
	tried_note(self, 6, G_MAXINT64);
	tried_renew(self, 99);
	g_assert_true(tried_has(self, 5));
	tried_renew(self, 100);
	g_assert_false(tried_has(self, 5));
	g_assert_true(tried_has(self, 6));
	tried_end(self);
	g_assert_true(tried_begin(self));
	tried_free(self);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/dir_parts/" #name, name)
	ADD(a_queue_counts_its_workers);
	ADD(what_somebody_has_taken_is_not_given_back);
	ADD(a_name_is_asked_for_once);
	ADD(an_answer_counts_for_a_while);
	ADD(too_many_names_are_refused);
	ADD(texts_tell_what_changed);
	ADD(a_listing_is_asked_for_and_answered);
	ADD(a_listing_that_is_broken_off_has_no_error);
	ADD(one_job_tries_at_a_time);
	return g_test_run();
}
