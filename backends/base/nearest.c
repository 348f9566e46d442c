#include "backends/base/nearest.h"

#include <string.h>

#define NAME_MAX_LEN 64
#define BEGINNING_MIN 3

/* Optimal string alignment: a swap of neighbours counts as one slip. */
static guint edit_distance(const char *a, const char *b)
{
	gsize na = strlen(a), nb = strlen(b), width = nb + 1;
	g_autofree guint *d = g_new0(guint, (na + 1) * width);

	for (gsize i = 0; i <= na; i++)
		for (gsize j = 0; j <= nb; j++) {
			guint *cell = &d[i * width + j];

			if (i == 0 || j == 0) {
				*cell = i + j;
				continue;
			}
			char ca = g_ascii_tolower(a[i - 1]);
			char cb = g_ascii_tolower(b[j - 1]);
			guint change = d[(i - 1) * width + j - 1] + (ca != cb);
			guint drop = d[(i - 1) * width + j] + 1;
			guint add = d[i * width + j - 1] + 1;

			*cell = MIN(change, MIN(drop, add));
			if (i > 1 && j > 1 && ca == g_ascii_tolower(b[j - 2]) &&
				cb == g_ascii_tolower(a[i - 2]))
				*cell = MIN(
					*cell, d[(i - 2) * width + j - 2] + 1);
		}
	return d[na * width + nb];
}

/* Whether a name was begun rightly and not ended. */
static gboolean is_beginning(const char *name, gsize len, const char *known)
{
	return len >= BEGINNING_MIN &&
	       g_ascii_strncasecmp(name, known, len) == 0;
}

void nearest_try(Nearest *self, const char *candidate)
{
	gsize len = strlen(self->name), longer = MAX(len, strlen(candidate));
	guint distance;

	if (len == 0 || longer > NAME_MAX_LEN)
		return;
	distance = edit_distance(self->name, candidate);
	if (distance > MAX(1, longer / 3) &&
		!is_beginning(self->name, len, candidate))
		return;
	if (self->best && distance >= self->distance)
		return;
	self->best = candidate;
	self->distance = distance;
}

char *nearest_hint(const Nearest *self)
{
	return self->best ? g_strdup_printf("; did you mean %s?", self->best)
			  : g_strdup("");
}
