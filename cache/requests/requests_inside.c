#include "cache/requests/requests_inside.h"

void requests_box_free(gpointer data)
{
	Box *box = data;

	g_ptr_array_unref(box->list);
	g_ptr_array_unref(box->guests);
	g_free(box->store);
	g_free(box->workspace);
	g_free(box);
}

GPtrArray *requests_pick(
	const GPtrArray *list, gboolean (*fits)(const Request *request))
{
	GPtrArray *out =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_unref);

	for (guint i = 0; i < list->len; i++)
		if (fits(list->pdata[i]))
			g_ptr_array_add(out, request_ref(list->pdata[i]));
	return out;
}

/* A section's name has no slash in it, so that the key is clear. */
Box *requests_box(Requests *self, const char *provider, const char *workspace)
{
	g_autofree char *key = g_strdup_printf("%s/%s", provider, workspace);
	Box *box = g_hash_table_lookup(self->boxes, key);

	if (box != NULL)
		return box;
	box = g_new0(Box, 1);
	box->list =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_unref);
	box->guests =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_unref);
	box->store = g_strdup(provider);
	box->workspace = g_strdup(workspace);
	box->mtime_ns = self->cache->created_ns;
	g_hash_table_insert(self->boxes, g_steal_pointer(&key), box);
	return box;
}

Box *requests_box_of(Requests *self, const Request *request)
{
	return requests_box(
		self, request->intent->provider, request->intent->workspace);
}

static void tell(
	Requests *self, const Box *box, const Request *request, NewsKind kind)
{
	News news = {.kind = kind,
		.number = request->intent->number,
		.name = request->intent->rid};

	if (!request->shown || box->dir == NULL)
		return;
	news.parent = box->dir->number;
	news_push(self->cache->news, &news, 1);
}

void request_changed(Requests *self, Request *request)
{
	request->mtime_ns = time_after(request->mtime_ns);
	tell(self, requests_box_of(self, request), request, NEWS_REQUEST);
	pthread_cond_broadcast(&self->moved);
}

void request_came_or_went(
	Requests *self, Box *box, const Request *request, NewsKind kind)
{
	box->mtime_ns = time_after(box->mtime_ns);
	tell(self, box, request, kind);
}
