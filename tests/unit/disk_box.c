#include "disk_box.h"

#include <string.h>

#include "cache_fixture.h"

void box_close(Box *self)
{
	disk_loaded_clear(&self->load);
	g_clear_pointer(&self->shown, snapshot_unref);
	g_clear_pointer(&self->disk, disk_free);
	g_clear_pointer(&self->load.ids, ids_free);
	g_clear_pointer(&self->load.state_names, state_names_free);
	g_clear_pointer(&self->load.node_ids, node_ids_free);
}

void box_open(Box *self)
{
	g_autoptr(GError) error = NULL;
	gboolean ok;

	if (self->dir == NULL)
		self->dir = g_dir_make_tmp("sessionfs-test-XXXXXX", NULL);
	self->disk = disk_new(g_build_filename(self->dir, "w", NULL));
	self->load = (DiskLoaded){.owner = self};
	self->load.ids = ids_new(NULL);
	self->load.state_names = state_names_new();
	self->load.node_ids = node_ids_new(NULL, NULL);
	ok = disk_load(self->disk, &self->load, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	self->shown = snapshot_new(0, self->disk->store);
	if (self->load.rows != NULL) {
		Snapshot *next = snapshot_apply(self->shown,
			(const Row *)(void *)self->load.rows->data,
			self->load.rows->len, NULL, 0, 1, self->disk->store);

		snapshot_unref(self->shown);
		self->shown = next;
	}
}

void box_clear(Box *self)
{
	box_close(self);
	fixture_remove_tree(self->dir);
	g_free(self->dir);
}

void box_reopen(Box *self)
{
	box_close(self);
	box_open(self);
}

gboolean box_put(Box *self, const char *raw, const char *word, const char *body,
	GError **error)
{
	Id *id = ids_get(self->load.ids, raw);
	const Row *old = NULL;
	Row row = {.phase = PHASE_IDLE, .since_ms = 1234};
	Snapshot *next;

	if (id == NULL) {
		guint32 number;

		if (!node_ids_take(self->load.node_ids, self, &number, error))
			return FALSE;
		id = ids_add(self->load.ids, raw, number);
	} else {
		old = snapshot_find(self->shown, id->number);
	}
	row.id = id;
	row.number = id->number;
	row.word = state_names_index(self->load.state_names, word);
	if (!disk_put(self->disk, &row, old, word, body, strlen(body), error) ||
		!disk_commit(self->disk, error))
		return FALSE;
	next = snapshot_apply(
		self->shown, &row, 1, NULL, 0, 1, self->disk->store);
	snapshot_unref(self->shown);
	self->shown = next;
	return TRUE;
}

void box_must_put(Box *self, const char *id, const char *word, const char *body)
{
	g_autoptr(GError) error = NULL;
	gboolean ok = box_put(self, id, word, body, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
}

static char *body_of(Box *self, const Row *row)
{
	if (row->body_len == 0)
		return g_strdup("-");
	return body_store_read(self->shown->store, row->body_at, row->body_len,
		row->body_hash, NULL);
}

char *box_dump(Box *self)
{
	GString *out = g_string_new(NULL);

	snapshot_foreach (row, self->shown, 0) {
		g_autofree char *body = body_of(self, row);

		g_string_append_printf(out, "%u %s %s %s;", row->number,
			row->id->text,
			state_names_get(self->load.state_names, row->word),
			body);
	}
	return g_string_free(out, FALSE);
}

char *box_file(Box *self, const char *name)
{
	return g_build_filename(self->dir, "w", name, NULL);
}

void box_must_remove(Box *self, guint32 number)
{
	Snapshot *next;

	disk_remove(self->disk, snapshot_find(self->shown, number));
	g_assert_true(disk_commit(self->disk, NULL));
	next = snapshot_apply(
		self->shown, NULL, 0, &number, 1, 1, self->disk->store);
	snapshot_unref(self->shown);
	self->shown = next;
}

static const gboolean never = FALSE;

DiskCompact *box_compact_begin(Box *self)
{
	DiskCompact *compact = disk_compact_begin(
		self->disk, self->shown, self->load.state_names, &never);
	g_autoptr(GError) error = NULL;
	gboolean ok = disk_compact_rows(compact, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	return compact;
}

void box_compact_end(Box *self, DiskCompact *compact)
{
	DiskState state = {self->shown, self->load.ids, 55, 64};
	g_autoptr(GArray) rows = NULL;
	g_autoptr(GError) error = NULL;
	Snapshot *empty = snapshot_new(1, NULL);
	gboolean ok =
		disk_compact_end(compact, self->disk, &state, &rows, &error);

	g_assert_no_error(error);
	g_assert_true(ok);
	disk_compact_free(compact);
	snapshot_unref(self->shown);
	self->shown = snapshot_apply(empty, (const Row *)(void *)rows->data,
		rows->len, NULL, 0, 1, self->disk->store);
	snapshot_unref(empty);
}

void box_compact(Box *self)
{
	box_compact_end(self, box_compact_begin(self));
}
