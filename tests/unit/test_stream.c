#include "cache/model/stream.h"

#include <string.h>

static char *all_of(Stream *stream)
{
	g_autoptr(GBytes) bytes = stream_read(stream, 0, G_MAXSIZE);
	gsize len;
	const char *text = g_bytes_get_data(bytes, &len);

	g_assert_cmpuint(len, ==, stream_size(stream));
	return g_strndup(text, len);
}

static gboolean put(Stream *stream, const char *window)
{
	return stream_put(stream, window, strlen(window));
}

#define GAP "[sessionfs: lines are missing here]\n"
#define ERR "\x1d-stderr\n"
#define OUT "\x1d-stdout\n"
#define YARN "\x1d=YARN Diagnostics\n"

static void windows_are_laid_over_each_other(void)
{
	/* One after the other, and what is there after the last. */
	static const char *const rows[][5] = {
		{"a\n", ERR "a\n"},
		{"a\nb\nc\n", ERR "a\nb\n", ERR "a\nb\nc\n"},
		{"a\nb\nc\nd\n", ERR "a\nb\nc\n", ERR "b\nc\nd\n"},
		{"a\nb\nc\n", ERR "a\nb\nc\n", ERR "b\nc\n"},
		/* Nothing in common. */
		{"a\nb\n" GAP "x\ny\n", ERR "a\nb\n", ERR "x\ny\n"},
		{"a\nb\n" GAP "x\ny\nz\n", ERR "a\nb\n", ERR "x\ny\n",
			ERR "y\nz\n"},
		/* In common by chance. */
		{"a\n\tat x\n" GAP "\tat x\nb\n", ERR "a\n\tat x\n",
			ERR "\tat x\nb\n"},
		{"\tat x\nb\n", ERR "\tat x\n", ERR "\tat x\nb\n"},
		/* Many alike: the most that fits. */
		{"x\nx\nx\ny\n", ERR "x\nx\nx\n", ERR "x\nx\ny\n"},
		{"a\nb\na\nb\nc\n", ERR "a\nb\na\nb\n", ERR "a\nb\nc\n"},
		/* A server that has forgotten. */
		{"a\nb\nc\n", ERR "a\nb\n", ERR, ERR "b\nc\n"},
		{"a\nb\nc\n", ERR "a\nb\n", "", ERR "b\nc\n"},
		/* Sections grow by themselves. */
		{"o\na\np\nb\n", OUT "o\n" ERR "a\n",
			OUT "o\np\n" ERR "a\nb\n"},
		{"a\no\nb\n", OUT ERR "a\n", OUT "o\n" ERR "a\nb\n"},
		{"stdout:\nstderr:\na\nb\n", "\x1d+stdout\n\x1d+stderr\na\n",
			ERR "a\nb\n"},
		/* Texts are others. */
		{"a\nYARN Diagnostics:\nwaits\n", ERR "a\n" YARN,
			ERR "a\n" YARN "waits\n", YARN "waits\n"},
		{"YARN Diagnostics:\nwaits\nfor x\n", YARN "waits\n",
			YARN "waits\nfor x\n"},
		{"YARN Diagnostics:\nwaits\nYARN Diagnostics:\nkilled\n",
			YARN "waits\n", YARN "killed\n"},
		/* What is none. */
		{"", "a\n"},
		{"", "\x1d"},
		{"", "\x1d-"},
		{"", "\x1d-stderr"},
		{"a", ERR "a"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		Stream *stream = stream_new();
		g_autofree char *before = g_strdup("");

		g_test_message("row %u", (guint)i);
		for (guint k = 1; k < 5 && rows[i][k]; k++) {
			gsize size = stream_size(stream);
			gboolean grown = put(stream, rows[i][k]);
			g_autofree char *now = all_of(stream);

			/* What was read stays. */
			g_assert_true(g_str_has_prefix(now, before));
			g_assert_cmpint(grown, ==, stream_size(stream) > size);
			g_free(before);
			before = g_steal_pointer(&now);
		}
		g_assert_cmpstr(before, ==, rows[i][0]);
		stream_unref(stream);
	}
}

/* A server that keeps the last lines, and one that is asked at any time. */
static void a_stream_is_what_was_written(void)
{
	for (guint round = 0; round < 100; round++) {
		Stream *stream = stream_new();
		g_autoptr(GString) written = g_string_new(NULL);
		g_autofree char *read = NULL;
		guint n = 0;

		while (n < 500) {
			guint more = (guint)g_test_rand_int_range(0, 50);
			g_autoptr(GString) window = g_string_new(ERR);

			for (guint i = 0; i < more; i++)
				g_string_append_printf(
					written, "line %u\n", n + i);
			n += more;
			for (guint i = n > 60 ? n - 60 : 0; i < n; i++)
				g_string_append_printf(window, "line %u\n", i);
			put(stream, window->str);
		}
		read = all_of(stream);
		g_assert_cmpstr(read, ==, written->str);
		stream_unref(stream);
	}
}

static void what_is_not_kept_still_counts(void)
{
	Stream *stream = stream_new();
	g_autoptr(GString) window = g_string_new(ERR);
	g_autofree char *text = NULL;
	g_autofree char *line = g_strnfill(99, 'x');
	gsize size;

	for (guint i = 0; i < 200; i++)
		g_string_append_printf(window, "%04u%s\n", i, line + 4);
	put(stream, window->str);
	size = stream_size(stream);
	g_assert_cmpuint(size, ==, 20000);
	stream_trim(stream, 16000);
	g_assert_cmpuint(stream_kept(stream), ==, 20000);
	stream_trim(stream, 1000);
	g_assert_cmpuint(stream_kept(stream), <=, 1000);
	g_assert_cmpuint(stream_size(stream), ==, size);
	text = all_of(stream);
	g_assert_true(g_str_has_prefix(
		text, "[sessionfs: older lines are not kept any more]\n\n\n"));
	g_assert_true(g_str_has_suffix(text, window->str + window->len - 900));
	for (gsize at = 0; at < size; at += 777) {
		g_autoptr(GBytes) part = stream_read(stream, at, 1000);

		g_assert_cmpmem(g_bytes_get_data(part, NULL),
			g_bytes_get_size(part), text + at,
			MIN(1000, size - at));
	}
	/* It goes on where it was. */
	put(stream, ERR);
	g_assert_cmpuint(stream_size(stream), ==, size);
	g_string_append(window, "more\n");
	g_assert_true(put(stream, window->str));
	g_assert_cmpuint(stream_size(stream), ==, size + 5);
	stream_unref(stream);
}

static void a_hostile_window_costs_no_more_than_it_should(void)
{
	Stream *stream = stream_new();
	g_autoptr(GString) window = g_string_new(NULL);
	gint64 begun = g_get_monotonic_time();

	for (guint i = 0; i < 1000; i++)
		g_string_append_printf(window, "\x1d=section %u\nx\n", i);
	for (guint i = 0; i < 100000; i++)
		g_string_append(window, i % 3 ? "x\n" : "\n");
	for (guint i = 0; i < 10; i++) {
		put(stream, window->str);
		stream_trim(stream, 100000);
		g_string_append_printf(window, "%u\n", i);
	}
	g_assert_cmpuint(stream_kept(stream), <=, 125000);
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 20 * G_USEC_PER_SEC);
	stream_unref(stream);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/stream/" #test, test)
	ADD(windows_are_laid_over_each_other);
	ADD(a_stream_is_what_was_written);
	ADD(what_is_not_kept_still_counts);
	ADD(a_hostile_window_costs_no_more_than_it_should);
	return g_test_run();
}
