#pragma once

#include <glib.h>

/* Counts calls by action.  Thread-safe. */
typedef struct Counters Counters;

Counters *counters_new(void);
void counters_free(Counters *counters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Counters, counters_free)

/* action: static. */
void counters_add(Counters *counters, const char *action, gboolean failed);
/* Visits a copy, in the order of names. */
void counters_visit(Counters *counters,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data);
