#include "fs/base/crash_out.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs/base/histogram.h"

/* What reached the file: new string. */
static char *written(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = g_malloc0((gsize)size + 1);

	g_assert_cmpint(pread(fd, text, (gsize)size, 0), ==, size);
	close(fd);
	return text;
}

static void numbers_are_whole(void)
{
	CrashOut out = {.fd = memfd_create("out", MFD_CLOEXEC)};
	static const guint8 bytes[] = {0x00, 0x9f, 0xff};
	g_autofree char *text = NULL;

	crash_out_number(&out, 0);
	crash_out_text(&out, " ");
	crash_out_number(&out, G_MININT64);
	crash_out_text(&out, " ");
	crash_out_number(&out, G_MAXINT64);
	crash_out_text(&out, " ");
	crash_out_hex(&out, G_MAXUINT64);
	crash_out_text(&out, " ");
	crash_out_bytes(&out, bytes, sizeof(bytes));
	crash_out_flush(&out);
	text = written(out.fd);
	g_assert_cmpstr(text, ==,
		"0 -9223372036854775808 9223372036854775807 "
		"0xffffffffffffffff 009fff");
}

static void a_text_may_be_longer_than_the_buffer(void)
{
	CrashOut out = {.fd = memfd_create("out", MFD_CLOEXEC)};
	g_autofree char *wanted = g_strnfill(3 * sizeof(out.text) + 7, 'x');
	g_autofree char *text = NULL;

	crash_out_text(&out, wanted);
	crash_out_flush(&out);
	text = written(out.fd);
	g_assert_cmpstr(text, ==, wanted);
}

static void what_cannot_be_written_is_dropped(void)
{
	CrashOut out = {.fd = -1};

	for (int i = 0; i < 1000; i++)
		crash_out_text(&out, "0123456789");
	crash_out_flush(&out);
	g_assert_cmpuint(out.len, ==, 0);
}

static void a_bound_belongs_to_its_bucket(void)
{
	g_autoptr(GString) out = g_string_new(NULL);
	Histogram histogram = {0};

	histogram_add(&histogram, 100);
	histogram_add(&histogram, 101);
	histogram_add(&histogram, 1000);
	histogram_add(&histogram, 31000000);
	histogram_print(&histogram, "m", "", out);
	g_assert_nonnull(strstr(out->str, "m_bucket{le=\"0.0001\"} 1\n"));
	g_assert_nonnull(strstr(out->str, "m_bucket{le=\"0.001\"} 3\n"));
	g_assert_nonnull(strstr(out->str, "m_bucket{le=\"30\"} 3\n"));
	g_assert_nonnull(strstr(out->str, "m_bucket{le=\"+Inf\"} 4\n"));
	g_assert_nonnull(strstr(out->str, "m_sum 31.001201\nm_count 4\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crash-out/numbers-are-whole", numbers_are_whole);
	g_test_add_func("/crash-out/a-text-may-be-longer-than-the-buffer",
		a_text_may_be_longer_than_the_buffer);
	g_test_add_func("/crash-out/what-cannot-be-written-is-dropped",
		what_cannot_be_written_is_dropped);
	g_test_add_func("/histogram/a-bound-belongs-to-its-bucket",
		a_bound_belongs_to_its_bucket);
	return g_test_run();
}
