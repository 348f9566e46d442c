/* How requests are looked for, waited for and listed. */
#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "cache/base/locked.h"
#include "cache/requests/requests.h"
#include "cache/requests/requests_inside.h"

/* Records tell whole seconds at times. */
#define GRAIN_MS 2000

/* ---- looking ---- */

void requests_look(Requests *self, Request *request, gint64 look_ms,
	gint64 sure_ms, gboolean waited)
{
	mutex_lock(&self->lock);
	request->look_ms = look_ms;
	request->sure_ms = sure_ms;
	request->waited = waited;
	request_changed(self, request);
	mutex_unlock(&self->lock);
	news_deliver(self->cache->news);
}

void requests_look_again(Requests *self, Request *request, gint64 look_ms)
{
	mutex_lock(&self->lock);
	request->look_ms = look_ms;
	mutex_unlock(&self->lock);
}

void requests_renew(
	Requests *self, Request *request, CreatePlan *plan, gint64 left_ms)
{
	guint32 watermark = node_ids_next(self->cache->node_ids);
	Intent *intent = request->intent;

	mutex_lock(&self->lock);
	intent->made_ms = clock_wall_ms(self->cache->clock);
	intent->until_ms = intent->made_ms + left_ms;
	intent->watermark = request->judged = watermark;
	mutex_unlock(&self->lock);
	requests_replan(self, request, plan);
}

void requests_replan(Requests *self, Request *request, CreatePlan *plan)
{
	CreatePlan *old;

	mutex_lock(&self->lock);
	old = request->intent->plan;
	request->intent->plan = plan;
	mutex_unlock(&self->lock);
	create_plan_free(old);
}

char *requests_rival(Requests *self, const Request *request)
{
	const CreatePlan *plan;
	RequestState state;
	char *name = NULL;

	mutex_lock(&self->lock);
	plan = request->intent->plan;
	state = request->outcome->state;
	if (plan != NULL && (state == REQUEST_SENT || state == REQUEST_UNKNOWN))
		name = g_strdup(plan->name);
	mutex_unlock(&self->lock);
	return name;
}

gboolean requests_may_turn(Requests *self, const Dir *dir)
{
	gboolean may = FALSE;
	const Box *box;

	mutex_lock(&self->lock);
	box = dir->requests;
	for (guint i = 0; i < box->list->len && !may; i++) {
		const Request *request = g_ptr_array_index(box->list, i);
		const CreatePlan *plan = request->intent->plan;
		RequestState state = request->outcome->state;

		may = plan != NULL &&
		      (state == REQUEST_ABSENT ||
			      (state == REQUEST_UNKNOWN && plan->unique));
	}
	mutex_unlock(&self->lock);
	return may;
}

/* An id may be another session's by now.  Numbers tell that only where ids come
 * again: another number alone may come of an index that was lost. */
static gboolean is_another(
	const Dir *dir, const Outcome *outcome, const MadeSession *made)
{
	if (made->created_ms > outcome->changed_ms + GRAIN_MS)
		return TRUE;
	return dir_class(dir)->is_other != NULL && outcome->session != 0 &&
	       made->number != 0 && outcome->session != made->number;
}

/* With the lock. */
static gboolean holds(
	const Dir *dir, const Request *request, const MadeSession *made)
{
	const Outcome *outcome = request->outcome;

	if (request->intent->verb != NULL)
		return FALSE;
	if (request->reserved != NULL)
		return g_str_equal(request->reserved, made->id);
	return request_state_exists(outcome->state) &&
	       g_str_equal(outcome->id, made->id) &&
	       !is_another(dir, outcome, made);
}

/* With the lock; NULL: nobody else has it. */
static Request *find_holder(
	const Dir *dir, const Request *request, const MadeSession *made)
{
	const Box *box = dir->requests;

	for (guint i = 0; i < box->list->len; i++) {
		Request *other = g_ptr_array_index(box->list, i);

		if (other != request && holds(dir, other, made))
			return other;
	}
	return NULL;
}

gboolean requests_reserve(Requests *self, const Dir *dir, Request *request,
	const MadeSession *made, Request **ret_holder)
{
	Request *holder;

	mutex_lock(&self->lock);
	holder = find_holder(dir, request, made);
	if (holder == NULL && request != NULL) {
		g_free(request->reserved);
		request->reserved = g_strdup(made->id);
	}
	if (holder != NULL && ret_holder != NULL)
		*ret_holder = request_ref(holder);
	mutex_unlock(&self->lock);
	return holder == NULL;
}

gint64 requests_sure_ms(Requests *self, const Request *request)
{
	return LOCKED(&self->lock, request->sure_ms);
}

void requests_resume(Requests *self, Request *request)
{
	mutex_lock(&self->lock);
	request->waited = FALSE;
	while (request->busy)
		clock_wait(self->cache->clock, &self->moved, &self->lock,
			G_MAXINT64);
	request->busy = TRUE;
	mutex_unlock(&self->lock);
}

gboolean requests_is_waited(Requests *self, const Request *request)
{
	return LOCKED(&self->lock, request->waited);
}

gboolean requests_wait(
	Requests *self, Request *request, RequestState state, gint64 until_us)
{
	gboolean moved, early = TRUE;

	mutex_lock(&self->lock);
	while (!self->stopped && early &&
		(request->busy || request->outcome->state == state))
		early = clock_wait(self->cache->clock, &self->moved,
			&self->lock, until_us);
	moved = !request->busy && request->outcome->state != state;
	mutex_unlock(&self->lock);
	return moved;
}

gint64 requests_look_ms(Requests *self, const Dir *dir)
{
	gint64 earliest = G_MAXINT64;
	const Box *box;

	mutex_lock(&self->lock);
	box = dir->requests;
	for (guint i = 0; i < box->list->len; i++) {
		const Request *request = g_ptr_array_index(box->list, i);

		/* One that could not be shown is not looked at, either. */
		if (request->shown && !request->busy &&
			request_is_open(request))
			earliest = MIN(earliest, request->look_ms);
	}
	mutex_unlock(&self->lock);
	return earliest;
}

static gboolean is_shown(const Request *request)
{
	return request->shown;
}

GPtrArray *requests_of(Requests *self, const Dir *dir)
{
	return LOCKED(
		&self->lock, requests_pick(dir->requests->list, is_shown));
}

gboolean requests_seek(Requests *self, const Dir *dir, gint64 created_ms)
{
	gboolean sought = FALSE;
	gint64 ahead_ms, latest_ms;
	const Box *box;
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);

	(void)backend_clock(backend, &ahead_ms);
	latest_ms = created_ms + MAX(0, -ahead_ms) + CLOCKS_DIFFER_MS;
	mutex_lock(&self->lock);
	box = dir->requests;
	for (guint i = 0; i < box->list->len && !sought; i++) {
		const Request *request = g_ptr_array_index(box->list, i);

		sought = request_is_open(request) &&
			 (created_ms == 0 ||
				 latest_ms >= request->intent->made_ms);
	}
	mutex_unlock(&self->lock);
	return sought;
}

gint64 requests_made_ms(Requests *self, const Dir *dir, guint32 session)
{
	gint64 made_ms = 0;
	const Box *box;

	mutex_lock(&self->lock);
	box = dir->requests;
	for (guint i = box->list->len; i-- > 0 && made_ms == 0;) {
		const Request *request = g_ptr_array_index(box->list, i);

		if (request->outcome->session == session &&
			request->intent->verb == NULL)
			made_ms = request->intent->made_ms;
	}
	mutex_unlock(&self->lock);
	return made_ms;
}

/* ---- what the tree shows ---- */

/* With the lock; a new reference or NULL. */
static Request *find(
	const GPtrArray *list, guint32 number, const char *rid, gboolean guests)
{
	for (guint i = 0; i < list->len; i++) {
		Request *request = g_ptr_array_index(list, i);
		const Intent *intent = request->intent;

		if ((request->shown || guests) &&
			(rid != NULL ? g_str_equal(intent->rid, rid)
				     : intent->number == number))
			return request_ref(request);
	}
	return NULL;
}

Request *requests_get(
	Requests *self, const Dir *dir, guint32 number, const char *rid)
{
	const Box *box;
	Request *found;

	mutex_lock(&self->lock);
	box = dir->requests;
	found = find(box->list, number, rid, FALSE);
	if (found == NULL)
		found = find(box->guests, number, rid, TRUE);
	mutex_unlock(&self->lock);
	return found;
}

gint64 requests_mtime_ns(Requests *self, const Dir *dir, const Request *request)
{
	return LOCKED(&self->lock,
		request != NULL ? request->mtime_ns : dir->requests->mtime_ns);
}
