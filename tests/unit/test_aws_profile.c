#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "aws_home.h"
#include "backends/auth/paths.h"
#include "backends/aws/aws_chain.h"

#define PROCESS_KEYS                                                           \
	"{\"Version\": 1, \"AccessKeyId\": \"p-id\","                          \
	"\"SecretAccessKey\": \"p-sesame\"}"
#define PAIR "aws_access_key_id = file-id\naws_secret_access_key = f-sesame\n"

/* What one profile of the shared files gives, by botocore's rules. */

static CredentialSource *chain(const char *profile)
{
	const HttpSettings http = {.proxy = ""};

	return chain_new(&aws_chain, profile, NULL, NULL, &http);
}

static void finds(const char *profile, const char *wanted)
{
	chain_finds(chain(profile), wanted);
}

static void fails(const char *profile, BackendErrorCode code, const char *say)
{
	chain_fails(chain(profile), code, say);
}

/* Words are as they stand there; what only a shell can run goes to one. */
static void process(ChainFixture *f, const void *unused)
{
	static const char *const commands[] = {"cat \"%s\"",
		"cat \"%s\" && true", "cat\n  \"%s\"", "cat \"%s\" |\n  cat",
		"cat \"$HOME/out\"",
		("sh -c 'test \"$1\" = \"a # b;\" && test \"$2\" = \"#c\" && "
		 "exec cat \"$0\"' \"%s\" \"a # b;\" #c")};

	g_free(chain_fixture_put(f, "$HOME/out", PROCESS_KEYS));
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autofree char *path =
			chain_fixture_put(f, "out", PROCESS_KEYS);
		g_auto(GStrv) parts = g_strsplit(commands[i], "%s", -1);
		g_autofree char *command = g_strjoinv(path, parts);
		g_autofree char *text = g_strdup_printf(
			"[default]\ncredential_process = %s\n", command);

		aws_home_config(f, text);
		g_assert_cmpint(chdir(f->home), ==, 0);
		finds(NULL, "p-id/p-sesame/");
	}
}

/* botocore's order of what one profile tells. */
static void kinds_in_order(ChainFixture *f, const void *unused)
{
	static const struct {
		const char *config, *credentials, *wanted;
	} rows[] = {
		{PAIR "aws_security_token = old\naws_session_token = new\n", "",
			"file-id/f-sesame/old"},
		{PAIR "aws_security_token =\naws_session_token = new\n", "",
			"file-id/f-sesame/"},
		{"aws_session_token = t\n", PAIR, "file-id/f-sesame/"},
		{"aws_access_key_id = c\naws_secret_access_key = c-sesame\n",
			PAIR, "file-id/f-sesame/"},
		{"credential_process = cat keys\n", PAIR, "file-id/f-sesame/"},
		{"sso_session = s\nsso_start_url = u\n", PAIR,
			"file-id/f-sesame/"},
		{"credential_process = cat keys\n" PAIR, "", "p-id/p-sesame/"},
	};

	g_free(chain_fixture_put(f, "keys", PROCESS_KEYS));
	g_assert_cmpint(chdir(f->home), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *config =
			g_strconcat("[profile p]\n", rows[i].config, NULL);
		g_autofree char *credentials =
			g_strconcat("[p]\n", rows[i].credentials, NULL);

		aws_home_config(f, config);
		aws_home_credentials(f, credentials);
		finds("p", rows[i].wanted);
	}
}

static void half_a_pair_in_each_file(ChainFixture *f, const void *unused)
{
	aws_home_config(f, "[default]\naws_secret_access_key = sesame\n");
	aws_home_credentials(f, "[default]\naws_access_key_id = x\n");
	fails(NULL, BACKEND_ERROR_AUTH, "aws_secret_access_key is missing");
}

/* As for the vendor, the whole file is invalid: better no keys than others. */
static void a_file_that_cannot_be_read(ChainFixture *f, const void *unused)
{
	aws_home_config(f, "[default]\nregion = x\nregion = y\n");
	aws_home_credentials(f, "[default]\n" PAIR);
	fails(NULL, BACKEND_ERROR_AUTH,
		"/.aws/config: line 3: the key is there twice");
}

/* A web identity of the environment comes before a profile, but for a role that
 * leans on another. */
static void web_identity_first(ChainFixture *f, const void *unused)
{
	g_setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", TRUE);
	g_setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/web", TRUE);
	aws_home_config(f, "[default]\n" PAIR);
	fails(NULL, BACKEND_ERROR_NO_KEY, "web identity (/nonexistent");
	finds("default", "file-id/f-sesame/");
	aws_home_config(f, "[default]\n" PAIR "role_arn = r\n");
	fails(NULL, BACKEND_ERROR_AUTH,
		"role_arn needs source_profile or credential_source");
}

static void relative_paths(ChainFixture *f, const void *unused)
{
	g_autofree char *folder = g_build_filename(f->home, "work", NULL);

	g_free(chain_fixture_put(f, "work/keys", "[default]\n" PAIR));
	g_assert_cmpint(chdir(folder), ==, 0);
	auth_start_here();
	g_setenv("AWS_SHARED_CREDENTIALS_FILE", "keys", TRUE);
	g_assert_cmpint(chdir("/"), ==, 0);
	finds(NULL, "file-id/f-sesame/");
}

#define ADD(name, function)                                                    \
	chain_fixture_add("/aws_profile/" name, function, NULL)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("process_in_words", process);
	ADD("kinds_in_order", kinds_in_order);
	ADD("half_a_pair_in_each_file", half_a_pair_in_each_file);
	ADD("a_bad_file_ends_it", a_file_that_cannot_be_read);
	ADD("web_identity_first", web_identity_first);
	ADD("relative_paths", relative_paths);
	return g_test_run();
}
