#include "fs/tree/self.h"

#include <string.h>
#include <unistd.h>

#include "backends/base/mutex.h"
#include "fs/base/log.h"
#include "fs/base/metrics.h"
#include "fs/base/version.h"
#include "fs/keeper/keeper.h"
#include "fs/tree/eventlog.h"
#include "fs/version.h"

char *self_version(Daemon *daemon)
{
	return version_text();
}

static struct {
	Mutex lock;
	char *text GUARDED_BY(lock);
} config = {.lock = MUTEX_INIT};

void self_set_config(char *text)
{
	mutex_lock(&config.lock);
	g_free(config.text);
	config.text = text;
	mutex_unlock(&config.lock);
}

char *self_config(Daemon *daemon)
{
	char *text;

	mutex_lock(&config.lock);
	text = g_strdup(config.text);
	mutex_unlock(&config.lock);
	return text;
}

char *self_metrics(Daemon *daemon)
{
	GString *out = g_string_new(NULL);

	metrics_print(daemon->metrics, out);
	eventlog_metrics(daemon->eventlog, out);
	cache_metrics(daemon->cache, out);
	return g_string_free(out, FALSE);
}

char *self_log(Daemon *daemon)
{
	return log_text();
}

char *self_crash(Daemon *daemon)
{
	g_autofree char *text = NULL;

	if (!daemon->crash)
		return g_strdup("");
	if (!g_file_get_contents(daemon->crash, &text, NULL, NULL))
		text = g_strdup("");
	return g_strdup_printf("file: %s\n%s", daemon->crash, text);
}

#define GONE_MAX 32

typedef struct {
	char *section, *text;
} Gone;

static struct {
	Mutex lock;
	GQueue list GUARDED_BY(lock); /* Gone *, the last one first */
} gone = {.lock = MUTEX_INIT};

static void gone_free(Gone *one)
{
	g_free(one->section);
	g_free(one->text);
	g_free(one);
}

static void gone_remove(const char *section) REQUIRES(gone.lock)
{
	for (GList *at = gone.list.head; at; at = at->next) {
		Gone *one = at->data;

		if (strcmp(one->section, section))
			continue;
		g_queue_delete_link(&gone.list, at);
		gone_free(one);
		return;
	}
}

void self_set_gone(const char *section, const char *text)
{
	Gone *one;

	mutex_lock(&gone.lock);
	gone_remove(section);
	if (text) {
		one = g_new0(Gone, 1);
		one->section = g_strdup(section);
		one->text = g_strdup(text);
		g_queue_push_head(&gone.list, one);
	}
	if (gone.list.length > GONE_MAX)
		gone_free(g_queue_pop_tail(&gone.list));
	mutex_unlock(&gone.lock);
}

static void append_gone(GString *out)
{
	mutex_lock(&gone.lock);
	for (GList *at = gone.list.head; at; at = at->next) {
		const Gone *one = at->data;

		g_string_append_printf(
			out, "gone [%s]: %s\n", one->section, one->text);
	}
	mutex_unlock(&gone.lock);
}

char *self_status(Daemon *daemon)
{
	g_autofree char *all = cache_overview(daemon->cache);
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "version: %s\npid: %d\n", SESSIONFS_VERSION,
		(int)daemon->owner);
	if (daemon->owner != getpid())
		g_string_append_printf(out, "worker: %d\n", (int)getpid());
	if (keeper_address())
		g_string_append_printf(out, "keeper: %s\n", keeper_address());
	append_gone(out);
	g_string_append_printf(out, "\n%s", all);
	return g_string_free(out, FALSE);
}
