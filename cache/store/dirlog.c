#include "cache/store/dirlog.h"

#include <string.h>

#include "backends/base/mutex.h"
#include "cache/base/locked.h"
#include "cache/cache.h"
#include "cache/store/record_log.h"

enum {
	TREE_PUT = 1,  /* TreePut, id */
	TREE_REMOVE,   /* number:u32 */
	TREE_COMPLETE, /* TreeTime */
	TREE_TOUCH,    /* TreeTime */
	TREE_LIMIT,    /* number:u32 */
	TREE_ACCOUNT,  /* number:u32, store \n place \n account \n source */
	TREE_NAME,     /* number:u32, name; none: it has none any more */
};

typedef struct {
	gint64 created_ms;
	guint32 number, parent;
} TreePut;

typedef struct {
	gint64 time;
	guint32 number;
	guint32 zero;
} TreeTime;

/* Above so many records that mean nothing any more it is written anew. */
#define GARBAGE_MAX 4096

struct DirLog {
	Mutex lock;
	RecordLog *record_log GUARDED_BY(lock);
	GHashTable *by_number GUARDED_BY(lock); /* number -> DirLogEntry */
	guint records GUARDED_BY(lock);
	/* As loaded. */
	GPtrArray *entries; /* DirLogEntry */
	guint32 limit;
	gboolean damaged;
};

static void entry_free(gpointer data)
{
	DirLogEntry *entry = data;

	g_free(entry->id);
	g_free(entry->name);
	g_strfreev(entry->account);
	g_free(entry);
}

/* ---- loading ---- */

static DirLogEntry *entry_of(DirLog *self, guint32 number) REQUIRES(self->lock)
{
	return g_hash_table_lookup(self->by_number, GUINT_TO_POINTER(number));
}

/* What follows the head of a record: a new string; NULL: it makes no sense. */
static char *text_behind(const guint8 *data, gsize len, gsize head)
{
	if (len < head || memchr(data + head, 0, len - head) != NULL)
		return NULL;
	return g_strndup((const char *)data + head, len - head);
}

static void load_put(DirLog *self, const guint8 *data, gsize len)
	REQUIRES(self->lock)
{
	TreePut in;
	g_autofree char *id = text_behind(data, len, sizeof(in));
	DirLogEntry *entry;

	if (id == NULL || *id == '\0' || strlen(id) > SESSION_ID_MAX)
		return;
	memcpy(&in, data, sizeof(in));
	entry = entry_of(self, in.number);
	if (entry == NULL) {
		entry = g_new0(DirLogEntry, 1);
		entry->number = in.number;
		g_ptr_array_add(self->entries, entry);
		g_hash_table_insert(
			self->by_number, GUINT_TO_POINTER(in.number), entry);
	}
	g_free(entry->id);
	entry->id = g_steal_pointer(&id);
	entry->parent = in.parent;
	entry->created_ms = in.created_ms;
	entry->there = TRUE;
}

static void load_time(DirLog *self, guint32 type, const guint8 *data, gsize len)
	REQUIRES(self->lock)
{
	TreeTime in;
	DirLogEntry *entry;

	if (len != sizeof(in))
		return;
	memcpy(&in, data, sizeof(in));
	entry = entry_of(self, in.number);
	if (entry != NULL && type == TREE_COMPLETE)
		entry->complete_ms = in.time;
	else if (entry != NULL)
		entry->mtime_ns = in.time;
}

static void load_account(DirLog *self, DirLogEntry *entry, const guint8 *data,
	gsize len) REQUIRES(self->lock)
{
	g_autofree char *text = text_behind(data, len, sizeof(guint32));
	g_auto(GStrv) texts =
		g_strsplit(text != NULL ? text : "", "\n", N_ACCOUNT_TEXTS);

	if (g_strv_length(texts) != N_ACCOUNT_TEXTS)
		return;
	g_strfreev(entry->account);
	entry->account = g_steal_pointer(&texts);
	entry->used = self->records;
}

static void load_name(DirLogEntry *entry, const guint8 *data, gsize len)
{
	char *name = text_behind(data, len, sizeof(guint32));

	if (name == NULL)
		return;
	g_free(entry->name);
	entry->name = name;
	if (*name == '\0')
		g_clear_pointer(&entry->name, g_free);
}

static void load_record(guint32 type, const guint8 *data, gsize len, void *user)
{
	DirLog *self = user;
	guint32 number = 0;
	DirLogEntry *entry;

	mutex_is_held(&self->lock);
	self->records++;
	if (len >= sizeof(number))
		memcpy(&number, data, sizeof(number));
	entry = entry_of(self, number);
	if (type == TREE_PUT)
		load_put(self, data, len);
	else if (type == TREE_COMPLETE || type == TREE_TOUCH)
		load_time(self, type, data, len);
	else if (type == TREE_LIMIT && len == sizeof(number))
		self->limit = number;
	else if (type == TREE_ACCOUNT && entry != NULL)
		load_account(self, entry, data, len);
	else if (type == TREE_NAME && entry != NULL)
		load_name(entry, data, len);
	else if (type == TREE_REMOVE && entry != NULL)
		entry->there = FALSE;
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	guint32 one = (*(DirLogEntry *const *)a)->number;
	guint32 two = (*(DirLogEntry *const *)b)->number;

	return one < two ? -1 : one > two;
}

const DirLogEntry *dirlog_find(DirLog *self, guint32 parent, const char *id)
{
	for (guint i = 0; i < self->entries->len; i++) {
		const DirLogEntry *entry = g_ptr_array_index(self->entries, i);

		if (entry->parent == parent && g_str_equal(entry->id, id))
			return entry;
	}
	return NULL;
}

void dirlog_foreach(DirLog *self, guint32 parent,
	void (*visit)(const DirLogEntry *entry, void *data), void *data)
{
	for (guint i = 0; i < self->entries->len; i++) {
		const DirLogEntry *entry = g_ptr_array_index(self->entries, i);

		if (entry->parent == parent)
			visit(entry, data);
	}
}

guint32 dirlog_limit(DirLog *self)
{
	guint32 limit = self->limit;

	for (guint i = 0; i < self->entries->len; i++) {
		const DirLogEntry *entry = g_ptr_array_index(self->entries, i);

		if (entry->number <= CACHE_NUMBER_MAX)
			limit = MAX(limit, entry->number + 1);
	}
	return limit;
}

gboolean dirlog_is_damaged(DirLog *self)
{
	return self->damaged;
}

/* ---- writing ---- */

static void add(GByteArray *batch, guint32 type, const void *head, gsize len,
	const char *text)
{
	record_log_record(batch, type, head, len, text, strlen(text));
}

/* One record; sync: it is on the medium when this returns. */
static gboolean append(DirLog *self, gboolean sync, guint32 type,
	const void *head, gsize len, const char *text, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	add(batch, type, head, len, text);
	return LOCKED(&self->lock,
		record_log_append(self->record_log, batch, error) &&
			(!sync || record_log_sync(self->record_log, error)));
}

gboolean dirlog_put(DirLog *self, guint32 number, guint32 parent,
	const char *id, gint64 created_ms, GError **error)
{
	const TreePut head = {created_ms, number, parent};

	return append(self, FALSE, TREE_PUT, &head, sizeof(head), id, error);
}

gboolean dirlog_name(
	DirLog *self, guint32 number, const char *name, GError **error)
{
	return append(
		self, FALSE, TREE_NAME, &number, sizeof(number), name, error);
}

gboolean dirlog_remove(DirLog *self, guint32 number, GError **error)
{
	return append(
		self, FALSE, TREE_REMOVE, &number, sizeof(number), "", error);
}

gboolean dirlog_complete(
	DirLog *self, guint32 number, gint64 complete_ms, GError **error)
{
	const TreeTime head = {complete_ms, number, 0};

	return append(
		self, FALSE, TREE_COMPLETE, &head, sizeof(head), "", error);
}

gboolean dirlog_touch(
	DirLog *self, guint32 number, gint64 mtime_ns, GError **error)
{
	const TreeTime head = {mtime_ns, number, 0};

	return append(self, FALSE, TREE_TOUCH, &head, sizeof(head), "", error);
}

gboolean dirlog_account(
	DirLog *self, guint32 number, char *const *texts, GError **error)
{
	g_autofree char *text = g_strjoinv("\n", (char **)texts);

	return append(
		self, TRUE, TREE_ACCOUNT, &number, sizeof(number), text, error);
}

gboolean dirlog_reserve(DirLog *self, guint32 limit, GError **error)
{
	return append(self, TRUE, TREE_LIMIT, &limit, sizeof(limit), "", error);
}

/* ---- opening ---- */

static gint by_used(gconstpointer a, gconstpointer b)
{
	guint32 one = (*(DirLogEntry *const *)a)->used;
	guint32 two = (*(DirLogEntry *const *)b)->used;

	return one < two ? -1 : one > two;
}

/* The one that was used last comes last. */
static void put_accounts(DirLog *self, GByteArray *batch) REQUIRES(self->lock)
{
	g_autoptr(GPtrArray) used = g_ptr_array_new();

	for (guint i = 0; i < self->entries->len; i++) {
		DirLogEntry *entry = g_ptr_array_index(self->entries, i);

		if (entry->used != 0)
			g_ptr_array_add(used, entry);
	}
	g_ptr_array_sort(used, by_used);
	for (guint i = 0; i < used->len; i++) {
		const DirLogEntry *entry = g_ptr_array_index(used, i);
		g_autofree char *text = g_strjoinv("\n", entry->account);

		add(batch, TREE_ACCOUNT, &entry->number, sizeof(entry->number),
			text);
	}
}

static void add_entry(GByteArray *batch, const DirLogEntry *entry)
{
	const guint32 number = entry->number;
	const TreePut put = {entry->created_ms, number, entry->parent};
	const TreeTime complete = {entry->complete_ms, number, 0};
	const TreeTime touch = {entry->mtime_ns, number, 0};

	add(batch, TREE_PUT, &put, sizeof(put), entry->id);
	if (entry->name != NULL)
		add(batch, TREE_NAME, &number, sizeof(number), entry->name);
	if (entry->complete_ms != 0)
		add(batch, TREE_COMPLETE, &complete, sizeof(complete), "");
	if (entry->mtime_ns != 0)
		add(batch, TREE_TOUCH, &touch, sizeof(touch), "");
	if (!entry->there)
		add(batch, TREE_REMOVE, &number, sizeof(number), "");
}

static gboolean dirlog_rewrite(DirLog *self, const char *path, GError **error)
	REQUIRES(self->lock)
{
	g_autofree char *temporary = g_strconcat(path, ".new", NULL);
	g_autoptr(GByteArray) batch = g_byte_array_new();
	g_autoptr(RecordLog) next = record_log_create(temporary, 1, error);

	if (next == NULL)
		return FALSE;
	for (guint i = 0; i < self->entries->len; i++)
		add_entry(batch, g_ptr_array_index(self->entries, i));
	put_accounts(self, batch);
	add(batch, TREE_LIMIT, &self->limit, sizeof(self->limit), "");
	if (!record_log_append(next, batch, error) ||
		!record_log_sync(next, error) ||
		!record_log_rename(next, path, error))
		return FALSE;
	record_log_free(self->record_log);
	self->record_log = g_steal_pointer(&next);
	return TRUE;
}

DirLog *dirlog_open(const char *state_dir, GError **error)
{
	g_autoptr(DirLog) self = g_new0(DirLog, 1);
	g_autofree char *path = g_build_filename(state_dir, ".tree", NULL);
	g_autoptr(GError) local = NULL;

	mutex_init(&self->lock);
	self->entries = g_ptr_array_new_with_free_func(entry_free);
	self->by_number = g_hash_table_new(NULL, NULL);
	self->record_log = record_log_open(path, load_record, self, &local);
	if (local != NULL) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	self->damaged = self->record_log == NULL ||
			record_log_is_damaged(self->record_log);
	g_ptr_array_sort(self->entries, by_number);
	if (self->record_log == NULL ||
		self->records > 4 * self->entries->len + GARBAGE_MAX)
		if (!dirlog_rewrite(self, path, error))
			return NULL;
	return g_steal_pointer(&self);
}

void dirlog_free(DirLog *self)
{
	mutex_destroy(&self->lock);
	record_log_free(self->record_log);
	g_hash_table_unref(self->by_number);
	g_ptr_array_unref(self->entries);
	g_free(self);
}
