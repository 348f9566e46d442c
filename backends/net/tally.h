#pragma once

#include <glib.h>

/* Counts calls by action.  Thread-safe. */
typedef struct Tally Tally;

Tally *tally_new(void);
void tally_free(Tally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tally, tally_free)

void tally_add(Tally *tally, const char *action, gboolean failed);
/* Visits a copy, in the order of names. */
void tally_visit(Tally *tally,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
