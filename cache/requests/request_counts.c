#include "cache/requests/request_counts.h"

#include "cache/requests/requests_aside.h"

void request_counts_add(Dir *dir, guint counts[N_REQUEST_WORDS])
{
	Requests *requests = dir->cache->requests;
	g_autoptr(GPtrArray) list = requests_of(requests, dir);
	g_autoptr(GPtrArray) guests = requests_guests(requests, dir);

	counts[REQUEST_UNKNOWN] += guests->len;
	for (guint i = 0; i < list->len; i++) {
		RequestState state =
			requests_state(requests, g_ptr_array_index(list, i));

		counts[state == REQUEST_ABSENT ? REQUEST_FAILED : state]++;
	}
}

gboolean request_counts_open(RequestState state)
{
	return state != REQUEST_UNKNOWN && !request_state_is_final(state);
}
