#include "cache/store/dirlog.h"

#include <pthread.h>
#include <string.h>

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

#define ACCOUNT_TEXTS 4
/* Above so many records that mean nothing any more it is written anew. */
#define GARBAGE_MAX 4096

struct DirLog {
	pthread_mutex_t lock;
	RecordLog *record_log;
	GPtrArray *entries;    /* DirLogEntry, as loaded */
	GHashTable *by_number; /* number -> DirLogEntry */
	guint32 limit;
	gboolean damaged;
	guint records;
};

static void entry_free(gpointer data)
{
	DirLogEntry *entry = data;

	g_free(entry->id);
	g_free(entry->name);
	g_free(entry->store);
	g_free(entry->place);
	g_free(entry->account);
	g_free(entry->source);
	g_free(entry);
}

/* ---- loading ---- */

static DirLogEntry *entry_of(DirLog *self, guint32 number)
{
	return g_hash_table_lookup(self->by_number, GUINT_TO_POINTER(number));
}

static void load_put(DirLog *self, const guint8 *data, gsize len)
{
	TreePut in;
	DirLogEntry *entry;
	gsize id_len = len - MIN(len, sizeof(in));

	if (id_len == 0 || id_len > SESSION_ID_MAX ||
		memchr(data + sizeof(in), 0, id_len) != NULL)
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
	entry->id = g_strndup((const char *)data + sizeof(in), id_len);
	entry->parent = in.parent;
	entry->created_ms = in.created_ms;
	entry->there = TRUE;
}

static void load_time(DirLog *self, guint32 type, const guint8 *data, gsize len)
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

static void load_account(DirLog *self, const guint8 *data, gsize len)
{
	guint32 number;
	gsize text_len = len - MIN(len, sizeof(number));
	g_autofree char *text = NULL;
	g_auto(GStrv) texts = NULL;
	DirLogEntry *entry;

	if (text_len == 0 || memchr(data + sizeof(number), 0, text_len) != NULL)
		return;
	memcpy(&number, data, sizeof(number));
	text = g_strndup((const char *)data + sizeof(number), text_len);
	texts = g_strsplit(text, "\n", ACCOUNT_TEXTS);
	entry = entry_of(self, number);
	if (entry == NULL || g_strv_length(texts) != ACCOUNT_TEXTS)
		return;
	char **kept[ACCOUNT_TEXTS] = {
		&entry->store, &entry->place, &entry->account, &entry->source};

	for (guint i = 0; i < ACCOUNT_TEXTS; i++) {
		g_free(*kept[i]);
		*kept[i] = g_strdup(texts[i]);
	}
	entry->used = self->records;
}

static void load_name(DirLog *self, const guint8 *data, gsize len)
{
	guint32 number;
	gsize name_len = len - MIN(len, sizeof(number));
	DirLogEntry *entry;

	if (len < sizeof(number) ||
		memchr(data + sizeof(number), 0, name_len) != NULL)
		return;
	memcpy(&number, data, sizeof(number));
	entry = entry_of(self, number);
	if (entry == NULL)
		return;
	g_clear_pointer(&entry->name, g_free);
	if (name_len > 0)
		entry->name = g_strndup(
			(const char *)data + sizeof(number), name_len);
}

static void load_record(guint32 type, const guint8 *data, gsize len, void *user)
{
	DirLog *self = user;
	guint32 number = 0;
	DirLogEntry *entry;

	self->records++;
	if (len >= sizeof(number))
		memcpy(&number, data, sizeof(number));
	if (type == TREE_PUT) {
		load_put(self, data, len);
	} else if (type == TREE_COMPLETE || type == TREE_TOUCH) {
		load_time(self, type, data, len);
	} else if (type == TREE_ACCOUNT) {
		load_account(self, data, len);
	} else if (type == TREE_NAME) {
		load_name(self, data, len);
	} else if (type == TREE_LIMIT && len == sizeof(number)) {
		self->limit = number;
	} else if (type == TREE_REMOVE) {
		entry = entry_of(self, number);
		if (entry != NULL)
			entry->there = FALSE;
	}
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

static void put_record(GByteArray *batch, const DirLogEntry *entry)
{
	TreePut out = {entry->created_ms, entry->number, entry->parent};

	record_log_record(batch, TREE_PUT, &out, sizeof(out), entry->id,
		strlen(entry->id));
}

static void time_record(
	GByteArray *batch, guint32 type, guint32 number, gint64 time)
{
	TreeTime out = {time, number, 0};

	record_log_record(batch, type, &out, sizeof(out), NULL, 0);
}

static void number_record(GByteArray *batch, guint32 type, guint32 number)
{
	record_log_record(batch, type, &number, sizeof(number), NULL, 0);
}

static void account_record(
	GByteArray *batch, guint32 number, const char *const *texts)
{
	g_autofree char *text =
		g_strjoin("\n", texts[0], texts[1], texts[2], texts[3], NULL);

	record_log_record(batch, TREE_ACCOUNT, &number, sizeof(number), text,
		strlen(text));
}

static void name_record(GByteArray *batch, guint32 number, const char *name)
{
	record_log_record(
		batch, TREE_NAME, &number, sizeof(number), name, strlen(name));
}

static gboolean dirlog_append(
	DirLog *self, const GByteArray *batch, GError **error)
{
	gboolean ok;

	pthread_mutex_lock(&self->lock);
	ok = record_log_append(self->record_log, batch, error);
	pthread_mutex_unlock(&self->lock);
	return ok;
}

gboolean dirlog_put(DirLog *self, guint32 number, guint32 parent,
	const char *id, gint64 created_ms, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();
	DirLogEntry entry = {.number = number, .parent = parent};

	entry.created_ms = created_ms;
	entry.id = (char *)id;
	put_record(batch, &entry);
	return dirlog_append(self, batch, error);
}

gboolean dirlog_name(
	DirLog *self, guint32 number, const char *name, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	name_record(batch, number, name);
	return dirlog_append(self, batch, error);
}

gboolean dirlog_remove(DirLog *self, guint32 number, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	number_record(batch, TREE_REMOVE, number);
	return dirlog_append(self, batch, error);
}

gboolean dirlog_complete(
	DirLog *self, guint32 number, gint64 complete_ms, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	time_record(batch, TREE_COMPLETE, number, complete_ms);
	return dirlog_append(self, batch, error);
}

gboolean dirlog_touch(
	DirLog *self, guint32 number, gint64 mtime_ns, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	time_record(batch, TREE_TOUCH, number, mtime_ns);
	return dirlog_append(self, batch, error);
}

static gboolean append_synced(
	DirLog *self, const GByteArray *batch, GError **error)
{
	gboolean ok;

	pthread_mutex_lock(&self->lock);
	ok = record_log_append(self->record_log, batch, error) &&
	     record_log_sync(self->record_log, error);
	pthread_mutex_unlock(&self->lock);
	return ok;
}

gboolean dirlog_account(DirLog *self, guint32 number,
	const char *const texts[4], GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	account_record(batch, number, texts);
	return append_synced(self, batch, error);
}

gboolean dirlog_reserve(DirLog *self, guint32 limit, GError **error)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();

	number_record(batch, TREE_LIMIT, limit);
	return append_synced(self, batch, error);
}

guint64 dirlog_bytes(DirLog *self)
{
	guint64 bytes;

	pthread_mutex_lock(&self->lock);
	bytes = record_log_len(self->record_log);
	pthread_mutex_unlock(&self->lock);
	return bytes;
}

/* ---- opening ---- */

static gint by_used(gconstpointer a, gconstpointer b)
{
	guint32 one = (*(DirLogEntry *const *)a)->used;
	guint32 two = (*(DirLogEntry *const *)b)->used;

	return one < two ? -1 : one > two;
}

/* The one that was used last comes last. */
static void put_accounts(DirLog *self, GByteArray *batch)
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
		const char *texts[ACCOUNT_TEXTS] = {entry->store, entry->place,
			entry->account, entry->source};

		account_record(batch, entry->number, texts);
	}
}

static gboolean dirlog_rewrite(DirLog *self, const char *path, GError **error)
{
	g_autofree char *temporary = g_strconcat(path, ".new", NULL);
	g_autoptr(GByteArray) batch = g_byte_array_new();
	g_autoptr(RecordLog) next = record_log_create(temporary, 1, error);

	if (next == NULL)
		return FALSE;
	for (guint i = 0; i < self->entries->len; i++) {
		const DirLogEntry *entry = g_ptr_array_index(self->entries, i);

		put_record(batch, entry);
		if (entry->name != NULL)
			name_record(batch, entry->number, entry->name);
		if (entry->complete_ms != 0)
			time_record(batch, TREE_COMPLETE, entry->number,
				entry->complete_ms);
		if (entry->mtime_ns != 0)
			time_record(batch, TREE_TOUCH, entry->number,
				entry->mtime_ns);
		if (!entry->there)
			number_record(batch, TREE_REMOVE, entry->number);
	}
	put_accounts(self, batch);
	number_record(batch, TREE_LIMIT, self->limit);
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

	pthread_mutex_init(&self->lock, NULL);
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
	if (self == NULL)
		return;
	record_log_free(self->record_log);
	g_hash_table_unref(self->by_number);
	g_ptr_array_unref(self->entries);
	pthread_mutex_destroy(&self->lock);
	g_free(self);
}
