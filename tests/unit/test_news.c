#include "cache/model/news.h"

#include <pthread.h>
#include <string.h>

static NewsQueue *queue;
static GArray *got;
static int inside;

static void observe(const News *news, gsize n, void *data)
{
	g_assert_cmpint(
		__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST), ==, 0);
	for (gsize i = 0; i < n; i++)
		g_array_append_val(got, news[i].number);
	g_usleep(10); /* sleeps: so long that deliveries meet */
	/* A delivery within a delivery is left to the one going on. */
	if (news[0].number == 1000000) {
		News more = {.number = 1000001};

		news_push(queue, &more, 1);
		news_deliver(queue);
	}
	__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
}

static void begin(void)
{
	got = g_array_new(FALSE, FALSE, sizeof(guint32));
	queue = news_new(observe, NULL);
}

static void end(void)
{
	g_array_unref(got);
	news_free(queue);
}

static void *push_many(void *data)
{
	guint32 from = GPOINTER_TO_UINT(data);

	for (guint32 i = 0; i < 2000; i++) {
		News news = {.number = from + i};

		news_push(queue, &news, 1);
		news_deliver(queue);
	}
	return NULL;
}

static void one_delivery_at_a_time_and_none_lost(void)
{
	pthread_t threads[4];
	guint32 last[4] = {0};

	begin();
	for (guint i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, push_many,
			GUINT_TO_POINTER(i * 10000 + 1));
	for (guint i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	news_deliver(queue);
	g_assert_cmpuint(got->len, ==, 8000);
	for (guint i = 0; i < got->len; i++) {
		guint32 number = g_array_index(got, guint32, i);

		/* Each thread's own are in order. */
		g_assert_cmpuint(number, >, last[number / 10000]);
		last[number / 10000] = number;
	}
	end();
}

static void what_is_pushed_while_telling_is_told_after(void)
{
	News news = {.number = 1000000};

	begin();
	news_push(queue, &news, 1);
	news_deliver(queue);
	g_assert_cmpuint(got->len, ==, 2);
	g_assert_cmpuint(g_array_index(got, guint32, 1), ==, 1000001);
	end();
}

static GString *told;

static void note_names(const News *news, gsize n, void *data)
{
	for (gsize i = 0; i < n; i++)
		g_string_append_printf(
			told, "%s ", news[i].name != NULL ? news[i].name : "-");
}

static void names_are_kept_until_they_are_told(void)
{
	char name[8];
	News news = {.number = 5, .name = name};
	const News nameless = {.number = 6};

	told = g_string_new(NULL);
	queue = news_new(note_names, NULL);
	for (guint round = 0; round < 2; round++) {
		for (guint i = 0; i < 3; i++) {
			g_snprintf(name, sizeof(name), "n-%u", i);
			news_push(queue, &news, 1);
			news_push(queue, &nameless, 1);
		}
		memset(name, 'x', sizeof(name) - 1);
		news_deliver(queue);
	}
	g_assert_cmpstr(told->str, ==, "n-0 - n-1 - n-2 - n-0 - n-1 - n-2 - ");
	/* What is never told is freed all the same. */
	news_push(queue, &news, 1);
	news_free(queue);
	g_string_free(told, TRUE);
}

static void nothing_is_told_after_the_end(void)
{
	News news = {.number = 5};

	begin();
	news_push(queue, &news, 1);
	news_stop(queue);
	news_deliver(queue);
	news_push(queue, &news, 1);
	news_deliver(queue);
	g_assert_cmpuint(got->len, ==, 0);
	end();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/news/one_delivery_at_a_time_and_none_lost",
		one_delivery_at_a_time_and_none_lost);
	g_test_add_func("/news/what_is_pushed_while_telling_is_told_after",
		what_is_pushed_while_telling_is_told_after);
	g_test_add_func("/news/names_are_kept_until_they_are_told",
		names_are_kept_until_they_are_told);
	g_test_add_func("/news/nothing_is_told_after_the_end",
		nothing_is_told_after_the_end);
	return g_test_run();
}
