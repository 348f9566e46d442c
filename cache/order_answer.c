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

char *order_answer_session(Dir *dir, const char *raw, const char *rid)
{
	g_autoptr(GString) out = g_string_new("{");
	g_autofree char *place = dir_path(dir);
	g_autofree char *path = NULL;
	const char *name = "", *state = "";
	const Row *row = NULL;
	const Id *id;

	pthread_mutex_lock(&dir->lock);
	id = ids_get(dir->ids, raw);
	if (id != NULL) {
		name = id_name(id);
		row = snapshot_find(dir->shown, id->number);
	}
	if (row != NULL)
		state = words_get(dir->cache->words, row->word);
	pthread_mutex_unlock(&dir->lock);
	path = g_strdup_printf("%s/%s", place, name);
	append_json(out, "session", raw);
	append_json(out, "name", name);
	append_json(out, "provider", dir->parent->name);
	append_json(out, "workspace", dir->name);
	append_json(out, "state", state);
	append_json(out, "path", path);
	if (rid != NULL)
		append_json(out, "request", rid);
	g_string_append(out, "}\n");
	return g_string_free(g_steal_pointer(&out), FALSE);
}

char *order_answer_verb(const Dir *dir, const Intent *intent)
{
	g_autoptr(GString) out = g_string_new("{");

	append_json(out, "workspace", dir->name);
	append_json(out, "provider", dir->parent->name);
	append_json(out, "verb", intent->verb);
	append_json(out, "request", intent->rid);
	g_string_append(out, "}\n");
	return g_string_free(g_steal_pointer(&out), FALSE);
}
