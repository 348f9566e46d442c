/* The key `credentials_file`: that file alone is read, whatever else there is. */
#include "backends/alibaba/alibaba_chain.h"
#include "backends/aws/aws_chain.h"
#include "backends/dli/huawei_chain.h"
#include "chain_fixture.h"

#include <string.h>

/* What each vendor's file looks like, with %s before the names of its keys. */
typedef struct {
	const ChainClass *class;
	const char *section;     /* that is read unless a profile is named */
	const char *text;        /* of a section; %s: id or secret */
	const char *own;         /* the vendor's own file, below the home */
	const char *id, *secret; /* variables */
} Vendor;

static const Vendor vendors[] = {
	{&alibaba_chain, "default",
		"[%s]\ntype = access_key\naccess_key_id = %s-id\n"
		"access_key_secret = %s-sesame\n",
		".alibabacloud/credentials", "ALIBABA_CLOUD_ACCESS_KEY_ID",
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
	{&aws_chain, "default",
		"[%s]\naws_access_key_id = %s-id\n"
		"aws_secret_access_key = %s-sesame\n",
		".aws/credentials", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY"},
	{&huawei_chain, "basic", "[%s]\nak = %s-id\nsk = %s-sesame\n",
		".huaweicloud/credentials", "HUAWEICLOUD_SDK_AK",
		"HUAWEICLOUD_SDK_SK"},
};

static CredentialSource *chain(
	const Vendor *vendor, const char *profile, const char *file)
{
	const HttpSettings http = {.proxy = ""};

	return chain_new(vendor->class, profile, file, NULL, &http);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static char *put(ChainFixture *f, const Vendor *vendor, const char *rest,
	const char *section, const char *key)
{
	g_autofree char *text =
		g_strdup_printf(vendor->text, section, key, key);

	return chain_fixture_put(f, rest, text);
}
#pragma GCC diagnostic pop

/* Other keys lie in the environment and in the vendor's own file. */
static void set_others(ChainFixture *f, const Vendor *vendor)
{
	g_setenv(vendor->id, "env-id", TRUE);
	g_setenv(vendor->secret, "env-sesame", TRUE);
	g_free(put(f, vendor, vendor->own, vendor->section, "own"));
}

static void the_file_comes_before_all_else(ChainFixture *f, const void *data)
{
	const Vendor *vendor = data;

	set_others(f, vendor);
	chain_finds(chain(vendor, NULL, NULL), "env-id/env-sesame/");
	g_autofree char *path =
		put(f, vendor, "run/keys", vendor->section, "named");
	chain_finds(chain(vendor, NULL, path), "named-id/named-sesame/");
	g_free(put(f, vendor, "run/keys", "prod", "prod"));
	chain_finds(chain(vendor, "prod", path), "prod-id/prod-sesame/");
}

static void no_other_takes_its_place(ChainFixture *f, const void *data)
{
	const Vendor *vendor = data;
	g_autofree char *missing = g_build_filename(f->home, "nosuch", NULL);
	g_autofree char *key =
		g_strconcat("(credentials_file = ", missing, ")", NULL);
	g_autofree char *why =
		g_strconcat("that file (", missing, ": No such file", NULL);
	g_autofree char *odd = chain_fixture_put(f, "odd", "sesame");
	g_autofree char *path =
		put(f, vendor, "keys", vendor->section, "named");

	set_others(f, vendor);
	chain_fails(chain(vendor, NULL, missing), BACKEND_ERROR_NO_KEY, key);
	chain_fails(chain(vendor, NULL, missing), BACKEND_ERROR_NO_KEY, why);
	chain_fails(chain(vendor, NULL, odd), BACKEND_ERROR_AUTH, odd);
	/* It has no such section, and the vendor's own file has. */
	g_free(put(f, vendor, vendor->own, "prod", "own"));
	chain_fails(chain(vendor, "prod", path), BACKEND_ERROR_NO_KEY,
		"(profile = prod, credentials_file = ");
}

static void a_changed_file_is_read_again(ChainFixture *f, const void *data)
{
	const Vendor *vendor = data;
	g_autofree char *path =
		put(f, vendor, "keys", vendor->section, "first");
	g_autoptr(CredentialSource) source = chain(vendor, NULL, path);
	g_autoptr(GError) error = NULL;
	g_autoptr(Credentials) first = chain_ask(source, 20000, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(first->access_key_id, ==, "first-id");
	g_free(put(f, vendor, "keys", vendor->section, "a-second"));
	g_autoptr(Credentials) second = chain_ask(source, 20000, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(second->access_key_id, ==, "a-second-id");
}

static void it_is_told_where_keys_come_from(ChainFixture *f, const void *data)
{
	const Vendor *vendor = data;
	g_autofree char *path =
		put(f, vendor, "keys", vendor->section, "named");
	g_autoptr(CredentialSource) source = chain(vendor, NULL, path);
	g_autoptr(GString) place = g_string_new(NULL);

	set_others(f, vendor);
	credential_source_place(source, place);
	g_assert_true(g_str_has_prefix(place->str, "credentials_file "));
	g_assert_nonnull(strstr(place->str, path));
}

/* The vendor's own settings of a profile are those of another account. */
static void a_role_of_the_own_file_is_not_taken(
	ChainFixture *f, const void *unused)
{
	const Vendor *aws = &vendors[1];
	g_autofree char *path = put(f, aws, "keys", "default", "named");

	g_free(chain_fixture_put(f, ".aws/config",
		"[default]\nrole_arn = arn:aws:iam::1:role/r\n"
		"source_profile = other\n"));
	chain_finds(chain(aws, NULL, path), "named-id/named-sesame/");
}

static void the_project_stands_beside_the_keys(
	ChainFixture *f, const void *unused)
{
	g_autofree char *path = chain_fixture_put(f, "keys",
		"[basic]\nproject_id = in-file\n[two]\nproject_id = of-two\n");

	set_others(f, &vendors[2]);
	g_setenv("HUAWEICLOUD_SDK_PROJECT_ID", "in-env", TRUE);
	g_autofree char *usual = huawei_chain_project(NULL, NULL);
	g_autofree char *basic = huawei_chain_project(path, NULL);
	g_autofree char *two = huawei_chain_project(path, "two");
	g_assert_cmpstr(usual, ==, "in-env");
	g_assert_cmpstr(basic, ==, "in-file");
	g_assert_cmpstr(two, ==, "of-two");
}

static void add(const char *name,
	void (*test)(ChainFixture *f, const void *data), const Vendor *vendor)
{
	g_autofree char *path =
		g_strdup_printf("/named_file/%s/%s", vendor->class->name, name);

	chain_fixture_add(path, test, vendor);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(vendors); i++) {
		add("first", the_file_comes_before_all_else, &vendors[i]);
		add("only", no_other_takes_its_place, &vendors[i]);
		add("changed", a_changed_file_is_read_again, &vendors[i]);
		add("told", it_is_told_where_keys_come_from, &vendors[i]);
	}
	chain_fixture_add("/named_file/aws/role",
		a_role_of_the_own_file_is_not_taken, NULL);
	chain_fixture_add("/named_file/huawei/project",
		the_project_stands_beside_the_keys, NULL);
	return g_test_run();
}
