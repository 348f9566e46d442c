/* Operations that are asked for, and how a worker runs them to their end. */
#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "cache/operations/operation_control.h"
#include "cache/operations/operation_create.h"
#include "cache/operations/operation_resolve.h"

/* So long after an operation a refresh is asked for as if something passed. */
#define BOOST_US (30 * G_USEC_PER_SEC)

/* ---- the run ---- */

static gboolean check(Operation *self, GError **error)
{
	Dir *dir = self->dir;

	if (dir == NULL || !dir_is_there(dir))
		return backend_error_false(error, BACKEND_ERROR_GONE,
			self->kind == OPERATION_CREATE
				? "there is no such workspace any more"
				: "there is no such session any more");
	if (dir->provider->read_only)
		return backend_error_false(error, BACKEND_ERROR_READ_ONLY,
			"writing is switched off for %s (read_only = true)",
			dir->parent->name);
	return cache_goes_on(self->cache, error);
}

static gboolean carry_out(Operation *self, GError **error)
{
	if (operation_is_dropped(self))
		return backend_error_false(error, BACKEND_ERROR_CANCELLED,
			"the caller was gone before anything was sent");
	if (!check(self, error))
		return FALSE;
	switch (self->kind) {
	case OPERATION_CREATE:
		return operation_create(self, error);
	case OPERATION_RESOLVE:
		return operation_resolve(self, error);
	case OPERATION_VERB:
		break;
	}
	return self->number != 0 ? operation_control(self, error)
				 : operation_steer(self, error);
}

/* What came of it shows soon. */
static void boost(Dir *dir)
{
	gint64 now = clock_now_us(dir->cache->clock);

	listing_boost(dir->listing, now + BOOST_US);
	__atomic_store_n(&dir->looked_us, now, __ATOMIC_RELAXED);
	scheduler_wake(dir->cache->scheduler);
}

static void run(void *data)
{
	g_autoptr(Operation) self = data;

	failpoint_hang("order");
	if (!carry_out(self, &self->error)) {
		/* Only a question went unanswered: nothing was changed, which
		 * ETIMEDOUT would leave open. */
		if (self->error->code == BACKEND_ERROR_TIMEOUT)
			self->error->code = BACKEND_ERROR_UNREACHABLE;
		g_clear_pointer(&self->answer, g_free);
		if (self->dir != NULL && !operation_is_dropped(self))
			dir_set_error(self->dir, self->what, self->error);
	}
	if (self->dir != NULL && operation_was_sent(self))
		boost(self->dir);
	news_finish(self->cache->news);
	self->done(self, self->data);
}

/* ---- giving them ---- */

static Operation *give(Operation *self)
{
	const Provider *provider =
		self->dir != NULL ? self->dir->provider : NULL;
	Pool *pool = provider != NULL ? provider->work[WORK_OPERATION]
				      : self->cache->common;

	operation_ref(self);
	/* After the end there is no worker: then it fails here and now. */
	if (!pool_push(pool, run, self))
		run(self);
	return self;
}

static Dir *workspace_around(Cache *cache, guint32 number)
{
	Dir *dir = dir_around(cache, number);

	return dir != NULL && dir->kind == DIR_WORKSPACE ? dir : NULL;
}

Operation *cache_create(Cache *cache, guint32 workspace, const char *spec,
	gsize len, gint64 deadline_us, OperationDone done, void *data)
{
	Dir *dir = dir_workspace(cache, workspace);
	Operation *self = operation_new(
		OPERATION_CREATE, dir, cache, deadline_us, done, data);
	g_autofree char *place = dir != NULL ? dir_path(dir) : g_strdup("?");

	operation_set_text(self, spec, len);
	self->what = g_strdup_printf("create in %s", place);
	return give(self);
}

Operation *cache_control(Cache *cache, guint32 number, const char *verb,
	gint64 deadline_us, OperationDone done, void *data)
{
	Dir *dir = workspace_around(cache, number);
	Operation *self = operation_new(
		OPERATION_VERB, dir, cache, deadline_us, done, data);

	if (verb != NULL)
		operation_set_text(self, verb, strlen(verb));
	if (dir != NULL && dir->number == number) {
		g_autofree char *place = dir_path(dir);

		self->what = g_strdup_printf(
			"%s of %s", verb != NULL ? verb : "rmdir", place);
	} else {
		self->number = number;
		self->what = g_strdup_printf("%s of session %u",
			verb != NULL ? verb : "rmdir", number);
	}
	return give(self);
}

Operation *cache_resolve(Cache *cache, guint32 number, const char *words,
	gint64 deadline_us, OperationDone done, void *data)
{
	Dir *dir = workspace_around(cache, number);
	Operation *self = operation_new(
		OPERATION_RESOLVE, dir, cache, deadline_us, done, data);
	g_autofree char *place = dir != NULL ? dir_path(dir) : g_strdup("?");

	operation_set_text(self, words, strlen(words));
	self->number = number;
	self->what = g_strdup_printf("%.64s in %s", words, place);
	return give(self);
}
