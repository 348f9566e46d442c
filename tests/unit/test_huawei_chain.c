#include "backends/dli/huawei_chain.h"

#include <string.h>

#include "backends/dli/huawei_region.h"
#include "backends/error.h"
#include "chain_fixture.h"

#define PROJECT "0123456789abcdef0123456789abcdef"
#define KEYS                                                                   \
	"{\"credential\":{\"access\":\"t-id\",\"secret\":\"t-sesame\","        \
	"\"securitytoken\":\"t-token\",\"expires_at\":"                        \
	"\"2999-01-02T03:04:05.678000Z\"}}"

/* The server plays IAM.  No test asks the metadata service: what is set up and
 * fails is not replaced by another. */

static void put_ini(ChainFixture *f, const char *text)
{
	g_free(chain_fixture_put(f, ".huaweicloud/credentials", text));
}

static CredentialSource *chain(ChainFixture *f, const char *profile)
{
	return chain_new(
		&huawei_chain, profile, NULL, tiny_server_url(f->server), NULL);
}

static void finds(ChainFixture *f, const char *profile, const char *wanted)
{
	chain_finds(chain(f, profile), wanted);
}

static void fails(ChainFixture *f, const char *profile, BackendErrorCode code,
	const char *say)
{
	chain_fails(chain(f, profile), code, say);
}

static void set_pair(void)
{
	g_setenv("HUAWEICLOUD_SDK_AK", "env-id", TRUE);
	g_setenv("HUAWEICLOUD_SDK_SK", "env-sesame", TRUE);
}

static void set_oidc(ChainFixture *f, const char *token)
{
	g_autofree char *path = chain_fixture_put(f, "token", token);

	g_setenv("HUAWEICLOUD_SDK_IDP_ID", "idp", TRUE);
	g_setenv("HUAWEICLOUD_SDK_ID_TOKEN_FILE", path, TRUE);
}

#define INI                                                                    \
	"# remark\n[basic]  # one\nAK = i-id\nsk: i=sesame==\r\n"              \
	"[ odd ]\nak = no\n[global]\nak = no\nsk = no\n[basic-two]\n"          \
	"ak = two-id\nsk = two-sesame\nsecurity_token = two-token\n"           \
	"[half]\nak = x\n"

/* ---- keys ---- */

static void the_environment_comes_before_files(
	ChainFixture *f, const void *unused)
{
	put_ini(f, INI);
	finds(f, NULL, "i-id/i=sesame==/");
	set_pair();
	finds(f, NULL, "env-id/env-sesame/");
	g_setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "tok", TRUE);
	finds(f, NULL, "env-id/env-sesame/tok");
}

static void a_named_section_beats_the_environment(
	ChainFixture *f, const void *unused)
{
	put_ini(f, INI);
	set_pair();
	finds(f, "basic-two", "two-id/two-sesame/two-token");
	fails(f, "nobody", BACKEND_ERROR_NO_KEY, "(profile = nobody)");
	fails(f, "nobody", BACKEND_ERROR_NO_KEY, "in [nobody]");
	fails(f, "half", BACKEND_ERROR_AUTH, "there is no ak and sk");
}

static void the_file_may_lie_elsewhere(ChainFixture *f, const void *unused)
{
	g_autofree char *path = chain_fixture_put(f, "elsewhere", INI);

	g_setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", path, TRUE);
	finds(f, NULL, "i-id/i=sesame==/");
}

static void odd_files_do_no_harm(ChainFixture *f, const void *unused)
{
	static const char *const texts[] = {"", "[", "[]", "=\n=", "[basic",
		"[basic]\n=\nak", "ak=x\nsk=y\n", "[basic]\nak=\nsk=\n",
		"[basic]\nak = \"\nsk = '", "[basic]\nak=x\nsk=#"};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		put_ini(f, texts[i]);
		g_autoptr(CredentialSource) source = chain(f, "basic");
		g_autoptr(Credentials) found = chain_ask(source, 20000, &error);
		int code =
			*texts[i] ? BACKEND_ERROR_AUTH : BACKEND_ERROR_NO_KEY;
		if (i < 8) {
			g_assert_null(found);
			g_assert_error(error, BACKEND_ERROR, code);
		}
	}
}

static void it_is_in_sight_without_the_network(
	ChainFixture *f, const void *unused)
{
	g_assert_false(chain_in_sight(&huawei_chain));
	put_ini(f, "[global]\nak = a\nsk = b\n");
	g_assert_false(chain_in_sight(&huawei_chain));
	put_ini(f, INI);
	g_assert_true(chain_in_sight(&huawei_chain));
	put_ini(f, "");
	set_pair();
	g_assert_true(chain_in_sight(&huawei_chain));
}

/* ---- OIDC ---- */

static void a_token_is_changed_for_keys(ChainFixture *f, const void *unused)
{
	g_autoptr(GError) error = NULL;

	set_oidc(f, "eyJ.a-b_c.sig\n");
	set_pair();
	tiny_server_answer(f->server, 201,
		"X-Subject-Token: MIIsubject+/==\r\n", "{\"token\":{}}");
	tiny_server_answer(f->server, 201, NULL, KEYS);
	g_autoptr(CredentialSource) source = chain(f, NULL);
	g_autoptr(Credentials) found = chain_ask(source, 20000, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->access_key_id, ==, "t-id");
	g_assert_cmpstr(secret_peek(found->token), ==, "t-token");
	g_assert_cmpint(found->expires_ms, ==, 32472241445678);
	g_autofree char *first = tiny_server_request(f->server, 0);
	g_autofree char *second = tiny_server_request(f->server, 1);
	g_assert_true(g_str_has_prefix(
		first, "POST /v3.0/OS-AUTH/id-token/tokens HTTP/1.1\r\n"));
	g_assert_nonnull(strstr(first, "x-idp-id: idp\r\n"));
	g_assert_true(g_str_has_suffix(
		first, "{\"auth\":{\"id_token\":{\"id\":\"eyJ.a-b_c.sig\"}}}"));
	g_assert_true(g_str_has_prefix(second,
		"POST /v3.0/OS-CREDENTIAL/securitytokens HTTP/1.1\r\n"));
	g_assert_true(g_str_has_suffix(second,
		"{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":"
		"{\"id\":\"MIIsubject+/==\",\"duration_seconds\":21600}}}}"));
}

static void a_section_may_lead_to_oidc(ChainFixture *f, const void *unused)
{
	g_autofree char *token = chain_fixture_put(f, "token", "tok");
	g_autofree char *ini = g_strdup_printf(
		"[basic]\nidp_id = idp\nid_token_file = %s\n", token);

	put_ini(f, ini);
	tiny_server_answer(f->server, 201, "X-Subject-Token: s\r\n", "{}");
	tiny_server_answer(f->server, 201, NULL, KEYS);
	finds(f, NULL, "t-id/t-sesame/t-token");
}

static void an_exchange_that_fails_ends_the_search(
	ChainFixture *f, const void *unused)
{
	static const struct {
		guint status;
		const char *headers, *body;
		BackendErrorCode code;
		const char *say;
	} rows[] = {
		{401, NULL,
			"{\"error\":{\"code\":401,\"message\":\"bad token\"}}",
			BACKEND_ERROR_AUTH, "bad token"},
		{500, NULL, "<html>", BACKEND_ERROR_REMOTE, "failed"},
		{201, NULL, "{}", BACKEND_ERROR_BAD_ANSWER, "X-Subject-Token"},
		{201, "X-Subject-Token: a\"b\r\n", "{}",
			BACKEND_ERROR_BAD_ANSWER, "X-Subject-Token"},
		{302, "Location: http://127.0.0.1:1/\r\n", "{}",
			BACKEND_ERROR_BAD_ANSWER, "127.0.0.1:1/"},
	};

	set_oidc(f, "tok");
	put_ini(f, INI);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		tiny_server_answer(f->server, rows[i].status, rows[i].headers,
			rows[i].body);
		fails(f, NULL, rows[i].code, rows[i].say);
	}
	g_assert_cmpuint(
		tiny_server_requests(f->server), ==, G_N_ELEMENTS(rows));
}

static void what_was_sent_is_not_shown(ChainFixture *f, const void *unused)
{
	set_oidc(f, "eyJh.id-sesame");
	tiny_server_answer(f->server, 401, NULL,
		"{\"error_code\":\"IAM.1\",\"error_msg\":\"eyJh.id-sesame is "
		"old\"}");
	fails(f, NULL, BACKEND_ERROR_AUTH, "*** is old");
	tiny_server_answer(
		f->server, 201, "X-Subject-Token: MIIsubject-sesame\r\n", "{}");
	tiny_server_answer(f->server, 403, NULL,
		"{\"error_msg\":\"not with MIIsubject-sesame\"}");
	fails(f, NULL, BACKEND_ERROR_DENIED, "not with ***");
}

static void keys_that_make_no_sense_are_told(
	ChainFixture *f, const void *unused)
{
	static const struct {
		const char *body;
		BackendErrorCode code;
	} rows[] = {
		{"{}", BACKEND_ERROR_AUTH},
		{"[]", BACKEND_ERROR_AUTH},
		{"{bad sesame", BACKEND_ERROR_BAD_ANSWER},
		{"{\"credential\":{\"access\":\"a\",\"secret\":\"sesame\"}}",
			BACKEND_ERROR_AUTH},
		{"{\"credential\":{\"access\":7,\"secret\":\"sesame\","
		 "\"securitytoken\":\"x\"}}",
			BACKEND_ERROR_AUTH},
	};

	set_oidc(f, "tok");
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		tiny_server_answer(
			f->server, 201, "X-Subject-Token: s\r\n", "{}");
		tiny_server_answer(f->server, 201, NULL, rows[i].body);
		fails(f, NULL, rows[i].code, "IAM: ");
	}
}

static void token_files_that_hold_none_are_told(
	ChainFixture *f, const void *unused)
{
	set_oidc(f, " \n");
	fails(f, NULL, BACKEND_ERROR_AUTH, "there is no token in it");
	set_oidc(f, "two words");
	fails(f, NULL, BACKEND_ERROR_AUTH, "there is no token in it");
	set_oidc(f, "quo\"te");
	fails(f, NULL, BACKEND_ERROR_AUTH, "there is no token in it");
	g_setenv("HUAWEICLOUD_SDK_ID_TOKEN_FILE", "/nonexistent", TRUE);
	fails(f, NULL, BACKEND_ERROR_NO_KEY, "/nonexistent: No such file");
	g_assert_cmpuint(tiny_server_requests(f->server), ==, 0);
}

/* ---- the project ---- */

static void project_is(const char *profile, const char *wanted)
{
	g_autofree char *found = huawei_chain_project(NULL, profile);

	g_assert_cmpstr(found, ==, wanted);
}

static void a_project_goes_with_its_keys(ChainFixture *f, const void *unused)
{
	project_is(NULL, NULL);
	put_ini(f, "[basic]\nproject_id = in-file\n"
		   "[two]\nproject_id = of-two\n");
	project_is(NULL, "in-file");
	project_is("two", "of-two");
	project_is("three", NULL);
	set_pair();
	project_is(NULL, NULL);
	g_setenv("HUAWEICLOUD_SDK_PROJECT_ID", "in-env", TRUE);
	project_is(NULL, "in-env");
	project_is("two", "of-two");
}

/* ---- regions ---- */

static void endpoint_is(
	const char *service, const char *region, const char *wanted)
{
	g_autofree char *found = huawei_endpoint(service, region);

	g_assert_cmpstr(found, ==, wanted);
}

static void only_is(const char *wanted)
{
	g_autofree char *found = huawei_region_only("dli");

	g_assert_cmpstr(found, ==, wanted);
}

static void put_yaml(ChainFixture *f, const char *text)
{
	g_free(chain_fixture_put(f, ".huaweicloud/regions.yaml", text));
}

static void endpoints_follow_environment_file_and_rule(
	ChainFixture *f, const void *unused)
{
	endpoint_is("dli", "cn-north-4",
		"https://dli.cn-north-4.myhuaweicloud.com");
	endpoint_is("iam", "eu-west-101",
		"https://iam.eu-west-101.myhuaweicloud.eu");
	only_is(NULL);
	put_yaml(f, "# mine\nIAM:\n  - id: cn-x\n    endpoint: https://iam.x\n"
		    "dli:\n  - id: 'cn-x'\n    endpoint: 'https://dli.x'  # y\n"
		    "  - endpoint: \"https://dli.y\"\n    id: cn-y\n"
		    "  - id: cn-z\n    endpoints:\n      - https://dli.z1\n"
		    "      - https://dli.z2\n");
	endpoint_is("dli", "cn-x", "https://dli.x");
	endpoint_is("dli", "cn-y", "https://dli.y");
	endpoint_is("dli", "cn-z", "https://dli.z1");
	endpoint_is("iam", "cn-x", "https://iam.x");
	only_is(NULL);
	g_setenv("HUAWEICLOUD_SDK_REGION_DLI_CN_X",
		"https://first.x,https://second.x", TRUE);
	endpoint_is("dli", "cn-x", "https://first.x");
	only_is("cn-x");
}

static void the_one_region_of_the_file_is_taken(
	ChainFixture *f, const void *unused)
{
	g_autofree char *path = chain_fixture_put(
		f, "mine", "DLI:\n- id: cn-a\n  endpoint: https://dli.a\n");

	g_setenv("HUAWEICLOUD_SDK_REGIONS_FILE", path, TRUE);
	only_is("cn-a");
	endpoint_is("dli", "cn-a", "https://dli.a");
}

static void odd_regions_do_no_harm(ChainFixture *f, const void *unused)
{
	static const char *const texts[] = {"", ":", "DLI", "DLI:\n", "DLI:\n-",
		"DLI:\n- \n", "DLI:\n  - id:\n    endpoint:\n", "DLI: {a: b}\n",
		"DLI:\n  id: cn-x\n", "- - -\n: :\n",
		"DLI:\n  - id: ''\n    endpoint: ''\n", "\tDLI:\n\t- \t#\n"};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		put_yaml(f, texts[i]);
		endpoint_is(
			"dli", "cn-x", "https://dli.cn-x.myhuaweicloud.com");
		only_is(NULL);
	}
}

static void iam_is(const char *profile, const char *wanted)
{
	g_autofree char *found = huawei_iam_endpoint(NULL, profile, "cn-x");

	g_assert_cmpstr(found, ==, wanted);
}

static void iam_is_where_environment_or_file_say(
	ChainFixture *f, const void *unused)
{
	iam_is(NULL, "https://iam.cn-x.myhuaweicloud.com");
	put_ini(f, "[basic]\niam_endpoint = https://iam.file\n"
		   "[two]\niam_endpoint = iam.two\n");
	iam_is(NULL, "https://iam.file");
	iam_is("two", "https://iam.two");
	g_setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", "iam.env", TRUE);
	iam_is(NULL, "https://iam.env");
}

#define ADD(path, function) chain_fixture_add("/huawei/" path, function, NULL)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("environment", the_environment_comes_before_files);
	ADD("section", a_named_section_beats_the_environment);
	ADD("elsewhere", the_file_may_lie_elsewhere);
	ADD("odd", odd_files_do_no_harm);
	ADD("sight", it_is_in_sight_without_the_network);
	ADD("oidc", a_token_is_changed_for_keys);
	ADD("oidc-section", a_section_may_lead_to_oidc);
	ADD("oidc-failed", an_exchange_that_fails_ends_the_search);
	ADD("oidc-quoted", what_was_sent_is_not_shown);
	ADD("oidc-nonsense", keys_that_make_no_sense_are_told);
	ADD("oidc-file", token_files_that_hold_none_are_told);
	ADD("project", a_project_goes_with_its_keys);
	ADD("endpoint", endpoints_follow_environment_file_and_rule);
	ADD("one-region", the_one_region_of_the_file_is_taken);
	ADD("odd-regions", odd_regions_do_no_harm);
	ADD("iam", iam_is_where_environment_or_file_say);
	return g_test_run();
}
