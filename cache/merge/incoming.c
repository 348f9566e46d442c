#include "cache/merge/incoming.h"

#include "cache/base/name.h"
#include "cache/model/account.h"

/* What is left out must not be left out silently, nor at each refresh anew. */
static void tell_clash(Dir *dir, const char *raw) REQUIRES(dir->apply)
{
	g_autofree char *name =
		name_escape(raw, (const char *const *)dir->cache->reserved);

	if (!dir->clashed)
		g_warning("%s: more than one entry would be called %s: only "
			  "one is shown",
			dir->name, name);
	dir->clashed = TRUE;
}

gboolean incoming_apply(Incoming *self, Dir *dir, gconstpointer const *entries,
	guint n, IncomingOne one, GError **error)
{
	Applied told = {0};
	Change change;
	gboolean ok = TRUE;

	if (self->told == NULL)
		self->told = &told;
	if (self->ticks.came == 0)
		self->ticks.came = dir_tick(dir);
	self->change = &change;
	mutex_lock(&dir->apply);
	change_begin(&change, dir);
	for (guint i = 0; ok && i < n; i++)
		ok = one(self, entries[i], error);
	ok = ok && change_commit(&change, error);
	change_end(&change);
	mutex_unlock(&dir->apply);
	return ok;
}

gboolean incoming_clashed(Incoming *self)
{
	self->told->fresh++;
	self->told->clashed++;
	return TRUE;
}

Id *incoming_id(Dir *dir, const char *raw)
{
	Id *id = ids_get(dir_ids(dir), raw);

	if (id != NULL)
		return id;
	id = dir_add_id(dir, raw);
	if (id == NULL)
		tell_clash(dir, raw);
	return id;
}

gboolean incoming_number(Dir *dir, Id *id, gboolean *ret_known, GError **error)
{
	guint32 number;

	*ret_known = id->number != 0;
	if (id->number != 0)
		return TRUE;
	if (!node_ids_take(dir->cache->node_ids, dir, &number, error))
		return FALSE;
	dir_set_number(dir, id, number);
	return TRUE;
}

gboolean incoming_is_over(Incoming *self)
{
	Change *change = self->change;
	const Dir *dir = change->dir;
	const Cache *cache = dir->cache;
	guint64 shown = dir_shown(dir)->count, most = cache->workspaces_max;

	if (dir->kind == DIR_WORKSPACE) {
		shown = __atomic_load_n(&dir->account->shown, __ATOMIC_RELAXED);
		most = cache->sessions_max;
	}
	if (shown + change->added < most)
		return FALSE;
	self->told->over++;
	return TRUE;
}

void incoming_confirm(Incoming *self, Id *id)
{
	id->asked = self->ticks.asked;
	id->came = self->ticks.came;
}

void incoming_leave(Incoming *self, const Id *id)
{
	if (self->told->unsure != NULL)
		g_ptr_array_add(self->told->unsure, g_strdup(id->text));
}

/* Whether another answer came while this question was on its way.  What is too much
 * to be asked for again counts as newer. */
static gboolean is_unsure(const Incoming *self, const Id *id)
{
	const GPtrArray *unsure = self->told->unsure;

	return self->ticks.asked < id->came &&
	       (unsure == NULL || unsure->len < INCOMING_UNSURE_MAX);
}

IncomingAge incoming_counts(Incoming *self, Id *id)
{
	guint32 asked = self->ticks.asked;
	gboolean again = self->relist != 0 ? id->relisted == self->relist
					   : id->asked == asked;

	if (self->relist != 0)
		id->relisted = self->relist;
	self->told->fresh += !again;
	if (id->asked > asked)
		return INCOMING_OLD;
	if (id->asked < asked && is_unsure(self, id))
		return again ? INCOMING_OLD : INCOMING_UNSURE;
	if (self->relist != 0 && id->missed == MISSED_BY_GET)
		self->change->dir->gets_err = TRUE;
	id->missed = 0;
	if (again)
		return INCOMING_OLD;
	incoming_confirm(self, id);
	return INCOMING_NEWS;
}
