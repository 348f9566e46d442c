#pragma once

#include <glib.h>

/*
 * Where a number is, or would be, among those that lie at `first` and every `stride`
 * bytes behind it, in ascending order: the first place that is not below it; n: all
 * are.
 */
static inline guint sorted_find(
	const guint32 *first, gsize stride, guint n, guint64 number)
{
	guint low = 0, high = n;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		const guint32 *at =
			(const guint32 *)(const void *)((const char *)first +
							middle * stride);

		if (*at < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
