#pragma once

#include <glib.h>

/*
 * Which of the names that exist somebody meant who misspelt one:
 *
 *   Nearest nearest = {.name = "refesh"};
 *   for each name: nearest_try(&nearest, "refresh");
 *   nearest.best is "refresh", or NULL when none is near.
 *
 * Near is an edit distance of a third of the longer name, or a name that was begun
 * rightly.  Names over 64 bytes are near to none.  Pure, any thread.
 */
typedef struct {
	const char *name;
	const char *best; /* as it was tried */
	guint distance;   /* private */
} Nearest;

void nearest_try(Nearest *nearest, const char *candidate);

/* "; did you mean refresh?", or "": a new string. */
char *nearest_hint(const Nearest *nearest);
