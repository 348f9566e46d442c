#include <string.h>

#include "aws_home.h"
#include "backends/api/api_settings.h"
#include "backends/aws/aws_chain.h"
#include "backends/dataproc/google_chain.h"

/* Which file of certificate authorities a section takes, vendor by vendor. */

static const char *const names[] = {"AWS_CA_BUNDLE",
	"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "REQUESTS_CA_BUNDLE",
	"CURL_CA_BUNDLE", "SSL_CERT_FILE"};

/* Each variable is set to its own name; others are not there. */
static void set_only(const char *const *set)
{
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_unsetenv(names[i]);
	for (; *set; set++)
		g_setenv(*set, *set, TRUE);
}

/* own: the vendor's choice; taken. */
static void takes(const char *key, char *own, const char *wanted)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char *vendor = own;

	if (key)
		g_hash_table_insert(keys, (char *)"ca_file", (char *)key);
	g_assert_cmpstr(api_ca_file(keys, vendor), ==, wanted);
}

static void the_key_comes_first(ChainFixture *f, const void *unused)
{
	static const char *const all[] = {"AWS_CA_BUNDLE",
		"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "REQUESTS_CA_BUNDLE",
		"CURL_CA_BUNDLE", "SSL_CERT_FILE", NULL};

	set_only(all);
	takes("key", NULL, "key");
	takes("key", aws_ca_file(NULL), "key");
	takes("key", google_ca_file(), "key");
}

/* Those that have no variable of their own. */
static void tools_variables_in_their_order(ChainFixture *f, const void *unused)
{
	static const char *const order[] = {
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", NULL};

	for (const char *const *left = order; *left; left++) {
		set_only(left);
		takes(NULL, NULL, *left);
		takes("", NULL, *left);
		g_setenv(*left, "", TRUE);
		takes(NULL, NULL, left[1]);
	}
	set_only(order + G_N_ELEMENTS(order) - 1);
	takes(NULL, NULL, NULL);
}

static void aws_heeds_what_botocore_does(ChainFixture *f, const void *unused)
{
	static const char *const all[] = {"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
		"CURL_CA_BUNDLE", "SSL_CERT_FILE", NULL};

	aws_home_config(f, "[default]\nca_bundle = of-default\n"
			   "[profile p]\nca_bundle = of-p\n"
			   "[profile none]\nregion = r\n");
	set_only(all);
	takes(NULL, aws_ca_file(NULL), "AWS_CA_BUNDLE");
	takes(NULL, aws_ca_file("p"), "AWS_CA_BUNDLE");
	set_only(all + 1);
	takes(NULL, aws_ca_file(NULL), "of-default");
	takes(NULL, aws_ca_file("p"), "of-p");
	takes(NULL, aws_ca_file("none"), "REQUESTS_CA_BUNDLE");
	set_only(all + 2);
	takes(NULL, aws_ca_file("p"), "of-p");
	/* Neither of these is heeded by botocore. */
	takes(NULL, aws_ca_file("none"), NULL);
}

static void google_heeds_what_gcloud_does(ChainFixture *f, const void *unused)
{
	static const char *const all[] = {"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", NULL};

	g_free(chain_fixture_put(
		f, ".config/gcloud/active_config", "default\n"));
	set_only(all);
	takes(NULL, google_ca_file(), "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE");
	set_only(all + 1);
	takes(NULL, google_ca_file(), "REQUESTS_CA_BUNDLE");
	g_free(chain_fixture_put(f,
		".config/gcloud/configurations/config_default",
		"[core]\ncustom_ca_certs_file = of-gcloud\n"));
	takes(NULL, google_ca_file(), "of-gcloud");
	set_only(all);
	takes(NULL, google_ca_file(), "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE");
}

#define ADD(name, function)                                                    \
	chain_fixture_add("/authorities/" name, function, NULL)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("key", the_key_comes_first);
	ADD("tools", tools_variables_in_their_order);
	ADD("aws", aws_heeds_what_botocore_does);
	ADD("google", google_heeds_what_gcloud_does);
	return g_test_run();
}
