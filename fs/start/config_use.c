/* What a configuration that was read means for the cache and the mount. */
#include "fs/start/config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/start/mount.h"

CacheProvider config_section(const Config *config, ConfigProvider *section)
{
	return (CacheProvider){
		.name = section->name,
		.backend = g_steal_pointer(&section->backend),
		.workspaces = section->workspaces,
		.names = section->names,
		.name_all = section->workspace_name,
		.refresh_ms = section->refresh_ms ? section->refresh_ms
						  : config->refresh_ms,
		.read_only = section->read_only || config->read_only,
		.rmdir_ends = section->rmdir_ends,
		.start = section->start,
		.views = section->views && config->views,
		.list_lag_ms = section->list_lag_ms,
		.ended = section->ended,
	};
}

ConfigProvider *config_find(const Config *config, const char *name)
{
	for (guint i = 0; i < config->providers->len; i++) {
		ConfigProvider *one = g_ptr_array_index(config->providers, i);

		if (!strcmp(one->name, name))
			return one;
	}
	return NULL;
}

gboolean config_same_backend(
	const ConfigProvider *section, const ConfigProvider *other)
{
	GHashTableIter iter;
	gpointer key, value;

	if (section->class != other->class ||
		g_hash_table_size(section->keys) !=
			g_hash_table_size(other->keys))
		return FALSE;
	g_hash_table_iter_init(&iter, section->keys);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		if (g_strcmp0(g_hash_table_lookup(other->keys, key), value))
			return FALSE;
	}
	return TRUE;
}

static gboolean same_list(char **a, char **b)
{
	static char *none[] = {NULL};

	/* NULL asks the provider, an empty list names none. */
	return !a == !b && g_strv_equal((const char *const *)(a ? a : none),
				   (const char *const *)(b ? b : none));
}

gboolean config_same_rest(const Config *config, ConfigProvider *section,
	const Config *other_config, ConfigProvider *other)
{
	CacheProvider a = config_section(config, section);
	CacheProvider b = config_section(other_config, other);

	section->backend = a.backend;
	other->backend = b.backend;
	return same_list(a.workspaces, b.workspaces) &&
	       same_list(a.names, b.names) &&
	       !g_strcmp0(a.name_all, b.name_all) &&
	       a.refresh_ms == b.refresh_ms && a.read_only == b.read_only &&
	       a.rmdir_ends == b.rmdir_ends && a.start == b.start &&
	       a.views == b.views && a.list_lag_ms == b.list_lag_ms &&
	       a.ended == b.ended;
}

const char *config_file_of(
	const ConfigProvider *provider, const char *key, const char *value)
{
	const BackendKey *known = backend_key_find(provider->class, key);

	if (known && known->type == KEY_PATH)
		return *value ? value : NULL;
	/* basic:FILE, bearer:FILE, header:NAME:FILE; exec: is a program. */
	if (strcmp(key, "auth") || g_str_has_prefix(value, "exec:"))
		return NULL;
	return strchr(value, '/');
}

gboolean config_file_is_open(const char *key, const char *path)
{
	struct stat attr;
	/* What systemd loads for a service of another user than root is root's,
	 * and its group's bits are those of a list of who may read it. */
	mode_t others = S_IRWXG | S_IRWXO;

	if (!strcmp(key, "ca_file") || stat(path, &attr))
		return FALSE;
	if (!attr.st_uid && !attr.st_gid)
		others = S_IRWXO;
	return (attr.st_mode & others) != 0;
}

void config_warn_files(const Config *config, const ConfigProvider *section)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, section->keys);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *file = config_file_of(section, key, value);
		g_autofree char *where = NULL;

		if (!file)
			continue;
		where = config_where(config, section, key);
		if (access(file, R_OK))
			g_warning("%s %s names a file that cannot be read: %s: "
				  "%s",
				where, (char *)key, file, g_strerror(errno));
		else if (config_file_is_open(key, file))
			g_warning("%s %s names a file that others may read or "
				  "write: chmod 600 %s",
				where, (char *)key, file);
	}
}

static gboolean is_hidden(const char *mountpoint, const char *path,
	const char *key, GError **error)
{
	if (!path || !mount_covers(mountpoint, path))
		return FALSE;
	backend_error_set(error, BACKEND_ERROR_CONFIG,
		"[sessionfs] %s: the mount at %s would hide %s", key,
		mountpoint, path);
	return TRUE;
}

gboolean config_files_stay(
	const Config *config, const char *mountpoint, GError **error)
{
	GHashTableIter iter;
	gpointer key, value;

	if (is_hidden(mountpoint, config->metrics_socket, "metrics_socket",
		    error) ||
		is_hidden(mountpoint, config->log_file, "log_file", error))
		return FALSE;
	for (guint i = 0; i < config->providers->len; i++) {
		const ConfigProvider *provider =
			g_ptr_array_index(config->providers, i);

		g_hash_table_iter_init(&iter, provider->keys);
		while (g_hash_table_iter_next(&iter, &key, &value)) {
			const char *file = config_file_of(provider, key, value);
			g_autofree char *where = NULL;

			if (!file || !mount_covers(mountpoint, file))
				continue;
			where = config_where(config, provider, key);
			return backend_error_false(error, BACKEND_ERROR_CONFIG,
				"%s %s: the mount at %s would hide this file",
				where, (char *)key, mountpoint);
		}
	}
	return TRUE;
}
