#include "cache/views/group.h"

#include <string.h>

#include "cache/base/hash.h"
#include "cache/base/name.h"

struct Groups {
	Dir *dir;
	Mutex *lock;
	GHashTable *by_word[N_VIEWS]; /* Group.word -> Group */
	GHashTable *by_name[N_VIEWS]; /* Group.name -> Group */
	GHashTable *by_number;        /* owns */
	GHashTable *record_log;       /* id -> number, from earlier runs */
};

/* How the record log calls them: "<view>/<name>". */
static const char *const views[N_VIEWS] = {
	[BY_NAME] = ".by-name",
	[BY_STATE] = ".by-state",
	[BY_PHASE] = ".by-phase",
	[BY_USER] = ".by-user",
};

static void group_free(gpointer data)
{
	Group *self = data;

	number_set_clear(&self->links);
	g_free((gpointer)self->name);
	g_free(self);
}

static void note_known(const DirLogEntry *entry, void *data)
{
	g_hash_table_insert(
		data, g_strdup(entry->id), GUINT_TO_POINTER(entry->number));
}

Groups *groups_new(Dir *dir, Mutex *lock)
{
	Groups *self = g_new0(Groups, 1);

	self->dir = dir;
	self->lock = lock;
	for (ByWhat by = 0; by < N_VIEWS; by++) {
		self->by_word[by] = g_hash_table_new(hash_text, g_str_equal);
		self->by_name[by] = g_hash_table_new(hash_text, g_str_equal);
	}
	self->by_number = g_hash_table_new_full(NULL, NULL, NULL, group_free);
	self->record_log =
		g_hash_table_new_full(hash_text, g_str_equal, g_free, NULL);
	dirlog_foreach(
		dir->cache->tree, dir->number, note_known, self->record_log);
	return self;
}

void groups_free(Groups *self)
{
	if (self == NULL)
		return;
	for (ByWhat by = 0; by < N_VIEWS; by++) {
		g_hash_table_unref(self->by_word[by]);
		g_hash_table_unref(self->by_name[by]);
	}
	g_hash_table_unref(self->by_number);
	g_hash_table_unref(self->record_log);
	g_free(self);
}

/* ---- making ---- */

/* As it was in an earlier run, unless a damaged record log says what cannot be. */
static guint32 known_number(Groups *self, const char *id)
{
	NodeIds *node_ids = self->dir->cache->node_ids;
	guint32 number =
		GPOINTER_TO_UINT(g_hash_table_lookup(self->record_log, id));

	if (number == 0 || node_ids_owner(node_ids, number) != NULL ||
		!node_ids_claim(node_ids, number, self->dir))
		return 0;
	return number;
}

static guint32 group_number(Groups *self, const char *id)
{
	Cache *cache = self->dir->cache;
	guint32 number = known_number(self, id);
	g_autoptr(GError) error = NULL;

	if (number != 0)
		return number;
	if (!node_ids_take(cache->node_ids, self->dir, &number, &error)) {
		g_warning("%s: %s cannot be shown: %s", self->dir->name, id,
			error->message);
		return 0;
	}
	/* It is only another one after the next start. */
	if (!dirlog_put(cache->tree, number, self->dir->number, id, 0, &error))
		g_warning("%s", error->message);
	return number;
}

static Group *group_new(Groups *self, ByWhat by, const char *word)
{
	gsize len = strlen(word) + 1;
	g_autofree char *name = name_escape(word, NULL);
	g_autofree char *id = g_strconcat(views[by], "/", name, NULL);
	guint32 number = group_number(self, id);
	Group *group;

	if (number == 0)
		return NULL;
	group = g_malloc0(sizeof(*group) + len);
	group->number = number;
	group->by = by;
	group->mtime_ns = time_after(0);
	group->name = g_steal_pointer(&name);
	memcpy(group->word, word, len);
	return group;
}

Group *groups_get(Groups *self, ByWhat by, const char *word)
{
	Group *group = g_hash_table_lookup(self->by_word[by], word);

	if (group != NULL || *word == '\0')
		return group;
	group = group_new(self, by, word);
	if (group == NULL)
		return NULL;
	mutex_lock(self->lock);
	g_hash_table_insert(self->by_word[by], group->word, group);
	g_hash_table_insert(self->by_name[by], (gpointer)group->name, group);
	g_hash_table_insert(
		self->by_number, GUINT_TO_POINTER(group->number), group);
	mutex_unlock(self->lock);
	return group;
}

/* ---- finding ---- */

Group *groups_find(const Groups *self, ByWhat by, const char *name)
{
	return g_hash_table_lookup(self->by_name[by], name);
}

Group *groups_of_number(const Groups *self, guint32 number)
{
	return g_hash_table_lookup(self->by_number, GUINT_TO_POINTER(number));
}

Entry entry_in(const Dir *workspace, EntryKind kind, guint32 number)
{
	return (Entry){
		.kind = kind,
		.number = number,
		.parent = workspace->number,
		.workspace = workspace->number,
		.provider = workspace->parent->number,
		.read_only = workspace->provider->read_only,
		.rmdir_ends = workspace->provider->rmdir_ends,
	};
}

void group_entry(const Group *self, const Dir *dir, Entry *ret)
{
	*ret = entry_in(dir, ENTRY_GROUP, self->number);
	ret->by = self->by;
	ret->mtime_ns = self->mtime_ns;
}
