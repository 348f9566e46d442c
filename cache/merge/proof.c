#include "cache/merge/proof.h"

#include "cache/model/account.h"

typedef struct {
	Dir *dir;
	const char *told;
	gboolean bare; /* one of the two names is that of a key alone */
	gboolean accepted;
	Call call;
} Probe;

static gboolean is_bare(const char *name)
{
	return g_str_has_prefix(name, "key ");
}

static gboolean is_still(const char *account, const Call *call, GError **error)
{
	const Probe *self = call->owner;

	return g_str_equal(account, self->told) ||
	       backend_error_false(error, BACKEND_ERROR_AUTH,
		       "nothing was sent: the credentials have just changed");
}

static gboolean note_accepted(const char *account, const Call *call)
{
	((Probe *)call->owner)->accepted = TRUE;
	return TRUE;
}

/* Whether the answer is the provider's own on what these credentials may do. */
static gboolean is_verdict(const GError *error)
{
	return g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_GONE) ||
	       g_error_matches(error, BACKEND_ERROR, BACKEND_ERROR_DENIED);
}

static Proof hit(const Probe *self)
{
	return self->bare ? PROOF_SAME : PROOF_OTHER;
}

static Proof miss(Probe *self)
{
	guint64 known = dir_count(self->dir);

	return self->bare && known == 0 ? PROOF_SAME : PROOF_OTHER;
}

/* By the sessions of a workspace. */
static Proof prove_by_sessions(Probe *self, const char *id, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(HeldBackend) backend = provider_hold(self->dir->provider);
	g_autoptr(SessionPage) page =
		backend_list_page(backend, id, NULL, &self->call, &local);

	if (page != NULL)
		return hit(self);
	if (g_error_matches(local, BACKEND_ERROR, BACKEND_ERROR_GONE) ||
		(!self->bare && is_verdict(local)))
		return PROOF_OTHER;
	g_propagate_error(error, g_steal_pointer(&local));
	return PROOF_NONE;
}

/* The first that is reached tells. */
static Proof prove_by_each(Probe *self, const GPtrArray *ids, GError **error)
{
	Proof proof = ids->len > 0 ? PROOF_OTHER : miss(self);

	for (guint i = 0; i < ids->len && proof == PROOF_OTHER; i++) {
		proof = prove_by_sessions(self, ids->pdata[i], error);
		if (!self->bare)
			break;
	}
	return proof;
}

static GPtrArray *known_ids(Probe *self)
{
	g_autoptr(Snapshot) shown = dir_snapshot(self->dir);
	GPtrArray *ids = g_ptr_array_new();

	/* They live as long as the directory does. */
	snapshot_foreach (row, shown, 0)
		g_ptr_array_add(ids, row->id->text);
	return ids;
}

/* As known_ids, of a page. */
static GPtrArray *page_ids(const WorkspacePage *page)
{
	GPtrArray *ids = g_ptr_array_new();

	for (guint i = 0; i < page->workspaces->len; i++)
		g_ptr_array_add(
			ids, ((Workspace *)page->workspaces->pdata[i])->id);
	return ids;
}

static gboolean is_any_known(Probe *self, const GPtrArray *ids)
{
	for (guint i = 0; i < ids->len; i++)
		if (dir_knows(self->dir, ids->pdata[i]))
			return TRUE;
	return FALSE;
}

/* *ret_token: of the page, and of the next; NULL: this was the last. */
static Proof prove_by_page(Probe *self, char **ret_token, GError **error)
{
	g_autofree char *token = g_steal_pointer(ret_token);
	g_autoptr(HeldBackend) backend = provider_hold(self->dir->provider);
	g_autoptr(WorkspacePage) page =
		backend_list_workspaces(backend, token, &self->call, error);
	g_autoptr(GPtrArray) ids = page != NULL ? page_ids(page) : NULL;

	if (page == NULL)
		return PROOF_NONE;
	if (!self->accepted)
		return prove_by_each(self, ids, error);
	if (!self->bare || is_any_known(self, ids))
		return hit(self);
	*ret_token = g_steal_pointer(&page->next);
	return *ret_token != NULL ? PROOF_NONE : miss(self);
}

static Proof prove_by_list(Probe *self, GError **error)
{
	g_autoptr(GPtrArray) ids = NULL;
	g_autoptr(GError) local = NULL;
	char *token = NULL;
	Proof proof;

	do {
		proof = prove_by_page(self, &token, &local);
	} while (token != NULL);
	if (local == NULL || !is_verdict(local)) {
		if (local != NULL)
			g_propagate_error(error, g_steal_pointer(&local));
		return proof;
	}
	/* Not allowed to list them; allowed to ask for those that are known? */
	if (!self->bare)
		return PROOF_OTHER;
	ids = known_ids(self);
	return prove_by_each(self, ids, error);
}

Proof proof_get(Dir *dir, const char *told, const Call *call, GError **error)
{
	const char *shown = account_name(dir->account);
	Probe self = {.dir = dir,
		.told = told,
		.bare = is_bare(told) || (shown != NULL && is_bare(shown)),
		.call = {.deadline_us = call->deadline_us,
			.interactive = call->interactive,
			.owned = is_still,
			.accepted = note_accepted,
			.owner = &self}};
	char **fixed = dir->provider->workspaces;
	g_autoptr(GPtrArray) ids = NULL;

	if (fixed == NULL)
		return prove_by_list(&self, error);
	ids = g_ptr_array_new();
	for (guint i = 0; fixed[i] != NULL; i++)
		g_ptr_array_add(ids, fixed[i]);
	return prove_by_each(&self, ids, error);
}
