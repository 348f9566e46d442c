#include "backends/aws/aws_files.h"

#include <string.h>

#include "backends/base/text.h"

struct AwsFiles {
	Ini *files[2];        /* by AwsFilesWhich; NULL: there is none */
	GHashTable *names[3]; /* by kind: the section of the config file */
};

static const char *const kinds[] = {"profile", "sso-session", "services"};

/* ---- names ---- */

/* "profile 'x y'" is "x y"; so is "profiles 'x y'", for the vendor compares the
 * beginning.  NULL for what is no such section. */
static char *name_of(const char *section, AwsFilesKind kind)
{
	if (!g_str_has_prefix(section, kinds[kind]))
		return NULL;
	g_auto(GStrv) words = words_split(section);
	return words && g_strv_length(words) == 2 ? g_strdup(words[1]) : NULL;
}

static void names_add(AwsFiles *files, const char *section)
{
	if (g_str_equal(section, "default"))
		g_hash_table_replace(files->names[AWS_FILES_PROFILE],
			g_strdup(section), (char *)section);
	for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		char *name = name_of(section, kind);

		if (name)
			g_hash_table_replace(
				files->names[kind], name, (char *)section);
	}
}

/* ---- the files ---- */

static gboolean file_read(
	AwsFiles *files, AwsFilesWhich which, char *path, GError **error)
{
	g_autofree char *owned = path;

	if (!auth_is_file(owned))
		return TRUE;
	files->files[which] = ini_read(owned, INI_AWS, error);
	return files->files[which] != NULL;
}

static gboolean both_read(AwsFiles *files, GError **error)
{
	return file_read(files, AWS_FILES_CONFIG, aws_files_config_path(),
		       error) &&
	       file_read(files, AWS_FILES_CREDENTIALS,
		       aws_files_credentials_path(), error);
}

static gboolean one_read(AwsFiles *files, const char *path, GError **error)
{
	files->files[AWS_FILES_CREDENTIALS] = ini_read(path, INI_AWS, error);
	return files->files[AWS_FILES_CREDENTIALS] != NULL;
}

AwsFiles *aws_files_read(const char *path, GError **error)
{
	g_autoptr(AwsFiles) files = g_new0(AwsFiles, 1);

	for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
		files->names[kind] = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, NULL);
	if (!(path ? one_read(files, path, error) : both_read(files, error)))
		return NULL;
	const Ini *config = files->files[AWS_FILES_CONFIG];
	for (guint i = 0; config && i < ini_count(config); i++)
		names_add(files, ini_name(config, i));
	return g_steal_pointer(&files);
}

void aws_files_free(AwsFiles *files)
{
	if (!files)
		return;
	for (gsize kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
		g_hash_table_unref(files->names[kind]);
	ini_free(files->files[AWS_FILES_CONFIG]);
	ini_free(files->files[AWS_FILES_CREDENTIALS]);
	g_free(files);
}

const Ini *aws_files_ini(const AwsFiles *files, AwsFilesWhich which)
{
	return files->files[which];
}

const char *aws_files_section(const AwsFiles *files, AwsFilesKind kind,
	AwsFilesWhich which, const char *name)
{
	const Ini *ini = files->files[which];

	if (which == AWS_FILES_CONFIG)
		return g_hash_table_lookup(files->names[kind], name);
	return kind == AWS_FILES_PROFILE && ini && ini_has(ini, name) ? name
								      : NULL;
}

gboolean aws_files_has(
	const AwsFiles *files, AwsFilesKind kind, const char *name)
{
	return aws_files_section(files, kind, AWS_FILES_CONFIG, name) ||
	       aws_files_section(files, kind, AWS_FILES_CREDENTIALS, name);
}

GPtrArray *aws_files_names(const AwsFiles *files, AwsFilesKind kind)
{
	const Ini *ini = files->files[AWS_FILES_CREDENTIALS];
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, files->names[kind]);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	for (guint i = 0;
		kind == AWS_FILES_PROFILE && ini && i < ini_count(ini); i++)
		if (!g_hash_table_contains(
			    files->names[kind], ini_name(ini, i)))
			g_ptr_array_add(names, (char *)ini_name(ini, i));
	return names;
}

/* ---- values ---- */

const char *aws_files_get_of(const AwsFiles *files, AwsFilesWhich which,
	const char *name, const char *key)
{
	const char *section =
		aws_files_section(files, AWS_FILES_PROFILE, which, name);

	return section ? ini_get(files->files[which], section, key) : NULL;
}

static const char *config_get(const AwsFiles *files, AwsFilesKind kind,
	const char *name, const char *key)
{
	const char *section = g_hash_table_lookup(files->names[kind], name);

	return section ? ini_get(files->files[AWS_FILES_CONFIG], section, key)
		       : NULL;
}

const char *aws_files_get(const AwsFiles *files, AwsFilesKind kind,
	const char *name, const char *key)
{
	const char *value = kind == AWS_FILES_PROFILE
				    ? aws_files_get_of(files,
					      AWS_FILES_CREDENTIALS, name, key)
				    : NULL;

	if (!value)
		value = config_get(files, kind, name, key);
	return value && *value ? value : NULL;
}

const char *aws_files_get_nested(const AwsFiles *files, AwsFilesKind kind,
	const char *name, const char *section, const char *key)
{
	const char *found = g_hash_table_lookup(files->names[kind], name);
	const char *value =
		found ? ini_get_nested(files->files[AWS_FILES_CONFIG], found,
				section, key)
		      : NULL;

	return value && *value ? value : NULL;
}

/* ---- what the environment says of them ---- */

static char *path_of(const char *env, const char *rest)
{
	const char *path = auth_env(env);

	return path ? auth_expand_path(path) : auth_home_path(rest);
}

char *aws_files_config_path(void)
{
	return path_of("AWS_CONFIG_FILE", ".aws/config");
}

char *aws_files_credentials_path(void)
{
	return path_of("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
}

const char *aws_files_profile(const char *profile, gboolean *ret_chosen)
{
	const char *name = profile && *profile ? profile : NULL;

	if (!name)
		name = auth_env("AWS_PROFILE");
	if (!name)
		name = auth_env("AWS_DEFAULT_PROFILE");
	if (ret_chosen)
		*ret_chosen = name != NULL;
	return name ? name : "default";
}

char *aws_files_setting(const char *profile, const char *env, const char *key)
{
	const char *value = env ? auth_env(env) : NULL;

	if (value)
		return g_strdup(value);
	g_autoptr(AwsFiles) files = aws_files_read(NULL, NULL);
	return files ? g_strdup(aws_files_get(files, AWS_FILES_PROFILE,
			       aws_files_profile(profile, NULL), key))
		     : NULL;
}
