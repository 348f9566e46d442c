/* The configuration and the command line. */
#include "fuzz.h"

#include <string.h>

#include "fs/command/status_text.h"
#include "fs/start/config.h"
#include "fs/start/config_text.h"
#include "fs/start/options.h"
#include "backends/base/json.h"

static void problem_is(gpointer problem)
{
	fuzz_is_sentence(problem);
	g_error_free(problem);
}

/* What is in force can be told, and is read again as the same. */
static void told_is(const Config *config)
{
	g_autofree char *told = config_describe(config);
	g_autoptr(Config) again = config_new();
	g_autoptr(GError) error = NULL;

	g_assert_true(g_utf8_validate(told, -1, NULL));
	if (strstr(told, "***") || config->environment)
		return;
	g_assert_true(config_parse(again, told, "told", &error));
	g_assert_no_error(error);
	g_autofree char *twice = config_describe(again);
	g_assert_cmpstr(told, ==, twice);
}

void fuzz_config(const char *bytes, gsize len)
{
	g_autofree char *text = g_strndup(bytes, len);
	g_autoptr(Config) config = config_new();
	g_autoptr(Config) lenient = config_new();
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func(problem_is);
	g_autoptr(GError) error = NULL;
	gboolean fine = config_parse(config, text, "x.conf", &error);

	g_assert_true(fine == (error == NULL));
	if (error)
		fuzz_is_sentence(error);
	config_parse_all(lenient, text, "x.conf", problems);
	g_assert_true(fine == (problems->len == 0));
	if (fine)
		told_is(config);
	g_autofree char *masked = config_masked(text);
	g_assert_nonnull(masked);
}

void fuzz_duration(const char *bytes, gsize len)
{
	g_autofree char *text = g_strndup(bytes, len);
	g_autoptr(Config) config = config_new();
	gint64 ms = -1, again = -1;
	const char *wanted;
	g_autofree char *path = config_text_path(text, &wanted);

	g_assert_true(!path || *path == '/');
	if (config_parse_duration(text, &ms)) {
		g_autofree char *spelt =
			g_strdup_printf("%" G_GINT64_FORMAT "ms", ms);

		g_assert_cmpint(ms, >=, 0);
		g_assert_cmpint(ms, <=, 24 * 3600 * 1000);
		g_assert_true(config_parse_duration(spelt, &again));
		g_assert_cmpint(again, ==, ms);
	} else {
		g_assert_cmpint(ms, ==, -1);
	}
	for (guint i = 0; config_key(i); i++) {
		g_autoptr(GError) error = NULL;

		if (!config_set(config, config_key(i), text, &error))
			fuzz_is_sentence(error);
	}
}

/* An argument is a line. */
void fuzz_options(const char *bytes, gsize len)
{
	static const char *const commands[] = {"status", "umount", NULL};
	g_autofree char *text = g_strndup(bytes, len);
	g_autofree char *whole = g_strconcat("sessionfs\n", text, NULL);
	g_auto(GStrv) argv = g_strsplit(whole, "\n", 32);
	int argc = (int)g_strv_length(argv);
	/* getopt moves them about. */
	g_autofree char **moved =
		g_memdup2(argv, sizeof(*argv) * (gsize)(argc + 1));
	g_auto(Options) options = {0};
	g_autoptr(Config) config = config_new();
	g_autoptr(GError) error = NULL;

	options_from_mount(argc, moved);
	if (!options_parse(argc, moved, commands, &options, &error) ||
		!options_apply(&options, config, &error))
		fuzz_is_sentence(error);
}

static void block_is(gpointer data, gpointer unused)
{
	const StatusBlock *block = data;
	g_autoptr(GString) out = g_string_new(NULL);

	g_assert_nonnull(status_text_get(block, "listing"));
	status_text_number(block, "age_ms");
	status_text_is_workspace(block);
	status_text_json(block, out);
	g_autoptr(Json) json = json_parse(out->str, out->len, NULL);
	g_assert_true(json && json_type(json) == JSON_OBJECT);
}

void fuzz_status(const char *bytes, gsize len)
{
	g_autofree char *text = g_strndup(bytes, len);
	g_autoptr(GPtrArray) blocks = status_text_parse(text);

	g_ptr_array_foreach(blocks, block_is, NULL);
}
