#include "backends/dli/dli_log.h"

#include <string.h>

#include "backends/livy/livy_log.h"

#define TRACKING "tracking URL:"

static void append_lines(const Json *lines, GString *out)
{
	json_foreach (line, lines)
		if (json_text(line))
			livy_log_append_line(out, json_text(line));
}

char *dli_log_tracking(const Json *lines)
{
	g_autoptr(GString) all = g_string_new(NULL);
	const char *found;

	append_lines(lines, all);
	found = g_strrstr(all->str, TRACKING);
	if (!found)
		return NULL;
	found += strlen(TRACKING);
	found += strspn(found, " \t");
	gsize len = strcspn(found, " \t\n");
	return len > 0 ? g_strndup(found, len) : NULL;
}
