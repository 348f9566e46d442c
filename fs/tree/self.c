#include "fs/tree/self.h"

#include <unistd.h>

#include "backends/base/mutex.h"
#include "fs/base/log.h"
#include "fs/base/metrics.h"
#include "fs/base/version.h"
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

char *self_status(Daemon *daemon)
{
	g_autofree char *all = cache_overview(daemon->cache);

	return g_strdup_printf("version: %s\npid: %d\n\n%s", SESSIONFS_VERSION,
		(int)getpid(), all);
}
