#include <errno.h>
#include <unistd.h>

#include "cache/merge/apply.h"
#include "cache/base/locked.h"
#include "cache/store/disk_compact.h"

static gboolean sync_file(const Dir *dir, int file)
{
	gboolean ok = file >= 0 && fdatasync(file) == 0;

	if (!ok)
		g_warning("%s: %s", dir->name, g_strerror(errno));
	if (file >= 0)
		close(file);
	return ok;
}

/* Waits for the medium outside of the lock: an operation must not wait too. */
static void sync_files(Dir *dir)
{
	int files[2] = {-1, -1};
	gboolean ok = TRUE;
	guint64 commits = LOCKED(&dir->apply, disk_share(dir->disk, files));

	if (files[0] < 0 && files[1] < 0)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		ok = sync_file(dir, files[i]) && ok;
	if (!ok)
		return;
	mutex_lock(&dir->apply);
	disk_shared_synced(dir->disk, commits);
	mutex_unlock(&dir->apply);
}

static DiskCompact *compact_begin(Dir *dir)
{
	DiskCompact *compact = NULL;

	mutex_lock(&dir->apply);
	if (!dir->compacting && disk_wants_compact(dir->disk,
					clock_now_us(dir->cache->clock))) {
		compact = disk_compact_begin(dir->disk, dir_shown(dir),
			dir->cache->state_names, &dir->cache->stopping);
		dir->compacting = TRUE;
	}
	mutex_unlock(&dir->apply);
	return compact;
}

static gboolean compact_end(Dir *dir, DiskCompact *compact, GError **error)
	REQUIRES(dir->apply)
{
	g_autoptr(GArray) rows = NULL;
	Snapshot *old = dir_shown(dir), *empty;
	DiskState state = {.shown = old,
		.ids = dir_ids(dir),
		.complete_ms = dir->recorded_ms,
		.last = dir_last_number(dir)};

	if (!disk_compact_end(compact, dir->disk, &state, &rows, error))
		return FALSE;
	empty = snapshot_new(old->mtime_ns, NULL);
	dir_show(dir,
		snapshot_apply(empty, (const Row *)(void *)rows->data,
			rows->len, NULL, 0, old->mtime_ns, dir->disk->store));
	snapshot_unref(empty);
	return TRUE;
}

static void compact(Dir *dir)
{
	g_autoptr(DiskCompact) compact = compact_begin(dir);
	g_autoptr(GError) error = NULL;
	gboolean ok;

	if (compact == NULL)
		return;
	ok = disk_compact_rows(compact, &error);
	mutex_lock(&dir->apply);
	if (!ok || !compact_end(dir, compact, &error)) {
		g_debug("%s: %s", dir->disk->path, error->message);
		disk_compact_failed(dir->disk, clock_now_us(dir->cache->clock));
	}
	dir->compacting = FALSE;
	mutex_unlock(&dir->apply);
}

void apply_tidy(Dir *dir)
{
	if (dir->disk == NULL || cache_is_stopping(dir->cache))
		return;
	sync_files(dir);
	compact(dir);
}
