#include "cache/model/account.h"
#include "cache/model/dir.h"

/* How many of the rows are on their way to another phase. */
static guint count_transitional(const Dir *dir, const GArray *rows)
{
	guint transitional = 0;

	for (guint i = 0; i < rows->len; i++)
		transitional +=
			dir_row_passes(dir, &g_array_index(rows, Row, i));
	return transitional;
}

/* Those that have ended are not shown by this configuration. */
static void drop_ended(Dir *dir, DiskLoaded *load)
{
	g_autoptr(GError) error = NULL;
	guint kept = 0, all = load->rows->len;

	if (dir->provider->ended != ENDED_NONE)
		return;
	for (guint i = 0; i < all; i++) {
		Row *row = &g_array_index(load->rows, Row, i);

		if (!phase_has_ended((Phase)row->phase)) {
			g_array_index(load->rows, Row, kept++) = *row;
			continue;
		}
		disk_remove(dir->disk, row);
		mtimes_unref(row->mtimes);
	}
	g_array_set_size(load->rows, kept);
	if (kept == all)
		return;
	load->mtime_ns = time_after(load->mtime_ns);
	disk_touch(dir->disk, load->mtime_ns);
	if (!disk_commit(dir->disk, &error))
		g_warning("%s", error->message);
}

/* A listing that was never complete stays incomplete: its rows are known, but
 * names that are not among them are still asked for. */
static void show_loaded(Dir *dir, const DiskLoaded *load) REQUIRES(dir->apply)
{
	gint64 mtime_ns =
		load->mtime_ns != 0 ? load->mtime_ns : dir->cache->created_ns;

	dir->recorded_ms = load->complete_ms;
	dir_show(dir,
		snapshot_apply(dir_shown(dir),
			(const Row *)(void *)load->rows->data, load->rows->len,
			NULL, 0, mtime_ns, dir->disk->store));
	dir_restore_last(dir, load->last);
	texts_restore(dir->texts, NULL, mtime_ns);
	__atomic_add_fetch(
		&dir->account->shown, dir_shown(dir)->count, __ATOMIC_RELAXED);
	__atomic_store_n(&dir->passing, count_transitional(dir, load->rows),
		__ATOMIC_RELAXED);
	listing_restore(dir->listing, load->complete_ms);
}

/* Until a full listing has seen all.  It is recorded, since the damaged part of the
 * file will not be there to tell next time. */
static void show_damage(Dir *dir)
{
	g_autoptr(GError) error = NULL;

	dir_set_partial(dir,
		g_strdup_printf(
			"the state file %s/index was damaged; shown: the "
			"%" G_GUINT64_FORMAT " entries that it still held\n",
			dir->disk->path, dir_count(dir)));
	disk_complete(dir->disk, 0);
	if (!disk_commit(dir->disk, &error))
		g_warning("%s", error->message);
}

static void tell_in_memory(Dir *dir, GError *error)
{
	g_autofree char *place = dir_path(dir);
	g_autofree char *what = g_strdup_printf(
		"%s is kept in memory only until the next start", place);

	g_warning("%s: %s", what, error->message);
	dir_set_error(dir, what, error);
}

void dir_load(Dir *self)
{
	g_autoptr(GError) error = NULL;
	DiskLoaded load = {.state_names = self->cache->state_names,
		.node_ids = self->cache->node_ids,
		.owner = self};

	/* Nobody else knows the directory yet. */
	mutex_is_held(&self->apply);
	load.ids = self->ids;
	if (!disk_load(self->disk, &load, &error)) {
		tell_in_memory(self, error);
		return;
	}
	if (load.rows != NULL) {
		drop_ended(self, &load);
		show_loaded(self, &load);
	}
	texts_restore(self->texts, disk_error(self->disk), 0);
	if (load.damaged)
		show_damage(self);
	disk_loaded_clear(&load);
}
