#include "fs/start/progress.h"

#include <stdio.h>
#include <string.h>

#include "backends/base/clock.h"
#include "backends/base/thread.h"
#include "fs/base/status_line.h"

#define LOOK_US (G_USEC_PER_SEC / 5)
#define BAR 20

struct Progress {
	Cache *cache;
	pthread_t thread;
	Mutex lock;
	pthread_cond_t woken;
	gboolean stopping GUARDED_BY(lock);
};

/* "[######              ] ", or "": of "page 12 of about 40".  New string. */
static char *bar(const char *listing)
{
	static const char first[] = "page ", second[] = " of about ";
	guint64 page, pages;
	char text[BAR + 1], *end;

	if (!g_str_has_prefix(listing, first))
		return g_strdup("");
	page = g_ascii_strtoull(listing + strlen(first), &end, 10);
	if (!g_str_has_prefix(end, second))
		return g_strdup("");
	pages = g_ascii_strtoull(end + strlen(second), NULL, 10);
	for (guint i = 0; i < BAR; i++)
		text[i] = i * pages < page * BAR ? '#' : ' ';
	text[BAR] = '\0';
	return g_strdup_printf(" [%s]", text);
}

char *progress_text(const char *path, const char *listing, guint width)
{
	g_autofree char *drawn = bar(listing);
	gsize length = strlen(path) + strlen(drawn) + strlen(listing) + 2;

	if (!*drawn || length > width)
		return g_strdup_printf("%s: %s", path, listing);
	return g_strdup_printf("%s%s %s", path, drawn, listing);
}

/* ---- in the foreground ---- */

/* FALSE: no first listing is under way. */
static gboolean draw(Cache *cache)
{
	g_autofree char *path = NULL;
	g_autofree char *listing = cache_first_listing(cache, &path);
	g_autofree char *text =
		listing ? progress_text(path, listing, status_line_width())
			: NULL;

	if (text)
		status_line_show(text);
	else
		status_line_clear();
	return text != NULL;
}

static void *progress_run(void *data)
{
	Progress *self = data;
	gboolean began = FALSE, goes_on = FALSE;

	mutex_lock(&self->lock);
	while (!self->stopping && (goes_on || !began)) {
		mutex_unlock(&self->lock);
		goes_on = draw(self->cache);
		began |= goes_on;
		mutex_lock(&self->lock);
		if (!self->stopping)
			thread_wait(&self->woken, &self->lock,
				clock_now_us(&clock_real) + LOOK_US);
	}
	mutex_unlock(&self->lock);
	status_line_clear();
	return NULL;
}

Progress *progress_start(Cache *cache)
{
	Progress *self;

	if (!status_line_can())
		return NULL;
	self = g_new0(Progress, 1);
	self->cache = cache;
	mutex_init(&self->lock);
	thread_cond_init(&self->woken);
	self->thread = thread_start("progress", progress_run, self);
	return self;
}

void progress_stop(Progress *self)
{
	if (!self)
		return;
	mutex_lock(&self->lock);
	self->stopping = TRUE;
	pthread_cond_signal(&self->woken);
	mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	pthread_cond_destroy(&self->woken);
	mutex_destroy(&self->lock);
	g_free(self);
}
