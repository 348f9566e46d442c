/*
 * Says what our readers make of vendors' files, for test_files.py to compare it
 * with what the vendors' own do.
 *
 * usage: reading ini DIALECT FILE...   a line of JSON for each: {section: {key:
 *                                      value}}, or {"": why it is refused}
 *        reading aws                   {profiles: ..., sso_sessions: ...,
 *                                      services: ...} of both shared files
 *        reading keys VENDOR           {id, secret, token} of its chain, or
 *                                      {"": why not}
 *        reading project               Google's
 */
#include <stdio.h>
#include <string.h>

#include "backends/alibaba/alibaba_chain.h"
#include "backends/aws/aws_chain.h"
#include "backends/aws/aws_files.h"
#include "backends/dataproc/google_chain.h"
#include "backends/dli/huawei_chain.h"
#include "backends/error.h"

#define PATIENCE_US (20 * G_USEC_PER_SEC)

static void put(const Json *value)
{
	g_autofree char *text = json_print(value, FALSE);

	puts(text);
}

static void put_refusal(const GError *error)
{
	g_autoptr(Json) refusal = json_object();

	json_set_text(refusal, "", error->message);
	put(refusal);
}

static Json *nested_of(const Ini *ini, const char *section, const char *key)
{
	g_autoptr(GPtrArray) keys = ini_keys_nested(ini, section, key);
	Json *nested = json_object();

	for (guint i = 0; i < keys->len; i++) {
		const char *sub = g_ptr_array_index(keys, i);

		json_set_text(
			nested, sub, ini_get_nested(ini, section, key, sub));
	}
	return nested;
}

/* Adds to what there is. */
static void section_add(Json *out, const Ini *ini, const char *section)
{
	g_autoptr(GPtrArray) keys = ini_keys(ini, section);

	for (guint i = 0; i < keys->len; i++) {
		const char *key = g_ptr_array_index(keys, i);
		const char *value = ini_get(ini, section, key);

		if (value) {
			json_set_text(out, key, value);
		} else {
			g_autoptr(Json) nested = nested_of(ini, section, key);
			json_set_copy(out, key, nested);
		}
	}
}

static void put_ini(const char *path, IniFlags flags)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Ini) ini = ini_read(path, flags, &error);
	g_autoptr(Json) out = json_object();

	if (!ini) {
		put_refusal(error);
		return;
	}
	for (guint i = 0; i < ini_count(ini); i++) {
		const char *name = ini_name(ini, i);
		g_autoptr(Json) section = json_object();

		if (!ini_check(ini, name, NULL))
			continue;
		section_add(section, ini, name);
		json_set_copy(out, name, section);
	}
	put(out);
}

static void put_inis(const char *dialect, char **paths)
{
	static const struct {
		const char *name;
		IniFlags flags;
	} dialects[] = {{"alibaba", INI_ALIBABA}, {"aws", INI_AWS},
		{"google", INI_GOOGLE}, {"huawei", INI_HUAWEI}};

	for (; *paths; paths++)
		for (gsize i = 0; i < G_N_ELEMENTS(dialects); i++)
			if (g_str_equal(dialects[i].name, dialect))
				put_ini(*paths, dialects[i].flags);
}

/* ---- AWS's two files together ---- */

static void kind_add(
	Json *out, const AwsFiles *files, AwsFilesKind kind, const char *name)
{
	g_autoptr(GPtrArray) names = aws_files_names(files, kind);
	g_autoptr(Json) all = json_object();

	for (guint i = 0; i < names->len; i++) {
		const char *one = g_ptr_array_index(names, i);
		const char *config =
			aws_files_section(files, kind, AWS_FILES_CONFIG, one);
		const char *credentials = aws_files_section(
			files, kind, AWS_FILES_CREDENTIALS, one);
		g_autoptr(Json) section = json_object();

		if (config)
			section_add(section,
				aws_files_ini(files, AWS_FILES_CONFIG), config);
		if (credentials)
			section_add(section,
				aws_files_ini(files, AWS_FILES_CREDENTIALS),
				credentials);
		json_set_copy(all, one, section);
	}
	json_set_copy(out, name, all);
}

static void put_aws(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(AwsFiles) files = aws_files_read(NULL, &error);
	g_autoptr(Json) out = json_object();

	if (!files) {
		put_refusal(error);
		return;
	}
	kind_add(out, files, AWS_FILES_PROFILE, "profiles");
	kind_add(out, files, AWS_FILES_SSO_SESSION, "sso_sessions");
	kind_add(out, files, AWS_FILES_SERVICES, "services");
	put(out);
}

/* ---- chains ---- */

static CredentialSource *chain_of(const char *vendor)
{
	if (g_str_equal(vendor, "alibaba"))
		return chain_new(&alibaba_chain, NULL, NULL, NULL, NULL);
	if (g_str_equal(vendor, "aws"))
		return chain_new(&aws_chain, NULL, NULL, NULL, NULL);
	return chain_new(
		&huawei_chain, NULL, NULL, "https://iam.invalid", NULL);
}

static void put_keys(const char *vendor)
{
	g_autoptr(CredentialSource) source = chain_of(vendor);
	g_autoptr(GError) error = NULL;
	g_autoptr(Credentials) found = credential_source_get(
		source, g_get_monotonic_time() + PATIENCE_US, &error);
	g_autoptr(Json) out = json_object();

	if (!found) {
		put_refusal(error);
		return;
	}
	json_set_text(out, "id", found->access_key_id);
	json_set_text(out, "secret", secret_peek(found->secret));
	json_set_text(
		out, "token", found->token ? secret_peek(found->token) : "");
	put(out);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	auth_start_here();
	if (g_str_equal(what, "ini") && argc > 3) {
		put_inis(argv[2], argv + 3);
	} else if (g_str_equal(what, "aws")) {
		put_aws();
	} else if (g_str_equal(what, "keys") && argc > 2) {
		put_keys(argv[2]);
	} else if (g_str_equal(what, "project")) {
		g_autofree char *project = google_chain_project(NULL);
		puts(project ? project : "");
	} else {
		return 2;
	}
	return 0;
}
