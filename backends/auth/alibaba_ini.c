/*
 * The SDKs' own file, ~/.alibabacloud/credentials:
 *
 *   [name]
 *   type = access_key | ram_role_arn | ecs_ram_role
 *   access_key_id = ...
 */
#include <string.h>

#include "auth/alibaba_auth.h"

#define NAME_MAX_SHOWN 64

char *alibaba_credentials_path(void)
{
	const char *path = auth_env("ALIBABA_CLOUD_CREDENTIALS_FILE");

	return path ? g_strdup(path)
		    : auth_home_path(".alibabacloud/credentials");
}

/* The keys of one section; names and values point into file, which is cut up
 * for it. */
static GHashTable *section_read(char *file, const char *section)
{
	GHashTable *keys = NULL;
	gboolean inside = FALSE;

	for (char *line = file, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		g_strstrip(line);
		gsize len = strlen(line);
		if (len > 1 && line[0] == '[' && line[len - 1] == ']') {
			line[len - 1] = '\0';
			inside = g_str_equal(g_strstrip(line + 1), section);
			if (inside && !keys)
				keys = g_hash_table_new(
					g_str_hash, g_str_equal);
			continue;
		}
		char *value = strchr(line, '=');
		if (!inside || !value || *line == '#' || *line == ';')
			continue;
		*value++ = '\0';
		g_hash_table_insert(keys, g_strchomp(line), g_strchug(value));
	}
	return keys;
}

/* Neither type takes a token here: that is what the environment is for. */
static Credentials *section_pair(
	GHashTable *keys, const char *origin, GError **error)
{
	const char *id = g_hash_table_lookup(keys, "access_key_id");
	const char *secret = g_hash_table_lookup(keys, "access_key_secret");

	if (id && *id && secret && *secret)
		return credentials_new(
			id, secret_new(secret, -1), NULL, 0, origin);
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"access_key_id or access_key_secret is missing");
	return NULL;
}

static Credentials *section_role(const Chain *chain, GHashTable *keys,
	const char *origin, gint64 deadline_us, GError **error)
{
	const AlibabaRole role = {
		.arn = g_hash_table_lookup(keys, "role_arn"),
		.session_name = g_hash_table_lookup(keys, "role_session_name"),
		.policy = g_hash_table_lookup(keys, "policy"),
	};
	g_autoptr(Credentials) base = section_pair(keys, origin, error);

	return base ? alibaba_assume_role(
			      chain, &role, base, origin, deadline_us, error)
		    : NULL;
}

static Credentials *section_keys(const Chain *chain, GHashTable *keys,
	const char *origin, gint64 deadline_us, GError **error)
{
	const char *type = g_hash_table_lookup(keys, "type");

	if (g_strcmp0(type, "access_key") == 0)
		return section_pair(keys, origin, error);
	if (g_strcmp0(type, "ram_role_arn") == 0)
		return section_role(chain, keys, origin, deadline_us, error);
	if (g_strcmp0(type, "ecs_ram_role") == 0)
		return alibaba_metadata(chain,
			g_hash_table_lookup(keys, "role_name"), deadline_us,
			error);
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"%s: its type must be access_key, ram_role_arn or ecs_ram_role",
		origin);
	return NULL;
}

Credentials *alibaba_credentials_file(
	const Chain *chain, gint64 deadline_us, GError **error)
{
	g_autofree char *path = alibaba_credentials_path();
	const char *name = alibaba_profile_name(chain, "default");
	g_autofree char *origin = g_strdup_printf(
		"section %.*s of %s", NAME_MAX_SHOWN, name, path);
	Credentials *credentials = NULL;
	gsize len = 0;
	char *file = auth_read_file(path, &len, error);

	if (!file)
		return NULL;
	GHashTable *keys = section_read(file, name);
	if (keys)
		credentials =
			section_keys(chain, keys, origin, deadline_us, error);
	else
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"%s: there is no such section", origin);
	g_clear_pointer(&keys, g_hash_table_unref);
	auth_wipe_text(file, len);
	return credentials;
}
