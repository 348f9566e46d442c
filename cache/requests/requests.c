#include "cache/requests/requests.h"

#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "cache/base/locked.h"
#include "cache/base/log_about.h"
#include "cache/model/account.h"
#include "cache/requests/requests_aside.h"
#include "cache/requests/requests_inside.h"

/* What is over is kept so long, and no more than so many in a workspace; but what
 * made a session for an hour, since that must not be taken for another's. */
#define KEPT_MS (7 * G_GINT64_CONSTANT(24) * 3600 * 1000)
#define KEPT_MAX 500
#define KEPT_LEAST_MS (G_GINT64_CONSTANT(3600) * 1000)
/* And the clock must have said so for that long: it may have been set wrong. */
#define OLD_FOR_US (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define NS_PER_MS 1000000

/* ---- loading ---- */

static void load(Intent *intent, Outcome *outcome, void *data)
{
	Requests *self = data;
	Request *request = request_new(intent, outcome);

	mutex_is_held(&self->lock); /* nobody else knows them yet */
	self->highest = MAX(self->highest, intent->number);
	/* Such a one was never sent. */
	if (outcome->state == REQUEST_WAITING)
		outcome->state = REQUEST_FAILED;
	if (!request_state_keeps_plan(outcome->state))
		g_clear_pointer(&intent->plan, create_plan_free);
	g_ptr_array_add(requests_box_of(self, request)->list, request);
}

Requests *requests_new(Cache *cache, GError **error)
{
	g_autoptr(Journal) journal = journal_open(cache->state_dir, error);
	Requests *self;

	if (journal == NULL)
		return NULL;
	self = g_new0(Requests, 1);
	mutex_init(&self->lock);
	self->cache = cache;
	self->journal = g_steal_pointer(&journal);
	self->old_for_us = OLD_FOR_US;
	self->boxes = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, requests_box_free);
	thread_cond_init(&self->moved);
	if (journal_load(self->journal, load, self, error))
		return self;
	requests_free(self);
	return NULL;
}

void requests_free(Requests *self)
{
	if (self == NULL)
		return;
	mutex_destroy(&self->lock);
	g_hash_table_unref(self->boxes);
	journal_free(self->journal);
	pthread_cond_destroy(&self->moved);
	g_free(self);
}

guint32 requests_highest(Requests *self)
{
	return self->highest;
}

guint requests_damaged(Requests *self)
{
	return journal_damaged(self->journal);
}

void requests_stop(Requests *self)
{
	mutex_lock(&self->lock);
	self->stopped = TRUE;
	pthread_cond_broadcast(&self->moved);
	mutex_unlock(&self->lock);
}

/* ---- numbers ---- */

static gboolean give_number(
	Requests *self, Dir *dir, Intent *intent, GError **error)
{
	NodeIds *node_ids = self->cache->node_ids;

	if (intent->number != 0 && requests_number(intent->number, dir))
		return TRUE;
	return node_ids_take(node_ids, dir, &intent->number, error);
}

/* What the last run left open is looked for at once, and is not called absent before
 * the time that its write had is over: the provider may be at it until then, whoever
 * has died.  By a clock that was set back that is no longer than it took. */
static void look_after_restart(Requests *self, const Dir *dir, Request *request)
{
	const Intent *intent = request->intent;
	gint64 created_ms = self->cache->created_ns / NS_PER_MS;
	gint64 took_ms = MAX(0, intent->until_ms - intent->made_ms);
	gint64 last_ms = MIN(intent->until_ms, created_ms + took_ms);

	if (!request_is_open(request))
		return;
	request->sure_ms = last_ms + dir->provider->list_lag_ms;
	request->look_ms = MIN(last_ms, created_ms);
}

/* With the lock: those of an account that is set aside are looked at, too. */
static void prepare(Requests *self, Dir *dir, GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++) {
		Request *request = g_ptr_array_index(list, i);
		g_autoptr(GError) error = NULL;

		request->shown =
			give_number(self, dir, request->intent, &error);
		if (!request->shown)
			g_warning("the request %s cannot be shown: %s",
				request->intent->rid, error->message);
		look_after_restart(self, dir, request);
	}
	g_ptr_array_sort(list, request_by_number);
}

void requests_attach(Requests *self, Dir *dir)
{
	Box *box;

	mutex_lock(&self->lock);
	box = requests_box(self, dir->account->store, dir->id);
	prepare(self, dir, box->list);
	box->dir = dir;
	dir->requests = box;
	requests_invite(self, dir);
	mutex_unlock(&self->lock);
}

/* ---- keeping no more than needed ---- */

/* With the lock. */
static gboolean is_too_old(
	const Requests *self, Request *request, gint64 age_ms)
{
	gint64 now_us = clock_now_us(self->cache->clock);

	if (age_ms <= KEPT_MS)
		request->old_us = 0;
	else if (request->old_us == 0)
		request->old_us = now_us;
	return request->old_us != 0 &&
	       now_us - request->old_us >= self->old_for_us;
}

/* The next that need not be kept any more, taken out. */
static Request *trim_one(Requests *self, Box *box) REQUIRES(self->lock)
{
	gint64 now = clock_wall_ms(self->cache->clock);
	guint over = 0;

	for (guint i = 0; i < box->list->len; i++)
		over += request_state_is_final(
			((Request *)g_ptr_array_index(box->list, i))
				->outcome->state);
	for (guint i = 0; i < box->list->len; i++) {
		Request *request = g_ptr_array_index(box->list, i);
		gint64 age = now - request->outcome->changed_ms;
		RequestState state = request->outcome->state;
		gboolean is_reserved =
			request_state_exists(state) || state == REQUEST_ABSENT;
		gint64 least_ms = is_reserved ? KEPT_LEAST_MS : 0;

		if (request->busy || !request_state_is_final(state))
			continue;
		if (is_too_old(self, request, age) ||
			(age >= least_ms && over > KEPT_MAX)) {
			g_ptr_array_steal_index(box->list, i);
			request_came_or_went(
				self, box, request, NEWS_REQUEST_GONE);
			return request;
		}
	}
	return NULL;
}

static void trim(Requests *self, const Dir *dir)
{
	for (;;) {
		g_autoptr(Request) old = NULL;

		old = LOCKED(&self->lock, trim_one(self, dir->requests));
		if (old == NULL)
			return;
		journal_drop(self->journal, old->intent->rid);
	}
}

/* ---- the life of one ---- */

/* With the lock: that of the token, which may have made a session. */
static Request *find_token(const Box *box, const char *token)
{
	for (guint i = box->list->len; *token != '\0' && i-- > 0;) {
		Request *request = g_ptr_array_index(box->list, i);
		RequestState state = request->outcome->state;
		gboolean over = request_state_has_failed(state) ||
				state == REQUEST_ABANDONED;

		/* Its order may not have told so yet. */
		if (request->intent->verb == NULL &&
			(!over || request->busy || request->waited) &&
			g_str_equal(request->intent->token, token))
			return request;
	}
	return NULL;
}

static Request *add(Requests *self, Box *box, Intent *intent)
	REQUIRES(self->lock)
{
	Request *request = request_new(intent, outcome_new(REQUEST_WAITING));

	request->busy = request->shown = TRUE;
	request->mtime_ns = now_ns();
	g_ptr_array_add(box->list, request);
	/* Numbers are taken outside of the lock. */
	g_ptr_array_sort(box->list, request_by_number);
	request_came_or_went(self, box, request, NEWS_REQUEST_MADE);
	return request_ref(request);
}

Request *requests_begin(Requests *self, Dir *dir, Intent *intent,
	gboolean *ret_fresh, GError **error)
{
	g_autoptr(Intent) own = intent;
	Request *request;
	Box *box;

	trim(self, dir);
	own->watermark = node_ids_next(self->cache->node_ids);
	if (!give_number(self, dir, own, error))
		return NULL;
	mutex_lock(&self->lock);
	box = dir->requests;
	request = find_token(box, own->token);
	*ret_fresh = request == NULL;
	if (request != NULL)
		request_ref(request);
	else
		request = add(self, box, g_steal_pointer(&own));
	mutex_unlock(&self->lock);
	news_deliver(self->cache->news);
	return request;
}

gboolean requests_is_repeated(
	Requests *self, const Dir *dir, const Request *request)
{
	const Request *other = LOCKED(
		&self->lock, find_token(dir->requests, request->intent->token));

	return other != NULL && other != request;
}

gboolean requests_take(Requests *self, Request *request)
{
	gboolean taken;

	mutex_lock(&self->lock);
	taken = !request->busy;
	request->busy = TRUE;
	mutex_unlock(&self->lock);
	return taken;
}

gboolean requests_take_free(Requests *self, Request *request, gint64 until_us)
{
	gboolean taken, early = TRUE;

	mutex_lock(&self->lock);
	while (!self->stopped && early && (request->busy || request->waited))
		early = clock_wait(self->cache->clock, &self->moved,
			&self->lock, until_us);
	taken = !request->busy && !request->waited;
	request->busy = request->busy || taken;
	mutex_unlock(&self->lock);
	return taken;
}

void requests_release(Requests *self, Request *request)
{
	CreatePlan *plan = NULL;

	mutex_lock(&self->lock);
	request->busy = FALSE;
	g_clear_pointer(&request->reserved, g_free);
	/* It may be a mebibyte, and is sent no more. */
	if (!request_state_keeps_plan(request->outcome->state) &&
		!request->waited)
		plan = g_steal_pointer(&request->intent->plan);
	pthread_cond_broadcast(&self->moved);
	mutex_unlock(&self->lock);
	create_plan_free(plan);
}

void requests_forget(Requests *self, Request *request)
{
	Box *box;

	mutex_lock(&self->lock);
	box = requests_box_of(self, request);
	request->busy = FALSE;
	outcome_free(request->outcome);
	request->outcome = outcome_new(REQUEST_FAILED);
	if (g_ptr_array_find(box->list, request, NULL)) {
		request_came_or_went(self, box, request, NEWS_REQUEST_GONE);
		g_ptr_array_remove(box->list, request);
	}
	pthread_cond_broadcast(&self->moved);
	mutex_unlock(&self->lock);
}

static void set_outcome(Requests *self, Request *request, Outcome *outcome)
{
	mutex_lock(&self->lock);
	outcome_free(request->outcome);
	request->outcome = outcome;
	request->look_ms = G_MAXINT64;
	request->missed = 0;
	request_changed(self, request);
	mutex_unlock(&self->lock);
	news_deliver(self->cache->news);
}

/* What cannot happen is an error of this program, and told as one; what it was
 * before stays. */
static RequestStep step_of(const Request *request, RequestEvent event)
{
	RequestStep step = {request->outcome->state, FALSE};

	if (!request_step(event, request->outcome->state, &step))
		g_critical("request %s is %s: %s cannot happen to it",
			request->intent->rid,
			request_state_name(request->outcome->state),
			request_event_name(event));
	return step;
}

gboolean requests_send(Requests *self, Request *request, GError **error)
{
	const RequestStep step = step_of(request, REQUEST_EVENT_SEND);
	g_autoptr(Outcome) outcome = outcome_new(step.to);
	const Outcome *before = request->outcome;

	/* What is waiting has no file. */
	if (before->state == REQUEST_WAITING)
		before = NULL;
	if (!journal_put(
		    self->journal, request->intent, before, outcome, error))
		return FALSE;
	set_outcome(self, request, g_steal_pointer(&outcome));
	return TRUE;
}

/* One that was never sent has no file, and needs none: nothing can have come of
 * it. */
static gboolean write_outcome(Requests *self, const Request *request,
	const Outcome *outcome, gboolean lazy, GError **error)
{
	const Intent *intent = request->intent;
	RequestState before = request->outcome->state;

	if (before == REQUEST_WAITING)
		return TRUE;
	return journal_note(self->journal, intent->rid, outcome, !lazy, error);
}

/* Whether no other can have the session that the outcome tells. */
static gboolean is_reserved(
	Requests *self, const Request *request, const Outcome *outcome)
{
	const Outcome *before = request->outcome;

	return LOCKED(&self->lock,
		request->intent->verb != NULL ||
			!request_state_exists(outcome->state) ||
			g_strcmp0(request->reserved, outcome->id) == 0 ||
			(request_state_exists(before->state) &&
				g_str_equal(before->id, outcome->id)));
}

void requests_note(
	Requests *self, Request *request, RequestEvent event, Outcome *outcome)
{
	const RequestStep step = step_of(request, event);
	const Intent *intent = request->intent;
	const LogAbout about = {
		intent->provider, intent->workspace, outcome->id, intent->rid};
	g_autoptr(GError) error = NULL;

	outcome->state = step.to;
	if (!is_reserved(self, request, outcome))
		g_critical("request %s gets the session %s, which may be "
			   "another's",
			request->intent->rid, outcome->id);
	if (!write_outcome(self, request, outcome, step.lazy, &error))
		log_about(G_LOG_LEVEL_WARNING, &about,
			"the outcome of request %s (%s) cannot be kept: %s",
			intent->rid, request_state_name(outcome->state),
			error->message);
	set_outcome(self, request, outcome);
}

void requests_say(Requests *self, Request *request, RequestEvent event,
	const char *sentence)
{
	requests_note(self, request, event,
		outcome_saying(request->outcome->state, g_strdup(sentence)));
}

Outcome *requests_outcome(
	Requests *self, const Request *request, gboolean *ret_sought)
{
	Outcome *copy;

	mutex_lock(&self->lock);
	copy = outcome_copy(request->outcome);
	if (ret_sought != NULL)
		*ret_sought = request->look_ms != G_MAXINT64;
	mutex_unlock(&self->lock);
	return copy;
}

RequestState requests_state(Requests *self, const Request *request)
{
	return LOCKED(&self->lock, request->outcome->state);
}
