#include "fs/tree/self.h"

#include <unistd.h>

#include "fs/base/log.h"
#include "fs/base/lowlevel.h"
#include "fs/base/metrics.h"
#include "fs/tree/eventlog.h"
#include "fs/version.h"

char *self_version(Daemon *daemon)
{
	return g_strdup_printf("sessionfs %s\nlibfuse %s\n", SESSIONFS_VERSION,
		fuse_pkgversion());
}

char *self_config(Daemon *daemon)
{
	return g_strdup(daemon->config);
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
