#include "cache/base/log_about.h"

const char *const log_about_fields[] = {
	"PROVIDER", "WORKSPACE", "SESSION", "REQUEST_ID", NULL};

void log_about(
	GLogLevelFlags level, const LogAbout *about, const char *format, ...)
{
	const char *values[] = {about->provider, about->workspace,
		about->session, about->request_id};
	g_autofree char *message = NULL;
	GLogField fields[G_N_ELEMENTS(values) + 1];
	gsize n = 1;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	fields[0] = (GLogField){"MESSAGE", message, -1};
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
		if (values[i] != NULL)
			fields[n++] =
				(GLogField){log_about_fields[i], values[i], -1};
	g_log_structured_array(level, fields, n);
}
