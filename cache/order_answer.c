#include "order_answer.h"

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

/* The session of that raw id; *ret_word: of its state, 0 while it is not shown. */
static void append_session(
	GString *out, Dir *dir, const char *raw, guint16 *ret_word)
{
	g_autofree char *place = dir_path(dir);
	g_autofree char *path = NULL;
	const char *name = "";
	const Row *row = NULL;
	const Id *id;

	pthread_mutex_lock(&dir->lock);
	id = ids_get(dir->ids, raw);
	if (id != NULL) {
		name = id_name(id);
		row = snapshot_find(dir->shown, id->number);
	}
	*ret_word = row != NULL ? row->word : 0;
	pthread_mutex_unlock(&dir->lock);
	path = g_strdup_printf("%s/%s", place, name);
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

char *order_answer_session(Dir *dir, const char *raw, const char *rid)
{
	GString *out = g_string_new("{");
	guint16 word;

	append_session(out, dir, raw, &word);
	append_json(out, "state", words_get(dir->cache->words, word));
	return finish(out, rid);
}

char *order_answer_kept(Dir *dir, const char *raw, const char *rid)
{
	GString *out = g_string_new("{");
	guint16 word;

	append_session(out, dir, raw, &word);
	return finish(out, rid);
}

char *order_answer_verb(const Dir *dir, const Intent *intent)
{
	GString *out = g_string_new("{");

	append_json(out, "workspace", dir->name);
	append_json(out, "provider", dir->parent->name);
	append_json(out, "verb", intent->verb);
	return finish(out, intent->rid);
}
