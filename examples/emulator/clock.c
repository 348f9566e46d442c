#include "clock.h"

#include <time.h>

#include "backends/base/clock.h"

static gint64 real_ms(void)
{
	return clock_wall_ms(&clock_real);
}

void demo_clock_init(DemoClock *clock, gboolean manual)
{
	*clock = (DemoClock){.manual = manual, .base_ms = real_ms()};
}

gint64 demo_clock_now_ms(DemoClock *clock)
{
	gint64 offset = __atomic_load_n(&clock->offset_ms, __ATOMIC_SEQ_CST);

	return (clock->manual ? clock->base_ms : real_ms()) + offset;
}

gint64 demo_clock_wall_ms(DemoClock *clock)
{
	return real_ms() + __atomic_load_n(&clock->skew_ms, __ATOMIC_SEQ_CST);
}

void demo_clock_advance(DemoClock *clock, gint64 ms)
{
	__atomic_add_fetch(&clock->offset_ms, ms, __ATOMIC_SEQ_CST);
}

void demo_clock_set_skew(DemoClock *clock, gint64 ms)
{
	__atomic_store_n(&clock->skew_ms, ms, __ATOMIC_SEQ_CST);
}

char *demo_clock_http_date(gint64 ms)
{
	/* Spelt out, since strftime would follow the locale. */
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = ms / 1000;
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return g_strdup_printf("%.3s, %02d %.3s %d %02d:%02d:%02d GMT",
		days + tm.tm_wday * 3, tm.tm_mday, months + tm.tm_mon * 3,
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
