#include "cache/base/metric.h"

void metric_head(
	GString *out, const char *name, const char *type, const char *help)
{
	g_string_append_printf(
		out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

char *metric_label(const char *text)
{
	GString *out = g_string_new(NULL);

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n') {
			g_string_append(out, "\\n");
			continue;
		}
		if (*p == '"' || *p == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
	}
	return g_string_free(out, FALSE);
}
