#include "fs/start/reload_gone.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/log_about.h"
#include "fs/base/pending.h"
#include "fs/ops/handle.h"
#include "fs/tree/self.h"

struct SectionUse {
	Daemon *daemon;
	char *section;
	guint32 number; /* that the section had; 0: it was not there */
	/* The cache's numbers of what calls wait for, and of what is open. */
	GArray *waiting, *open;
};

/* 0: it is not shown. */
static guint32 number_of(Cache *cache, const char *section)
{
	Entry entry;

	return cache_find(cache, 0, section, &entry, NULL) == KNOWN_YES
		       ? entry.number
		       : 0;
}

static void keep_those_in(GArray *numbers, Cache *cache, const char *section)
{
	for (guint i = numbers->len; i-- > 0;) {
		const char *provider, *workspace;

		cache_place(cache, g_array_index(numbers, guint32, i),
			&provider, &workspace);
		if (g_strcmp0(provider, section))
			g_array_remove_index_fast(numbers, i);
	}
}

/* How many of them stand for nothing that is shown. */
static guint count_gone(const GArray *numbers, Cache *cache)
{
	guint n = 0;

	for (guint i = 0; i < numbers->len; i++) {
		g_autofree char *path =
			cache_path(cache, g_array_index(numbers, guint32, i));

		n += path == NULL;
	}
	return n;
}

SectionUse *section_use_of(Daemon *daemon, const char *section)
{
	SectionUse *self = g_new0(SectionUse, 1);

	self->daemon = daemon;
	self->section = g_strdup(section);
	self->number = number_of(daemon->cache, section);
	self->waiting = pending_keys(daemon->pending);
	self->open = handles_numbers(daemon->handles);
	keep_those_in(self->waiting, daemon->cache, section);
	keep_those_in(self->open, daemon->cache, section);
	return self;
}

void section_use_free(SectionUse *self)
{
	g_free(self->section);
	g_array_unref(self->waiting);
	g_array_unref(self->open);
	g_free(self);
}

static const char *reason_of(const SectionUse *self)
{
	guint32 now = number_of(self->daemon->cache, self->section);

	if (!now)
		return "the configuration does not name this section any more";
	return now == self->number
		       ? "the configuration does not name their workspace any "
			 "more"
		       : "this section speaks to another endpoint, region or "
			 "project now";
}

static char *count_text(guint n, const char *one, const char *many)
{
	return g_strdup_printf("%u %s", n, n == 1 ? one : many);
}

void section_use_tell(const SectionUse *self)
{
	const LogAbout about = {.provider = self->section};
	Cache *cache = self->daemon->cache;
	guint waiting = count_gone(self->waiting, cache);
	guint open = count_gone(self->open, cache);
	g_autofree char *calls =
		count_text(waiting, "call that waited", "calls that waited");
	g_autofree char *files = count_text(open, "open file", "open files");
	g_autofree char *when = time_text(clock_wall_ms(&clock_real));
	g_autofree char *text = NULL;

	if (number_of(cache, self->section) && !waiting && !open) {
		self_set_gone(self->section, NULL);
		return;
	}
	text = g_strdup_printf("since %s: %s; that ended %s and %s, and what "
			       "was sent is carried out",
		when, reason_of(self), calls, files);
	self_set_gone(self->section, text);
	log_about(G_LOG_LEVEL_MESSAGE, &about, "[%s] %s: %s and %s have ended",
		self->section, reason_of(self), calls, files);
}
