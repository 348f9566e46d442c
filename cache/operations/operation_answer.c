#include "cache/operations/operation_answer.h"

#include <string.h>

#include "cache/base/escape.h"

static void append(GString *out, const char *key, const char *text)
{
	g_string_append_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", key);
	json_append(out, text, G_MAXSIZE);
}

static char *name_in(const Dir *dir, const char *record)
{
	g_auto(SessionSummary) brief = {NULL};

	if (record == NULL || *record == '\0')
		return g_strdup("");
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	backend_summarize(backend, record, strlen(record), &brief);
	return g_steal_pointer(&brief.name);
}

/* What is shown of a session. */
typedef struct {
	Snapshot *shown;
	const Row *row;    /* NULL: it is not shown */
	const char *entry; /* of its directory; "": it never was */
} Shown;

static void shown_clear(Shown *self)
{
	snapshot_unref(self->shown);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Shown, shown_clear)

static Shown shown_find(Dir *dir, const char *raw)
{
	Shown self = {0};

	self.row = dir_row_of_id(dir, raw, &self.shown, &self.entry);
	if (self.entry == NULL)
		self.entry = "";
	return self;
}

/* A spec has the members of a record; kept: what it was called or to be called. */
static char *name_of(
	Dir *dir, const Shown *shown, const Intent *intent, const char *kept)
{
	g_autofree char *body = shown->row != NULL ? dir_body(dir, shown->shown,
							     shown->row, NULL)
						   : NULL;
	g_autofree char *name = name_in(dir, body);

	if (*name != '\0')
		return g_steal_pointer(&name);
	return *kept != '\0' ? g_strdup(kept) : name_in(dir, intent->text);
}

char *operation_answer_name(Dir *dir, const char *raw, const Intent *intent)
{
	g_auto(Shown) shown = shown_find(dir, raw);

	return name_of(dir, &shown, intent,
		intent->plan != NULL ? intent->plan->name : "");
}

/* kept: the name, where it is not shown. */
static void append_session(GString *out, Dir *dir, const Shown *shown,
	const char *raw, const Intent *intent, const char *kept)
{
	g_autofree char *place = dir_path(dir);
	g_autofree char *path = g_strdup_printf("%s/%s", place, shown->entry);
	g_autofree char *name = name_of(dir, shown, intent, kept);

	append(out, "session", raw);
	append(out, "name", name);
	append(out, "provider", dir->parent->name);
	append(out, "workspace", dir->name);
	append(out, "path", path);
}

static char *finish(GString *out, const char *rid)
{
	append(out, "request", rid);
	g_string_append(out, "}\n");
	return g_string_free(out, FALSE);
}

char *operation_answer_session(Dir *dir, const char *raw, const Intent *intent)
{
	g_auto(Shown) shown = shown_find(dir, raw);
	GString *out = g_string_new("{");

	append_session(out, dir, &shown, raw, intent, "");
	append(out, "state",
		state_names_get(dir->cache->state_names,
			shown.row != NULL ? shown.row->word : 0));
	return finish(out, intent->rid);
}

char *operation_answer_kept(
	Dir *dir, const Outcome *outcome, const Intent *intent)
{
	g_auto(Shown) shown = shown_find(dir, outcome->id);
	GString *out = g_string_new("{");

	append_session(out, dir, &shown, outcome->id, intent, outcome->name);
	return finish(out, intent->rid);
}

char *operation_answer_verb(const Dir *dir, const Intent *intent)
{
	GString *out = g_string_new("{");

	append(out, "workspace", dir->name);
	append(out, "provider", dir->parent->name);
	append(out, "verb", intent->verb);
	return finish(out, intent->rid);
}
