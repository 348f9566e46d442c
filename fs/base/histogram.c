#include "fs/base/histogram.h"

static const struct {
	gint64 us;
	const char *seconds;
} bounds[HISTOGRAM_BOUNDS] = {{100, "0.0001"}, {1000, "0.001"}, {10000, "0.01"},
	{50000, "0.05"}, {100000, "0.1"}, {250000, "0.25"}, {500000, "0.5"},
	{1000000, "1"}, {2500000, "2.5"}, {5000000, "5"}, {10000000, "10"},
	{30000000, "30"}};

void histogram_add(Histogram *self, gint64 took_us)
{
	guint i = 0;

	while (i < HISTOGRAM_BOUNDS && took_us > bounds[i].us)
		i++;
	__atomic_fetch_add(&self->counts[i], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(
		&self->sum_us, (guint64)MAX(took_us, 0), __ATOMIC_RELAXED);
}

void histogram_print(const Histogram *self, const char *name,
	const char *labels, GString *out)
{
	guint64 sum_us = __atomic_load_n(&self->sum_us, __ATOMIC_RELAXED);
	const char *comma = *labels ? "," : "";
	const char *open = *labels ? "{" : "", *close = *labels ? "}" : "";
	guint64 total = 0;

	for (guint i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		total += __atomic_load_n(&self->counts[i], __ATOMIC_RELAXED);
		g_string_append_printf(out,
			"%s_bucket{%s%sle=\"%s\"} %" G_GUINT64_FORMAT "\n",
			name, labels, comma,
			i < HISTOGRAM_BOUNDS ? bounds[i].seconds : "+Inf",
			total);
	}
	g_string_append_printf(out,
		"%s_sum%s%s%s %" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT "\n",
		name, open, labels, close, sum_us / G_USEC_PER_SEC,
		sum_us % G_USEC_PER_SEC);
	g_string_append_printf(out, "%s_count%s%s%s %" G_GUINT64_FORMAT "\n",
		name, open, labels, close, total);
}
