#include "backends/base/utc.h"

char *utc_text(gint64 seconds)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(seconds);

	return when ? g_date_time_format(when, UTC_FORMAT)
		    : g_strdup("far from now");
}

gint64 utc_ms(const char *text)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, utc);

	return when ? MAX(0, g_date_time_to_unix(when) * 1000 +
				      g_date_time_get_microsecond(when) / 1000)
		    : 0;
}
