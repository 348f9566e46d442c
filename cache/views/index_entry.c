#include "cache/views/index_entry.h"

#include "cache/requests/requests.h"
#include "cache/store/node_ids.h"
#include "cache/views/table.h"

#define NS_PER_S 1000000000

/* ---- lines ---- */

gboolean index_entry_is_same(const IndexEntry *self, const IndexEntry *other)
{
	return self->word == other->word && self->phase == other->phase &&
	       self->created_s == other->created_s &&
	       self->changed_s == other->changed_s &&
	       self->in[BY_USER] == other->in[BY_USER] &&
	       g_strcmp0(self->name, other->name) == 0;
}

static TableLine line_of(const IndexEntry *self, StateNames *state_names)
{
	const Group *user = self->in[BY_USER];

	return (TableLine){.session = id_name(self->id),
		.id = self->id->text,
		.name = self->name != NULL ? self->name : "",
		.state = state_names_get(state_names, self->word),
		.phase = phase_name((Phase)self->phase),
		.user = user != NULL ? user->word : "",
		.created_s = self->created_s,
		.changed_s = self->changed_s};
}

void index_entry_append(const IndexEntry *self, StateNames *state_names,
	CacheTable table, GString *out)
{
	const TableLine line = line_of(self, state_names);

	table_append_line(out, table, &line);
}

static void measure(IndexEntry *self, StateNames *state_names)
{
	const TableLine line = line_of(self, state_names);

	for (CacheTable table = 0; table < G_N_ELEMENTS(self->lens); table++)
		self->lens[table] = (guint32)table_line_len(table, &line);
}

/* ---- making ---- */

static void recall(IndexEntry *self, const IndexEntry *old)
{
	self->name = g_strdup(old->name);
	self->in[BY_USER] = old->in[BY_USER];
	self->created_s = old->created_s;
	self->body_hash = old->body_hash;
}

static void tell(IndexEntry *self, Dir *dir, const Row *row, const char *body,
	Groups *groups)
{
	g_auto(SessionSummary) told = {NULL};
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);

	backend_summarize(backend, body, row->body_len, &told);
	if (*told.name != '\0')
		self->name = g_steal_pointer(&told.name);
	self->in[BY_USER] = groups_get(groups, BY_USER, told.user);
	self->created_s = told.created_ms / 1000;
	self->body_hash = row->body_hash;
}

static void read_body(IndexEntry *self, Dir *dir, const Snapshot *shown,
	const Row *row, const IndexEntry *old, Groups *groups,
	BodyWindow *window)
{
	g_autofree char *alone = NULL;
	const char *body = NULL;

	if (row->body_len > 0 && shown->store != NULL)
		body = body_window_read(window, shown->store, row->body_at,
			row->body_len, row->body_hash);
	if (body == NULL)
		body = alone = dir_body(dir, shown, row, NULL);
	self->unread = body == NULL;
	if (body != NULL)
		tell(self, dir, row, body, groups);
	else if (old != NULL)
		recall(self, old);
}

/* What a workspace is to be called by its name; NULL: nothing. */
static const char *workspace_name(const Dir *workspace)
{
	const Provider *provider = workspace->provider;
	char **names = provider->names;

	for (; names != NULL && names[0] != NULL; names += 2)
		if (g_str_equal(names[0], workspace->id) ||
			g_str_equal(names[0], workspace->name))
			return names[1];
	return provider->name != NULL ? provider->name : workspace->title;
}

static IndexEntry *entry_of_workspace(const Dir *provider, const Row *row)
{
	const Dir *dir = node_ids_owner(provider->cache->node_ids, row->number);
	IndexEntry *self = g_new0(IndexEntry, 1);

	self->id = row->id;
	self->number = row->number;
	self->name = g_strdup(workspace_name(dir));
	return self;
}

IndexEntry *index_entry_new(Dir *dir, const Snapshot *shown, const Row *row,
	const IndexEntry *old, Groups *groups, BodyWindow *window)
{
	StateNames *state_names = dir->cache->state_names;
	const char *word = state_names_get(state_names, row->word);
	IndexEntry *self;

	if (dir->kind == DIR_PROVIDER)
		return entry_of_workspace(dir, row);
	self = g_new0(IndexEntry, 1);
	self->id = row->id;
	self->number = row->number;
	self->word = row->word;
	self->phase = row->phase;
	self->changed_s = row_newest_ns(row) / NS_PER_S;
	if (old != NULL && !old->unread && old->body_hash == row->body_hash)
		recall(self, old);
	else
		read_body(self, dir, shown, row, old, groups, window);
	/* One answer tells it, another one does not. */
	if (self->created_s == 0 && old != NULL)
		self->created_s = old->created_s;
	/* Some providers never do. */
	if (self->created_s == 0)
		self->created_s = requests_made_ms(dir->cache->requests, dir,
					  row->number) /
				  1000;
	self->in[BY_STATE] = groups_get(groups, BY_STATE, word);
	self->in[BY_PHASE] =
		groups_get(groups, BY_PHASE, phase_name((Phase)row->phase));
	measure(self, state_names);
	return self;
}

void index_entry_free(IndexEntry *self)
{
	g_free(self->name);
	g_free(self);
}
