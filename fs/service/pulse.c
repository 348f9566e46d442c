#include "fs/service/pulse.h"

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "fs/emitter/emitter_process.h"
#include "fs/keeper/kept.h"
#include "fs/service/supervisor.h"

/* How soon a status that changed is told. */
#define STATUS_US G_USEC_PER_SEC

struct Pulse {
	Daemon *daemon;
	char *mountpoint;
	dev_t device;
	EmitterProcess *asker; /* its thread's, but for the end */
	pthread_t thread;
	/* Its thread's own. */
	gboolean silent;
	gint64 asked_us;
	char *told;

	Mutex lock;
	pthread_cond_t woken;
	gboolean stopping GUARDED_BY(lock), answered GUARDED_BY(lock),
		reloading GUARDED_BY(lock);
	/* it was told so since the last reload began */
	gboolean ready GUARDED_BY(lock);
	char *remark GUARDED_BY(lock);
};

static gboolean count_one(const Entry *entry, const char *name, void *data)
{
	++*(guint *)data;
	return TRUE;
}

/* "2 sections, 17 sessions": new string. */
static char *status_text(Pulse *self)
{
	Cache *cache = self->daemon->cache;
	guint64 sessions = cache_count(cache, 0);
	guint sections = 0;
	char *text;

	(void)cache_list(cache, 0, 0, count_one, &sections, NULL);
	mutex_lock(&self->lock);
	text = g_strdup_printf(
		"%u section%s, %" G_GUINT64_FORMAT " session%s%s%s", sections,
		sections == 1 ? "" : "s", sessions, sessions == 1 ? "" : "s",
		self->remark ? "; " : "", self->remark ? self->remark : "");
	mutex_unlock(&self->lock);
	return text;
}

static void tell_status(Pulse *self)
{
	char *text = status_text(self);

	if (!g_strcmp0(text, self->told) ||
		!supervisor_tell("STATUS=%s", text)) {
		g_free(text);
		return;
	}
	g_free(self->told);
	self->told = text;
}

/* As long as the manager's queue is full, each beat tries again. */
static void tell_ready(Pulse *self) REQUIRES(self->lock)
{
	if (self->answered && !self->ready && !self->reloading &&
		!self->stopping)
		self->ready = supervisor_tell("READY=1");
}

static gint64 period_us(void)
{
	gint64 half = supervisor_watchdog_us() / 2;

	return half > 0 ? MIN(half, STATUS_US) : STATUS_US;
}

/* Whether the loop is to be asked now: until it has answered once, and then for
 * the watchdog. */
static gboolean is_due(const Pulse *self, gint64 now_us)
{
	gint64 half = supervisor_watchdog_us() / 2;

	return !self->asked_us || self->silent || self->daemon->kept ||
	       (half > 0 && now_us - self->asked_us >= half - half / 8);
}

static void heard(Pulse *self)
{
	if (self->silent)
		g_message("the loop of FUSE answers again");
	self->silent = FALSE;
	mutex_lock(&self->lock);
	self->answered = TRUE;
	tell_ready(self);
	mutex_unlock(&self->lock);
	kept_beat(self->daemon->kept, TRUE);
	if (supervisor_watchdog_us())
		supervisor_tell("WATCHDOG=1");
}

static gboolean is_stopping(Pulse *self)
{
	gboolean stopping;

	mutex_lock(&self->lock);
	stopping = self->stopping;
	mutex_unlock(&self->lock);
	return stopping;
}

static void ask(Pulse *self, gint64 now_us)
{
	const EmitterCommand question = {
		.device = self->device, .kind = EMITTER_PROBE};

	self->asked_us = now_us;
	/* Where no process can be started nobody can ask. */
	if (!emitter_process_ready(self->asker))
		kept_beat(self->daemon->kept, TRUE);
	if (!emitter_process_do(
		    self->asker, &question, self->mountpoint, "", NULL)) {
		heard(self);
	} else if (!self->silent && !is_stopping(self)) {
		g_warning("the loop of FUSE does not answer");
		self->silent = TRUE;
	}
}

static void *pulse_run(void *data)
{
	Pulse *self = data;

	while (!is_stopping(self)) {
		gint64 now_us = clock_now_us(&clock_real);

		if (is_due(self, now_us))
			ask(self, now_us);
		if (supervisor_is_there())
			tell_status(self);
		mutex_lock(&self->lock);
		tell_ready(self);
		if (!self->stopping)
			thread_wait(&self->woken, &self->lock,
				now_us + period_us());
		mutex_unlock(&self->lock);
	}
	return NULL;
}

Pulse *pulse_start(Daemon *daemon, const char *mountpoint, dev_t device)
{
	Pulse *self;

	if (!supervisor_is_there() && !daemon->kept)
		return NULL;
	self = g_new0(Pulse, 1);
	self->daemon = daemon;
	self->mountpoint = g_strdup(mountpoint);
	self->device = device;
	self->asker = emitter_process_new(mountpoint);
	mutex_init(&self->lock);
	thread_cond_init(&self->woken);
	kept_beat(daemon->kept, TRUE);
	self->thread = thread_start("service", pulse_run, self);
	return self;
}

void pulse_remark(Pulse *self, const char *remark)
{
	if (!self)
		return;
	mutex_lock(&self->lock);
	g_free(self->remark);
	self->remark = g_strdup(remark);
	pthread_cond_signal(&self->woken);
	mutex_unlock(&self->lock);
}

void pulse_reloading(Pulse *self, gboolean reloading)
{
	if (!self)
		return;
	mutex_lock(&self->lock);
	self->reloading = reloading;
	self->ready = FALSE;
	if (reloading)
		supervisor_tell("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
			clock_now_us(&clock_real));
	tell_ready(self);
	mutex_unlock(&self->lock);
}

void pulse_stop(Pulse *self)
{
	gboolean first;

	if (!self)
		return;
	mutex_lock(&self->lock);
	first = !self->stopping;
	self->stopping = TRUE;
	pthread_cond_signal(&self->woken);
	mutex_unlock(&self->lock);
	if (!first)
		return;
	supervisor_tell("STOPPING=1");
	emitter_process_dismiss(self->asker);
	pthread_join(self->thread, NULL);
	/* An end has its own limit (overdue.h). */
	kept_beat(self->daemon->kept, FALSE);
}

void pulse_free(Pulse *self)
{
	if (!self)
		return;
	pulse_stop(self);
	pthread_cond_destroy(&self->woken);
	mutex_destroy(&self->lock);
	emitter_process_free(self->asker);
	g_free(self->mountpoint);
	g_free(self->remark);
	g_free(self->told);
	g_free(self);
}
