#include "cache/operations/operation_answer.h"

#include <string.h>

static void append_json(GString *out, const char *key, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	g_string_append_printf(
		out, "%s\"%s\":\"", out->len > 1 ? "," : "", key);
	for (const char *p = valid; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			g_string_append_c(out, '\\');
		if ((guchar)*p < 0x20 || *p == 0x7f)
			g_string_append_printf(out, "\\u%04x", (guint)*p);
		else
			g_string_append_c(out, *p);
	}
	g_string_append_c(out, '"');
}

static char *name_in(const Dir *dir, const char *record)
{
	g_auto(SessionSummary) brief = {NULL};

	if (record == NULL || *record == '\0')
		return g_strdup("");
	backend_summarize(
		dir->provider->backend, record, strlen(record), &brief);
	return g_steal_pointer(&brief.name);
}

/* A spec has the members of a record. */
static char *name_of(
	Dir *dir, const Snapshot *shown, const Row *row, const Intent *intent)
{
	g_autofree char *body =
		row != NULL ? dir_body(dir, shown, row, NULL) : NULL;
	g_autofree char *name = name_in(dir, body);

	return *name != '\0' ? g_steal_pointer(&name)
			     : name_in(dir, intent->text);
}

/* The session of that raw id; *ret_word: of its state, 0 while it is not shown. */
static void append_session(GString *out, Dir *dir, const char *raw,
	const Intent *intent, guint16 *ret_word)
{
	g_autofree char *place = dir_path(dir);
	g_autofree char *path = NULL;
	g_autoptr(Snapshot) shown = NULL;
	g_autofree char *name = NULL;
	const char *entry = "";
	const Row *row = NULL;
	const Id *id;

	pthread_mutex_lock(&dir->lock);
	id = ids_get(dir->ids, raw);
	if (id != NULL) {
		entry = id_name(id);
		shown = snapshot_ref(dir->shown);
		row = snapshot_find(shown, id->number);
	}
	*ret_word = row != NULL ? row->word : 0;
	pthread_mutex_unlock(&dir->lock);
	name = name_of(dir, shown, row, intent);
	path = g_strdup_printf("%s/%s", place, entry);
	append_json(out, "session", raw);
	append_json(out, "name", name);
	append_json(out, "provider", dir->parent->name);
	append_json(out, "workspace", dir->name);
	append_json(out, "path", path);
}

static char *finish(GString *out, const char *rid)
{
	append_json(out, "request", rid);
	g_string_append(out, "}\n");
	return g_string_free(out, FALSE);
}

char *operation_answer_session(Dir *dir, const char *raw, const Intent *intent)
{
	GString *out = g_string_new("{");
	guint16 word;

	append_session(out, dir, raw, intent, &word);
	append_json(
		out, "state", state_names_get(dir->cache->state_names, word));
	return finish(out, intent->rid);
}

char *operation_answer_kept(Dir *dir, const char *raw, const Intent *intent)
{
	GString *out = g_string_new("{");
	guint16 word;

	append_session(out, dir, raw, intent, &word);
	return finish(out, intent->rid);
}

char *operation_answer_verb(const Dir *dir, const Intent *intent)
{
	GString *out = g_string_new("{");

	append_json(out, "workspace", dir->name);
	append_json(out, "provider", dir->parent->name);
	append_json(out, "verb", intent->verb);
	return finish(out, intent->rid);
}
