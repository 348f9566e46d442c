#include "cache/model/content.h"

#include <string.h>

#include "tests/memory/memory.h"

static Backend *backend;

static char *content(SessionFile file, const char *word, const char *body)
{
	GString *out = g_string_new(NULL);

	content_append(
		backend, file, word, PHASE_IDLE, body, strlen(body), out);
	return g_string_free(out, FALSE);
}

static void each_file_has_its_bytes(void)
{
	static const char body[] =
		"{\"name\":\"x\",\"state\":\"Running\",\"webui\":\"http://u\"}";
	static const struct {
		SessionFile file;
		const char *start;
	} cases[] = {
		{SESSION_STATE, "Running\n"},
		{SESSION_PHASE, "idle\n"},
		{SESSION_JSON, "{\"name\":\"x\",\"state\":\"Running\""},
		{SESSION_WEBUI, "http://u\n"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = content(cases[i].file, "Running", body);

		g_assert_true(g_str_has_prefix(text, cases[i].start));
		g_assert_true(g_str_has_suffix(text, "\n"));
	}
}

static void what_is_not_there_is_empty(void)
{
	for (SessionFile file = 0; file < N_SESSION_FILES; file++) {
		g_autofree char *text = content(file, "", "");

		if (file != SESSION_PHASE)
			g_assert_cmpstr(text, ==, "");
	}
}

static guint diff(const char *old, const char *new)
{
	return content_diff(backend, old, strlen(old), new, strlen(new));
}

static void only_files_with_other_bytes_differ(void)
{
	static const char old[] = "{\"name\":\"x\",\"changed\":1}";
	static const char webui[] =
		"{\"name\":\"x\",\"changed\":1,\"webui\":\"http://u\"}";
	static const char name[] = "{\"name\":\"y\",\"changed\":1}";
	static const char time[] = "{\"name\":\"x\",\"changed\":2}";

	g_assert_cmpuint(diff(old, old), ==, 0);
	g_assert_cmpuint(diff(old, time), ==, 1 << SESSION_JSON);
	g_assert_cmpuint(
		diff(old, webui), ==, 1 << SESSION_JSON | 1 << SESSION_WEBUI);
	g_assert_cmpuint(
		diff(old, name), ==, 1 << SESSION_JSON | 1 << SESSION_CONFIG);
	g_assert_cmpuint(diff("", webui), ==,
		1 << SESSION_JSON | 1 << SESSION_WEBUI | 1 << SESSION_CONFIG);
}

static void a_body_that_makes_no_sense_is_shown_as_it_is(void)
{
	g_autofree char *json = content(SESSION_JSON, "x", "{rubbish");
	g_autofree char *config = content(SESSION_CONFIG, "x", "{rubbish");

	g_assert_cmpstr(json, ==, "{rubbish\n");
	g_assert_cmpstr(config, ==, "");
}

static void what_is_private_is_not_for_all(void)
{
	static const char one[] = "{\"name\":\"x\",\"conf\":{\"a\":\"b\"}}";
	static const char two[] = "{\"name\":\"x\",\"conf\":{\"a\":\"c\"}}";
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	BackendClass rich = memory_rich_class(FALSE);
	Backend *plain = backend;
	g_autofree char *json = NULL, *config = NULL;

	backend = backend_open(&rich, keys, NULL);
	json = content(SESSION_JSON, "x", one);
	g_assert_cmpstr(json, ==, "{\"name\":\"x\",\"conf\":\"***\"}\n");
	config = content(SESSION_CONFIG, "x", one);
	g_assert_nonnull(strstr(config, "\"a\":\t\"b\""));
	g_assert_cmpuint(diff(one, two), ==, 1 << SESSION_CONFIG);
	backend_close(backend);
	backend = plain;
}

/* Their bytes do not come from the body. */
static void what_is_described_does_not_differ(void)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	BackendClass class = memory_rich_class(FALSE);
	Backend *plain = backend;

	class.described |= 1 << SESSION_WEBUI;
	backend = backend_open(&class, keys, NULL);
	g_assert_cmpuint(
		diff("{}", "{\"webui\":\"x\"}"), ==, 1 << SESSION_JSON);
	backend_close(backend);
	backend = plain;
}

int main(int argc, char **argv)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	int rc;

	g_test_init(&argc, &argv, NULL);
	backend = backend_open(&memory_class, keys, NULL);
	g_test_add_func(
		"/content/each_file_has_its_bytes", each_file_has_its_bytes);
	g_test_add_func("/content/what_is_not_there_is_empty",
		what_is_not_there_is_empty);
	g_test_add_func("/content/only_files_with_other_bytes_differ",
		only_files_with_other_bytes_differ);
	g_test_add_func("/content/a_body_that_makes_no_sense_is_shown_as_it_is",
		a_body_that_makes_no_sense_is_shown_as_it_is);
	g_test_add_func("/content/what_is_private_is_not_for_all",
		what_is_private_is_not_for_all);
	g_test_add_func("/content/what_is_described_does_not_differ",
		what_is_described_does_not_differ);
	rc = g_test_run();
	backend_close(backend);
	return rc;
}
