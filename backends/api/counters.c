#include "backends/api/counters.h"

#include <string.h>

#include "backends/base/mutex.h"

typedef struct {
	const char *action; /* static */
	guint64 calls;
	guint64 failed;
} Count;

struct Counters {
	Mutex lock;
	GArray *counts GUARDED_BY(lock); /* of Count, sorted; a handful */
};

Counters *counters_new(void)
{
	Counters *counters = g_new0(Counters, 1);

	mutex_init(&counters->lock);
	counters->counts = g_array_new(FALSE, TRUE, sizeof(Count));
	return counters;
}

void counters_free(Counters *counters)
{
	if (!counters)
		return;
	mutex_destroy(&counters->lock);
	g_array_unref(counters->counts);
	g_free(counters);
}

static Count *find(Counters *counters, const char *action)
	REQUIRES(counters->lock)
{
	Count fresh = {.action = action};
	guint i;

	for (i = 0; i < counters->counts->len; i++) {
		Count *count = &g_array_index(counters->counts, Count, i);
		int order = strcmp(count->action, action);

		if (order == 0)
			return count;
		if (order > 0)
			break;
	}
	g_array_insert_val(counters->counts, i, fresh);
	return &g_array_index(counters->counts, Count, i);
}

void counters_add(Counters *counters, const char *action, gboolean failed)
{
	Count *count;

	mutex_lock(&counters->lock);
	count = find(counters, action);
	count->calls++;
	count->failed += failed ? 1 : 0;
	mutex_unlock(&counters->lock);
}

void counters_visit(Counters *counters,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data)
{
	g_autoptr(GArray) copy = NULL;

	mutex_lock(&counters->lock);
	copy = g_array_copy(counters->counts);
	mutex_unlock(&counters->lock);
	for (guint i = 0; i < copy->len; i++) {
		const Count *count = &g_array_index(copy, Count, i);

		visit(count->action, count->calls, count->failed, data);
	}
}
