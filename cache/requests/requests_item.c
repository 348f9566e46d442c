#include "cache/requests/requests_item.h"

#define NS_PER_MS 1000000

Request *request_ref(Request *request)
{
	__atomic_add_fetch(&request->refs, 1, __ATOMIC_RELAXED);
	return request;
}

void request_unref(Request *request)
{
	if (__atomic_sub_fetch(&request->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	intent_free(request->intent);
	outcome_free(request->outcome);
	g_free(request->reserved);
	g_free(request);
}

Request *request_new(Intent *intent, Outcome *outcome)
{
	Request *request = g_new0(Request, 1);

	request->refs = 1;
	request->intent = intent;
	request->outcome = outcome;
	request->mtime_ns = outcome->changed_ms * NS_PER_MS;
	request->look_ms = request->sure_ms = G_MAXINT64;
	return request;
}

gint request_by_number(gconstpointer a, gconstpointer b)
{
	const Request *one = *(Request *const *)a, *two = *(Request *const *)b;
	guint32 m = one->intent->number, n = two->intent->number;

	return (m > n) - (m < n);
}
