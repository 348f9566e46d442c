#include "cache/requests/requests_aside.h"

#include "cache/base/locked.h"
#include "cache/model/account.h"
#include "cache/requests/requests_inside.h"

/* All of these are called with the lock, unless they say otherwise. */

static gboolean is_open_or_unknown(const Request *request)
{
	RequestState state = request->outcome->state;

	return state != REQUEST_WAITING && !request_state_is_final(state);
}

static gboolean is_of_section(const Box *box, const char *section)
{
	g_autofree char *own = account_section(box->store);

	return g_str_equal(own, section);
}

gboolean requests_number(guint32 number, Dir *dir)
{
	NodeIds *node_ids = dir->cache->node_ids;
	Dir *owner = node_ids_owner(node_ids, number);

	if (owner == NULL || owner == dir)
		return node_ids_claim(node_ids, number, dir);
	/* Another account of the section, or another place. */
	if (owner->provider->section != dir->provider->section ||
		owner->number == number)
		return FALSE;
	node_ids_assign(node_ids, number, dir);
	return TRUE;
}

static void tell(const Dir *dir, const Request *request, NewsKind kind)
{
	News news = {.kind = kind,
		.number = request->intent->number,
		.parent = dir->number,
		.name = request->intent->rid};

	news_push(dir->cache->news, &news, 1);
}

static GPtrArray *find_guests(Requests *self, Dir *dir) REQUIRES(self->lock)
{
	GPtrArray *out =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_unref);
	GHashTableIter at;
	gpointer value;

	g_hash_table_iter_init(&at, self->boxes);
	while (g_hash_table_iter_next(&at, NULL, &value)) {
		const Box *box = value;

		if (box == dir->requests ||
			!g_str_equal(box->workspace, dir->id) ||
			!is_of_section(box, dir->parent->id))
			continue;
		for (guint i = 0; i < box->list->len; i++) {
			Request *request = g_ptr_array_index(box->list, i);

			if (is_open_or_unknown(request) &&
				requests_number(request->intent->number, dir))
				g_ptr_array_add(out, request_ref(request));
		}
	}
	return out;
}

static void tell_of_those_not_in(
	Dir *dir, const GPtrArray *list, GPtrArray *other, NewsKind kind)
{
	for (guint i = 0; i < list->len; i++) {
		Request *request = g_ptr_array_index(list, i);

		if (g_ptr_array_find(other, request, NULL))
			continue;
		dir->requests->mtime_ns = time_after(dir->requests->mtime_ns);
		tell(dir, request, kind);
	}
}

void requests_invite(Requests *self, Dir *dir)
{
	Box *box = dir->requests;
	GPtrArray *before = box->guests;

	box->guests = find_guests(self, dir);
	tell_of_those_not_in(dir, before, box->guests, NEWS_REQUEST_GONE);
	tell_of_those_not_in(dir, box->guests, before, NEWS_REQUEST_MADE);
	g_ptr_array_unref(before);
}

/* ---- without the lock ---- */

gboolean requests_is_guest(const Dir *dir, const Request *request)
{
	return !g_str_equal(request->intent->provider, dir->account->store);
}

gboolean requests_is_left_behind(
	Requests *self, const Dir *dir, const Request *request)
{
	gboolean left;
	const Dir *own;

	mutex_lock(&self->lock);
	own = requests_box_of(self, request)->dir;
	left = own != NULL && own->provider != dir->provider &&
	       request_is_open(request);
	mutex_unlock(&self->lock);
	return left;
}

GPtrArray *requests_guests(Requests *self, const Dir *dir)
{
	return LOCKED(&self->lock,
		requests_pick(dir->requests->guests, is_open_or_unknown));
}

guint requests_aside(Requests *self, const Dir *provider)
{
	GHashTableIter at;
	gpointer value;
	guint n = 0;

	mutex_lock(&self->lock);
	g_hash_table_iter_init(&at, self->boxes);
	while (g_hash_table_iter_next(&at, NULL, &value)) {
		const Box *box = value;

		if (g_str_equal(box->store, provider->account->store) ||
			!is_of_section(box, provider->id))
			continue;
		for (guint i = 0; i < box->list->len; i++)
			n += is_open_or_unknown(
				g_ptr_array_index(box->list, i));
	}
	mutex_unlock(&self->lock);
	return n;
}

static void show_own(Requests *self, Dir *dir)
{
	const Box *box = dir->requests;

	for (guint i = 0; i < box->list->len; i++) {
		Request *request = g_ptr_array_index(box->list, i);

		if (request->shown)
			request->shown =
				requests_number(request->intent->number, dir);
	}
}

void requests_show(Requests *self, Provider *provider)
{
	Cache *cache = self->cache;

	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		Dir *dir = g_ptr_array_index(cache->dirs, i);

		if (dir->parent != provider_dir(provider))
			continue;
		mutex_lock(&self->lock);
		show_own(self, dir);
		requests_invite(self, dir);
		mutex_unlock(&self->lock);
	}
	mutex_unlock(&cache->lock);
}
