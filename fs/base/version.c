#include "fs/base/version.h"

#include "fs/base/lowlevel.h"
#include "fs/commit.h"
#include "fs/version.h"

char *version_text(void)
{
	gboolean known = *SESSIONFS_COMMIT != '\0';

	return g_strdup_printf("sessionfs %s%s%s%s\nlibfuse %s, GLib "
			       "%u.%u.%u\n",
		SESSIONFS_VERSION, known ? " (commit " : "",
		known ? SESSIONFS_COMMIT : "", known ? ")" : "",
		fuse_pkgversion(), glib_major_version, glib_minor_version,
		glib_micro_version);
}
