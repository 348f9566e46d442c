#include "fs/tree/self.h"

#include "fs/base/log.h"
#include "fs/base/lowlevel.h"
#include "fs/base/metrics.h"
#include "fs/base/trace.h"
#include "fs/tree/eventlog.h"
#include "fs/version.h"

char *self_version(Daemon *daemon, guint32 number)
{
	return g_strdup_printf("sessionfs %s\nlibfuse %s\n", SESSIONFS_VERSION,
		fuse_pkgversion());
}

char *self_config(Daemon *daemon, guint32 number)
{
	return g_strdup(daemon->config);
}

char *self_metrics(Daemon *daemon, guint32 number)
{
	GString *out = g_string_new(NULL);

	metrics_print(daemon->metrics, out);
	eventlog_metrics(daemon->eventlog, out);
	cache_metrics(daemon->cache, out);
	return g_string_free(out, FALSE);
}

char *self_log(Daemon *daemon, guint32 number)
{
	return log_text();
}

char *self_trace(Daemon *daemon, guint32 number)
{
	return trace_text(daemon->trace, TRACE_FUSE);
}

gsize self_trace_size(const Daemon *daemon)
{
	return trace_size(daemon->trace, TRACE_FUSE);
}

char *self_calls(Daemon *daemon, guint32 number)
{
	return trace_text(daemon->trace, TRACE_API);
}

gsize self_calls_size(const Daemon *daemon)
{
	return trace_size(daemon->trace, TRACE_API);
}
