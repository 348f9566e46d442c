#include "chain_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

static const char *const vendors[] = {"ALIBABA_CLOUD_", "ALIBABACLOUD_",
	"ALICLOUD_", "AWS_", "CLOUDSDK_", "GCE_METADATA_", "GCLOUD_", "GOOGLE_",
	"HUAWEICLOUD_"};
static const char *const no_instance[] = {"ALIBABA_CLOUD_ECS_METADATA_DISABLED",
	"AWS_EC2_METADATA_DISABLED", "NO_GCE_CHECK"};
/* In a test's own words, in a key file, and how a signed token begins. */
static const char *const secrets[] = {"sesame", "BEGIN", "eyJhbGci"};

static void clear_environment(void)
{
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++)
		for (gsize i = 0; i < G_N_ELEMENTS(vendors); i++)
			if (g_str_has_prefix(*name, vendors[i]))
				g_unsetenv(*name);
}

void chain_fixture_set_up(ChainFixture *f, const void *unused)
{
	clear_environment();
	for (gsize i = 0; i < G_N_ELEMENTS(no_instance); i++)
		g_setenv(no_instance[i], "true", TRUE);
	f->home = g_dir_make_tmp("chain-XXXXXX", NULL);
	g_assert_nonnull(f->home);
	g_setenv("HOME", f->home, TRUE);
	f->server = tiny_server_new();
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		remove_tree(child);
	}
	g_remove(path);
}

void chain_fixture_tear_down(ChainFixture *f, const void *unused)
{
	tiny_server_free(f->server);
	remove_tree(f->home);
	g_free(f->home);
}

char *chain_fixture_put(ChainFixture *f, const char *rest, const char *text)
{
	char *path = g_build_filename(f->home, rest, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

Credentials *chain_ask(CredentialSource *source, gint64 ms, GError **error)
{
	return credential_source_get(
		source, g_get_monotonic_time() + ms * 1000, error);
}

void chain_finds(CredentialSource *source, const char *wanted)
{
	g_autoptr(CredentialSource) owned = source;
	g_autoptr(GError) error = NULL;
	g_autoptr(Credentials) found = chain_ask(owned, 20000, &error);

	g_assert_no_error(error);
	g_autofree char *text = g_strdup_printf("%s/%s/%s",
		found->access_key_id, secret_peek(found->secret),
		found->token ? secret_peek(found->token) : "");
	g_assert_cmpstr(text, ==, wanted);
}

void chain_fails(
	CredentialSource *source, BackendErrorCode code, const char *say)
{
	g_autoptr(CredentialSource) owned = source;
	g_autoptr(GError) error = NULL;

	g_assert_null(chain_ask(owned, 20000, &error));
	if (!strstr(error->message, say))
		g_error("\"%s\" does not say \"%s\"", error->message, say);
	g_assert_error(error, BACKEND_ERROR, (int)code);
	for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
		g_assert_null(strstr(error->message, secrets[i]));
}

void *chain_ask_until_aborted(void *source)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(chain_ask(source, 600000, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CANCELLED);
	return NULL;
}
