#pragma once

#include <glib.h>

/*
 * How long things took, as Prometheus counts it: how many took at most 100 us, 1 ms,
 * 10 ms, 50 ms, 100 ms, 250 ms, 500 ms, 1 s, 2.5 s, 5 s, 10 s, 30 s, and how many
 * there were.  No lock; any thread may add and print.  All zero is an empty one.
 */
#define HISTOGRAM_BOUNDS 12

typedef struct {
	guint64 counts[HISTOGRAM_BOUNDS + 1]; /* atomic; the last: beyond all */
	guint64 sum_us;                       /* atomic */
} Histogram;

void histogram_add(Histogram *self, gint64 took_us);
/* Appends the samples of a metric; labels: `name="value"` pairs, or "". */
void histogram_print(const Histogram *self, const char *name,
	const char *labels, GString *out);
