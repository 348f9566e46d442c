#include "cache/requests/requests_item.h"

#include "cache/base/refs.h"

#define NS_PER_MS 1000000

static void request_free(Request *request)
{
	intent_free(request->intent);
	outcome_free(request->outcome);
	g_free(request->reserved);
	g_free(request);
}

REFS_DEFINE(Request, request, request_free)

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
