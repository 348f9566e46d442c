#include "backends/dli/dli_project.h"

#include <pthread.h>
#include <string.h>

#include "backends/base/thread.h"

#define PROJECT_LEN 32
#define SHUT_US G_USEC_PER_SEC

struct DliProject {
	const Clock *clock;
	char *region;
	Api *iam;
	Mutex lock;
	pthread_cond_t changed;
	/* interned, so that a call may go on with it; NULL: none */
	const char *id GUARDED_BY(lock);
	char *key GUARDED_BY(lock); /* for which it was looked up; NULL: any */
	gboolean busy GUARDED_BY(lock); /* somebody asks */
	GError *failure GUARDED_BY(lock);
	gint64 shut_us GUARDED_BY(lock); /* failure stands until then */
};

gboolean dli_project_legal(const char *id)
{
	return strlen(id) == PROJECT_LEN &&
	       strspn(id, "0123456789abcdefABCDEF") == PROJECT_LEN;
}

DliProject *dli_project_new(
	const char *id, const char *region, Api *iam, const Clock *clock)
{
	DliProject *self = g_new0(DliProject, 1);

	mutex_init(&self->lock);
	self->id = g_intern_string(id);
	self->region = g_strdup(region);
	self->iam = iam;
	self->clock = clock;
	thread_cond_init(&self->changed);
	return self;
}

void dli_project_free(DliProject *self)
{
	if (!self)
		return;
	mutex_destroy(&self->lock);
	g_clear_error(&self->failure);
	pthread_cond_destroy(&self->changed);
	g_free(self->region);
	g_free(self->key);
	g_free(self);
}

/* ---- asking ---- */

/* The name is a filter that a proxy may ignore. */
static gboolean is_regions(const DliProject *self, const Json *project)
{
	const char *name = json_get_text(project, "name", 256, self->region);

	return g_str_equal(name, self->region);
}

static char *read_projects(
	const DliProject *self, const Json *answer, GError **error)
{
	const char *found = NULL;
	guint n = 0;

	json_foreach (project, json_get(answer, "projects")) {
		const char *id = json_get_text(project, "id", 64, "");

		if (!dli_project_legal(id) || !is_regions(self, project))
			continue;
		found = id;
		n++;
	}
	if (n == 1)
		return g_strdup(found);
	return backend_error_null(error, BACKEND_ERROR_CONFIG,
		"IAM knows %s project of the name %s: set project = its id, or "
		"HUAWEICLOUD_SDK_PROJECT_ID",
		n > 1 ? "more than one" : "no", self->region);
}

static char *look_up(const DliProject *self, const Call *call, GError **error)
{
	const Call asked = {.deadline_us = call->deadline_us,
		.interactive = call->interactive};
	g_autoptr(GString) query = g_string_new(NULL);
	g_autoptr(GError) cause = NULL;

	http_query_add(query, "name", self->region);
	const ApiRequest request = {.action = "ListProjects",
		.method = "GET",
		.path = "/v3/projects",
		.query = query->str,
		.safe = TRUE};
	g_autoptr(Json) answer =
		api_call(self->iam, &request, &asked, NULL, &cause);
	if (answer)
		return read_projects(self, answer, error);
	if (cause->code == BACKEND_ERROR_TIMEOUT)
		cause->code = BACKEND_ERROR_UNREACHABLE;
	g_prefix_error(&cause, "looking up the project of %s: ", self->region);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

/* ---- one for all ---- */

static gboolean wait_changed(DliProject *self, const Call *call, GError **error)
	REQUIRES(self->lock)
{
	if (clock_wait(self->clock, &self->changed, &self->lock,
		    call->deadline_us))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_UNREACHABLE,
		"the project of %s is still being looked up", self->region);
}

/* One that was given is that of any key. */
static gboolean is_known(const DliProject *self, const char *key)
	REQUIRES(self->lock)
{
	return self->id &&
	       (!key || !self->iam || g_strcmp0(self->key, key) == 0);
}

/* TRUE: it is known, or the caller is the one to ask. */
static gboolean take_turn(DliProject *self, const char *key, const Call *call,
	GError **error) REQUIRES(self->lock)
{
	while (!is_known(self, key)) {
		if (self->failure &&
			clock_now_us(self->clock) < self->shut_us) {
			g_propagate_error(error, g_error_copy(self->failure));
			return FALSE;
		}
		if (!self->busy)
			return TRUE;
		if (!wait_changed(self, call, error))
			return FALSE;
	}
	return TRUE;
}

/* A call that was dropped, or one that found no budget, says nothing of IAM. */
static gboolean is_everybodys(const GError *failure)
{
	return failure->code != BACKEND_ERROR_CANCELLED &&
	       failure->code != BACKEND_ERROR_BUDGET;
}

/* Gives up the lock while it asks. */
static void ask(DliProject *self, const char *key, const Call *call,
	GError **error) REQUIRES(self->lock)
{
	g_autoptr(GError) cause = NULL;

	self->busy = TRUE;
	mutex_unlock(&self->lock);
	g_autofree char *id = look_up(self, call, &cause);
	mutex_lock(&self->lock);
	self->busy = FALSE;
	self->id = g_intern_string(id);
	g_free(self->key);
	self->key = g_strdup(key);
	g_clear_error(&self->failure);
	if (cause && is_everybodys(cause)) {
		self->failure = g_error_copy(cause);
		self->shut_us = clock_now_us(self->clock) + SHUT_US;
	}
	if (cause)
		g_propagate_error(error, g_steal_pointer(&cause));
	pthread_cond_broadcast(&self->changed);
}

const char *dli_project_get(
	DliProject *self, const char *key, const Call *call, GError **error)
{
	const char *id = NULL;

	mutex_lock(&self->lock);
	if (take_turn(self, key, call, error) && !is_known(self, key))
		ask(self, key, call, error);
	if (is_known(self, key))
		id = self->id;
	mutex_unlock(&self->lock);
	return id;
}

char *dli_project_of(DliProject *self, const char *key, GError **error)
{
	char *id;

	mutex_lock(&self->lock);
	id = is_known(self, key) ? g_strdup(self->id) : NULL;
	mutex_unlock(&self->lock);
	if (!id)
		backend_error_set(error, BACKEND_ERROR_UNREACHABLE,
			"the credentials have just changed: their project is "
			"looked up by the next call");
	return id;
}

const char *dli_project_peek(DliProject *self)
{
	const char *id;

	mutex_lock(&self->lock);
	id = self->id;
	mutex_unlock(&self->lock);
	return id;
}
