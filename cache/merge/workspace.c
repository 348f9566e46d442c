#include "cache/merge/workspace.h"

#include "cache/model/account.h"
#include "cache/requests/requests.h"

Dir *workspace_open(Dir *provider, Id *id)
{
	Cache *cache = provider->cache;
	Dir *dir = node_ids_owner(cache->node_ids, id->number);
	char *path;

	if (dir != NULL && dir->number == id->number)
		return dir;
	path = g_build_filename(
		cache->state_dir, provider->account->store, id_name(id), NULL);
	dir = dir_new(cache, DIR_WORKSPACE, provider, provider->provider,
		id->number, id->text, id_name(id), disk_new(path));
	requests_attach(cache->requests, dir);
	dir_load(dir);
	dir_join(dir);
	node_ids_assign(cache->node_ids, id->number, dir);
	return dir;
}
