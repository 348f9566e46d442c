#pragma once

#include <glib.h>

/* The text format 0.0.4 of Prometheus. */

/* The two lines before the samples of a metric: all of one stand together. */
void metric_head(
	GString *out, const char *name, const char *type, const char *help);
/* A label's value, in which backslash, quote and newline are escaped: new string. */
char *metric_label(const char *text);
