#include "backends/base/utc.h"

static void times_are_read_with_any_fraction(void)
{
	static const struct {
		const char *text;
		gint64 ms;
	} rows[] = {
		{"2024-09-01T06:23:01Z", 1725171781000},
		{"2024-09-01T06:23:01.5Z", 1725171781500},
		{"2024-09-01T06:23:01.123Z", 1725171781123},
		{"2024-09-01T06:23:01.123456Z", 1725171781123},
		{"2024-09-01T06:23:01.123456789Z", 1725171781123},
		{"2024-09-01T08:23:01.000+02:00", 1725171781000},
		{"2024-09-01T06:23:01", 1725171781000},
		{"1969-12-31T23:59:59Z", 0},
		{"2024-13-01T06:23:01Z", 0},
		{"2024-09-01T06:23:01.Z", 0},
		{"soon", 0},
		{"", 0},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(utc_ms(rows[i].text), ==, rows[i].ms);
}

static void times_are_written_to_the_second(void)
{
	g_autofree char *text = utc_text(784111777);
	g_autofree char *far = utc_text(G_MAXINT64 / 2);

	g_assert_cmpstr(text, ==, "1994-11-06T08:49:37Z");
	g_assert_cmpstr(far, ==, "far from now");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/utc/read", times_are_read_with_any_fraction);
	g_test_add_func("/utc/written", times_are_written_to_the_second);
	return g_test_run();
}
