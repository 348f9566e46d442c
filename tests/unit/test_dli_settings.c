#include "backends/dli/dli_settings.h"

#include <string.h>

#include "backends/error.h"
#include "dli_fixture.h"

#define OTHER "fedcba9876543210fedcba9876543210"

/* What "key=value" words, ended by NULL, come to. */
static gboolean settings_of(
	const char *const *words, DliSettings *ret, GError **error)
{
	g_autoptr(GHashTable) keys =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (; *words; words++) {
		g_auto(GStrv) pair = g_strsplit(*words, "=", 2);

		g_hash_table_insert(keys, g_strdup(pair[0]), g_strdup(pair[1]));
	}
	return dli_settings_read(keys, ret, error);
}

static void a_region_is_enough(void)
{
	static const char *const words[] = {"region=cn-north-4", NULL};
	g_auto(DliSettings) settings = {NULL};
	g_autoptr(GError) error = NULL;

	g_assert_true(settings_of(words, &settings, &error));
	g_assert_cmpstr(settings.region, ==, "cn-north-4");
	g_assert_cmpstr(settings.endpoint, ==,
		"https://dli.cn-north-4.myhuaweicloud.com");
	g_assert_cmpstr(
		settings.iam, ==, "https://iam.cn-north-4.myhuaweicloud.com");
	g_assert_cmpstr(settings.kind->member, ==, "queue");
	g_assert_null(settings.project);
}

static void keys_come_first(void)
{
	static const char *const words[] = {"region=eu-west-101",
		"containers=clusters", "project=" OTHER,
		"iam_endpoint=https://iam.mine//", NULL};
	g_auto(DliSettings) settings = {NULL};
	g_autoptr(GError) error = NULL;

	g_setenv("HUAWEICLOUD_SDK_PROJECT_ID", DLI_TEST_PROJECT, TRUE);
	g_setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", "https://iam.env", TRUE);
	g_assert_true(settings_of(words, &settings, &error));
	g_assert_cmpstr(settings.endpoint, ==,
		"https://dli.eu-west-101.myhuaweicloud.eu");
	g_assert_cmpstr(settings.kind->member, ==, "cluster_name");
	g_assert_cmpstr(settings.project, ==, OTHER);
	g_assert_cmpstr(settings.iam, ==, "https://iam.mine");

	g_auto(DliSettings) silent = {NULL};
	g_assert_true(settings_of(
		(const char *const[]){"region=cn-x", NULL}, &silent, &error));
	g_assert_cmpstr(silent.project, ==, DLI_TEST_PROJECT);
	g_assert_cmpstr(silent.iam, ==, "https://iam.env");
	g_unsetenv("HUAWEICLOUD_SDK_PROJECT_ID");
	g_unsetenv("HUAWEICLOUD_SDK_IAM_ENDPOINT");
}

static void a_region_may_be_implied(void)
{
	g_auto(DliSettings) behind = {NULL};
	g_auto(DliSettings) named = {NULL};
	g_autoptr(GError) error = NULL;

	g_assert_true(settings_of(
		(const char *const[]){"endpoint=http://127.0.0.1:1", NULL},
		&behind, &error));
	g_assert_cmpstr(behind.region, ==, "cn-north-4");
	g_setenv("HUAWEICLOUD_SDK_REGION_DLI_CN_MINE_1", "https://dli.mine",
		TRUE);
	g_assert_true(settings_of((const char *const[]){NULL}, &named, &error));
	g_assert_cmpstr(named.region, ==, "cn-mine-1");
	g_assert_cmpstr(named.endpoint, ==, "https://dli.mine");
	g_unsetenv("HUAWEICLOUD_SDK_REGION_DLI_CN_MINE_1");
}

static void what_makes_no_sense_is_named(void)
{
	static const struct {
		const char *words[3], *say;
	} rows[] = {
		{{NULL}, "no region is known: set region = "},
		{{"region=", NULL}, "region must be a name such as"},
		{{"region=Cn", NULL}, "not \"Cn\""},
		{{"region=x.evil.example", NULL}, "region must be a name"},
		{{"region=a/b", NULL}, "region must be a name"},
		{{"region=cn-x", "containers=Queue"},
			"containers must be queues or clusters, not \"Queue\""},
		{{"region=cn-x", "project=cn-north-4"},
			"project must be an id of 32 hex digits, not "
			"\"cn-north-4\""},
		{{"region=cn-x", "project=../../0123456789abcdef01234567"},
			"an id of 32 hex digits"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(DliSettings) settings = {NULL};
		g_autoptr(GError) error = NULL;

		g_assert_false(settings_of(rows[i].words, &settings, &error));
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_CONFIG);
		if (!strstr(error->message, rows[i].say))
			g_error("\"%s\" does not say \"%s\"", error->message,
				rows[i].say);
		g_assert_null(settings.region);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	dli_fixture_environment();
	g_test_add_func("/dli-settings/region", a_region_is_enough);
	g_test_add_func("/dli-settings/keys", keys_come_first);
	g_test_add_func("/dli-settings/implied", a_region_may_be_implied);
	g_test_add_func("/dli-settings/nonsense", what_makes_no_sense_is_named);
	return g_test_run();
}
