#include "view_model.h"

#include <string.h>

#include "backends/provider/record.h"
#include "cache/base/name.h"

static void append(GString *out, const char *text)
{
	g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", text);
}

static void yes(Known known, GError *error)
{
	g_assert_no_error(error);
	g_assert_cmpint(known, ==, KNOWN_YES);
}

void views_wait(Fixture *self, guint32 workspace)
{
	g_autoptr(GError) error = NULL;

	fixture_until(cache_view_ready(self->cache, workspace, &error) !=
		      KNOWN_NOT_YET);
	yes(cache_view_ready(self->cache, workspace, &error), error);
}

/* ---- what is listed ---- */

typedef struct {
	Fixture *fixture;
	guint32 where, before;
	ByWhat by;
	GString *out;
} Visit;

static gboolean visit_link(const Entry *entry, const char *name, void *data)
{
	Visit *visit = data;
	g_autofree char *session =
		cache_name(visit->fixture->cache, entry->number);
	Entry found;

	g_assert_cmpuint(entry->number, >, visit->before);
	visit->before = entry->number;
	g_assert_cmpint(entry->kind, ==, ENTRY_SESSION);
	yes(cache_link_find(
		    visit->fixture->cache, visit->where, name, &found, NULL),
		NULL);
	g_assert_cmpuint(found.number, ==, entry->number);
	if (visit->by == BY_NAME)
		g_string_append_printf(visit->out, "%s%s=%s",
			visit->out->len > 0 ? " " : "", name, session);
	else
		append(visit->out, name);
	return TRUE;
}

static char *list_links(Fixture *self, guint32 where, ByWhat by)
{
	g_autoptr(GError) error = NULL;
	Visit visit = {.fixture = self, .where = where, .by = by};

	visit.out = g_string_new(NULL);
	yes(cache_links(self->cache, where, 0, visit_link, &visit, &error),
		error);
	return g_string_free(visit.out, FALSE);
}

static gboolean visit_group(const Entry *entry, const char *name, void *data)
{
	Visit *visit = data;
	g_autofree char *same =
		cache_name(visit->fixture->cache, entry->number);
	Entry found;

	g_assert_cmpuint(entry->number, >, visit->before);
	visit->before = entry->number;
	g_assert_cmpint(entry->kind, ==, ENTRY_GROUP);
	g_assert_cmpint(entry->by, ==, visit->by);
	g_assert_cmpuint(entry->parent, ==, visit->where);
	g_assert_true(
		cache_entry(visit->fixture->cache, entry->number, &found));
	g_assert_cmpmem(&found, sizeof(found), entry, sizeof(*entry));
	g_assert_cmpuint(
		views_group(visit->fixture, visit->where, visit->by, name), ==,
		entry->number);
	g_assert_cmpstr(same, ==, name);
	append(visit->out, name);
	return TRUE;
}

char *views_list(Fixture *self, guint32 workspace, ByWhat by)
{
	g_autoptr(GError) error = NULL;
	Visit visit = {.fixture = self, .where = workspace, .by = by};

	if (by == BY_NAME)
		return list_links(self, workspace, by);
	visit.out = g_string_new(NULL);
	yes(cache_groups(
		    self->cache, workspace, by, 0, visit_group, &visit, &error),
		error);
	return g_string_free(visit.out, FALSE);
}

guint32 views_group(
	Fixture *self, guint32 workspace, ByWhat by, const char *group)
{
	g_autoptr(GError) error = NULL;
	Known known;
	Entry entry;

	known = cache_group_find(
		self->cache, workspace, by, group, &entry, &error);
	g_assert_no_error(error);
	if (known == KNOWN_NO)
		return 0;
	g_assert_cmpint(known, ==, KNOWN_YES);
	return entry.number;
}

char *views_links(
	Fixture *self, guint32 workspace, ByWhat by, const char *group)
{
	guint32 number = views_group(self, workspace, by, group);

	return number != 0 ? list_links(self, number, by) : NULL;
}

char *views_table(Fixture *self, guint32 workspace, CacheTable table)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;
	gsize size, len;
	gint64 mtime_ns;
	const char *text;

	yes(cache_table_stat(
		    self->cache, workspace, table, &size, &mtime_ns, &error),
		error);
	yes(cache_table(self->cache, workspace, table, &bytes, &error), error);
	text = g_bytes_get_data(bytes, &len);
	g_assert_cmpuint(len, ==, size);
	g_assert_cmpint(mtime_ns, >, 0);
	return g_strndup(text, len);
}

/* ---- what must be listed ---- */

typedef struct {
	Fixture *fixture;
	GHashTable *groups[N_VIEWS]; /* name -> GString */
	GHashTable *links;           /* link -> what it must be called */
	GString *tsv;
} Model;

static char *read_word(Fixture *self, guint32 session, SessionFile file)
{
	return g_strchomp(fixture_read(self, session, file));
}

static void expect_link(
	Model *self, ByWhat by, const char *word, const char *session)
{
	g_autofree char *name = name_escape(word, NULL);
	GString *links = g_hash_table_lookup(self->groups[by], name);

	if (*word == '\0')
		return;
	if (links == NULL) {
		links = g_string_new(NULL);
		g_hash_table_insert(
			self->groups[by], g_steal_pointer(&name), links);
	}
	append(links, session);
}

static void append_time(GString *out, gint64 seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
	g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");

	g_string_append(out, seconds > 0 ? text : "-");
}

static void append_tsv(GString *out, const char *value)
{
	if (*value == '\0')
		g_string_append_c(out, '-');
	for (; *value != '\0'; value++)
		switch (*value) {
		case '\t':
			g_string_append(out, "\\t");
			break;
		case '\n':
			g_string_append(out, "\\n");
			break;
		case '\r':
			g_string_append(out, "\\r");
			break;
		case '\\':
			g_string_append(out, "\\\\");
			break;
		default:
			g_string_append_c(out, *value);
		}
	g_string_append_c(out, '\t');
}

static gint64 changed_s(Fixture *self, guint32 session)
{
	static const SessionFile files[] = {SESSION_STATE, SESSION_PHASE,
		SESSION_CONFIG, SESSION_WEBUI, SESSION_JSON};
	gint64 ns = 0;

	for (guint i = 0; i < G_N_ELEMENTS(files); i++)
		ns = MAX(ns, fixture_mtime(self, session, files[i]));
	return ns / 1000000000;
}

static gboolean expect_session(
	const Entry *entry, const char *session, void *data)
{
	Model *self = data;
	guint32 number = entry->number;
	g_autofree char *body =
		fixture_read(self->fixture, number, SESSION_JSON);
	g_autofree char *state =
		read_word(self->fixture, number, SESSION_STATE);
	g_autofree char *phase =
		read_word(self->fixture, number, SESSION_PHASE);
	g_autoptr(Json) record = json_parse(body, strlen(body), NULL);
	g_autofree char *name = record_text(record, "name");
	g_autofree char *user = record_text(record, "user");
	gint64 made = json_get_int(record, "created", 0, G_MAXINT64, 0) / 1000;

	expect_link(self, BY_STATE, state, session);
	expect_link(self, BY_PHASE, phase, session);
	expect_link(self, BY_USER, user, session);
	if (*name != '\0')
		g_hash_table_insert(self->links, g_strdup(session),
			name_escape(name, NULL));
	append_tsv(self->tsv, session);
	append_tsv(self->tsv, name);
	append_tsv(self->tsv, state);
	append_tsv(self->tsv, phase);
	append_tsv(self->tsv, user);
	append_time(self->tsv, made);
	g_string_append_c(self->tsv, '\t');
	append_time(self->tsv, changed_s(self->fixture, number));
	g_string_append_c(self->tsv, '\n');
	return TRUE;
}

static void string_free(gpointer text)
{
	g_string_free(text, TRUE);
}

static void expect_all(Model *self, Fixture *fixture, guint32 workspace)
{
	self->fixture = fixture;
	for (ByWhat by = 0; by < N_VIEWS; by++)
		self->groups[by] = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, string_free);
	for (Phase phase = 0; phase < N_PHASES; phase++)
		g_hash_table_insert(self->groups[BY_PHASE],
			g_strdup(phase_name(phase)), g_string_new(NULL));
	self->links =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	self->tsv = g_string_new(
		"session\tname\tstate\tphase\tuser\tcreated\tchanged\n");
	yes(cache_list(
		    fixture->cache, workspace, 0, expect_session, self, NULL),
		NULL);
}

static void model_clear(Model *self)
{
	for (ByWhat by = 0; by < N_VIEWS; by++)
		g_hash_table_unref(self->groups[by]);
	g_hash_table_unref(self->links);
	g_string_free(self->tsv, TRUE);
}

/* ---- comparing ---- */

static void check_groups(Model *self, guint32 workspace, ByWhat by)
{
	g_autofree char *names = views_list(self->fixture, workspace, by);
	g_auto(GStrv) listed = g_strsplit(names, " ", -1);
	guint n = g_strv_length(listed);

	g_assert_cmpuint(n, ==, g_hash_table_size(self->groups[by]));
	for (guint i = 0; i < n; i++) {
		GString *links =
			g_hash_table_lookup(self->groups[by], listed[i]);
		g_autofree char *is =
			views_links(self->fixture, workspace, by, listed[i]);

		g_assert_nonnull(links);
		g_assert_cmpstr(is, ==, links->str);
	}
}

/* It is called so, or so with a number, where the name is not too long. */
static void check_link(Model *self, const char *link, const char *session)
{
	const char *name = g_hash_table_lookup(self->links, session);
	gsize len;

	g_assert_nonnull(name);
	len = strlen(name);
	if (strcmp(link, name) == 0 || len > NAME_MAX_BYTES - 10)
		return;
	g_assert_true(g_str_has_prefix(link, name));
	g_assert_cmpint(link[len], ==, '~');
	g_assert_cmpuint(strspn(link + len + 1, "0123456789"), ==,
		strlen(link + len + 1));
}

static gboolean visit_named(const Entry *entry, const char *name, void *data)
{
	Model *self = data;
	g_autofree char *session =
		cache_name(self->fixture->cache, entry->number);

	check_link(self, name, session);
	g_hash_table_remove(self->links, session);
	return TRUE;
}

/* JSON lines say what the other table says. */
static void check_jsonl(const char *jsonl, const char *tsv)
{
	g_auto(GStrv) objects = g_strsplit(jsonl, "\n", -1);
	g_auto(GStrv) lines = g_strsplit(tsv, "\n", -1);
	g_auto(GStrv) columns = g_strsplit(lines[0], "\t", -1);

	guint n = *jsonl != '\0' ? g_strv_length(objects) - 1 : 0;

	g_assert_cmpuint(n, ==, g_strv_length(lines) - 2);
	for (guint i = 0; i < n; i++) {
		g_auto(GStrv) values = g_strsplit(lines[i + 1], "\t", -1);
		g_autoptr(Json) object =
			json_parse(objects[i], strlen(objects[i]), NULL);

		g_assert_nonnull(object);
		g_assert_cmpuint(json_size(object), ==, 8);
		for (guint c = 0; columns[c] != NULL; c++) {
			g_autoptr(GString) value = g_string_new(NULL);

			append_tsv(
				value, json_text(json_get(object, columns[c])));
			g_string_truncate(value, value->len - 1);
			g_assert_cmpstr(value->str, ==, values[c]);
		}
	}
}

void views_check(Fixture *self, guint32 workspace)
{
	g_autofree char *tsv = views_table(self, workspace, TABLE_TSV);
	g_autofree char *jsonl = views_table(self, workspace, TABLE_JSONL);
	Model model = {NULL};

	expect_all(&model, self, workspace);
	g_assert_cmpstr(tsv, ==, model.tsv->str);
	check_jsonl(jsonl, tsv);
	for (ByWhat by = BY_STATE; by < N_VIEWS; by++)
		check_groups(&model, workspace, by);
	yes(cache_links(self->cache, workspace, 0, visit_named, &model, NULL),
		NULL);
	g_assert_cmpuint(g_hash_table_size(model.links), ==, 0);
	model_clear(&model);
}
