/*
 * All fuzz targets in one program, which is libFuzzer's: FUZZ_TARGET names the one
 * that runs, and "list" prints the table.  See tests/README.md.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gstdio.h>

#include "backends/error.h"

/* Ends at once, which shows that the suite sees it: see test_fuzz.py. */
static void planted(const char *bytes, gsize len)
{
	char few[4] = {0};

	for (gsize i = 0; i < len && i < sizeof(few); i++)
		few[i] = bytes[i];
	g_assert_false(memcmp(few, "BOOM", sizeof(few)) == 0);
}

static const FuzzTarget targets[] = {
	{"json", fuzz_json, 4096, "json"},
	{"span", fuzz_span, 4096, "json"},
	{"json-pair", fuzz_json_pair, 1024, "specs"},
	{"document", fuzz_document, 1024, "specs"},
	{"answer", fuzz_answer, 2048, "answers"},
	{"html", fuzz_html, 2048, "pages"},
	{"url", fuzz_url, 512},
	{"xml", fuzz_xml, 1024},
	{"log", fuzz_log, 4096, "logs"},
	{"date", fuzz_date, 64},
	{"name", fuzz_name, 512},
	{"words", fuzz_words, 512},
	{"mask", fuzz_mask, 512},
	{"ini-alibaba", fuzz_ini_alibaba, 1024, "ini"},
	{"ini-aws", fuzz_ini_aws, 1024, "ini"},
	{"ini-google", fuzz_ini_google, 1024, "ini"},
	{"ini-huawei", fuzz_ini_huawei, 1024, "ini"},
	{"alibaba", fuzz_alibaba, 8192, NULL, fuzz_provider_set_up},
	{"dataproc", fuzz_dataproc, 8192, NULL, fuzz_provider_set_up},
	{"dli", fuzz_dli, 8192, NULL, fuzz_provider_set_up},
	{"emr", fuzz_emr, 8192, NULL, fuzz_provider_set_up},
	{"emr-serverless", fuzz_emr_serverless, 8192, NULL,
		fuzz_provider_set_up},
	{"livy", fuzz_livy, 8192, "livy", fuzz_provider_set_up},
	{"record", fuzz_record, 4096, NULL, fuzz_provider_set_up},
	{"spec", fuzz_spec, 2048, NULL, fuzz_provider_set_up},
	{"keys-alibaba", fuzz_keys_alibaba, 4096, "flows-aliyun",
		fuzz_keys_set_up},
	{"keys-aws", fuzz_keys_aws, 4096, "flows-aws", fuzz_keys_set_up},
	{"keys-google", fuzz_keys_google, 4096, "flows-google",
		fuzz_keys_set_up},
	{"keys-huawei", fuzz_keys_huawei, 4096, "flows-huawei",
		fuzz_keys_set_up},
	{"log-file", fuzz_log_file, 4096, "state"},
	{"index", fuzz_index, 4096, "index"},
	{"tree", fuzz_tree, 4096, "tree"},
	{"journal", fuzz_journal, 8192, "journal"},
	{"event-log", fuzz_event_log, 4096},
	{"config", fuzz_config, 2048, "config"},
	{"duration", fuzz_duration, 32},
	{"options", fuzz_options, 512},
	{"status", fuzz_status, 2048},
	{"control", fuzz_control, 1024},
	{"emitter", fuzz_emitter, 1024},
	{"planted", planted, 8},
};

static const FuzzTarget *target;

/* ---- the parts of one input ---- */

#define MARK "\n%%\n"

FuzzParts fuzz_parts(const char *bytes, gsize len)
{
	return (FuzzParts){bytes, bytes + len};
}

gboolean fuzz_more(const FuzzParts *parts)
{
	return parts->at != NULL;
}

char *fuzz_part(FuzzParts *parts, gsize *ret_len)
{
	const char *at = parts->at ? parts->at : "";
	gsize left = parts->at ? (gsize)(parts->end - parts->at) : 0;
	const char *mark = left ? memmem(at, left, MARK, strlen(MARK)) : NULL;
	gsize len = mark ? (gsize)(mark - at) : left;
	char *part = g_malloc(len + 1);

	memcpy(part, at, len);
	part[len] = '\0';
	parts->at = mark ? mark + strlen(MARK) : NULL;
	if (ret_len)
		*ret_len = len;
	return part;
}

/* ---- files ---- */

const char *fuzz_folder(void)
{
	static char *folder;

	/* Who started us takes it away, however we end. */
	if (!folder)
		folder = g_strdup(g_getenv("FUZZ_FOLDER"));
	if (!folder)
		folder = g_dir_make_tmp("fuzz-XXXXXX", NULL);
	g_assert_nonnull(folder);
	return folder;
}

char *fuzz_path(const char *name)
{
	return g_build_filename(fuzz_folder(), name, NULL);
}

gboolean fuzz_write(const char *name, const void *bytes, gsize len)
{
	g_autofree char *path = fuzz_path(name);
	g_autofree char *dir = g_path_get_dirname(path);
	FILE *file = NULL;

	if (g_mkdir_with_parents(dir, 0700) == 0)
		file = g_fopen(path, "we");
	if (!file)
		return FALSE;
	g_assert_cmpuint(fwrite(bytes, 1, len, file), ==, len);
	g_assert_cmpint(fclose(file), ==, 0);
	return TRUE;
}

/* ---- promises ---- */

void fuzz_is_line(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	for (; *text; text = g_utf8_next_char(text))
		g_assert_false(backend_is_control(g_utf8_get_char(text)));
}

void fuzz_is_sentence(GError *error)
{
	g_autofree char *sentence = NULL;

	g_assert_nonnull(error);
	sentence = backend_error_sentence(error);
	g_assert_cmpuint(strlen(sentence), >, 0);
	g_assert_cmpuint(strlen(sentence), <=, 4096);
	fuzz_is_line(sentence);
}

/* ---- libFuzzer ---- */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize len);

/* Warnings name what is damaged, which is nearly all; what is critical is a fault
 * of ours. */
static GLogWriterOutput silent(
	GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	if (!(level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)))
		return G_LOG_WRITER_HANDLED;
	g_log_writer_default(level, fields, n, NULL);
	abort();
}

static void list(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(targets); i++)
		printf("%s %" G_GSIZE_FORMAT " %s\n", targets[i].name,
			targets[i].most,
			targets[i].seeds ? targets[i].seeds : "-");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = g_getenv("FUZZ_TARGET");

	if (g_strcmp0(name, "list") == 0) {
		list();
		exit(0);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(targets); i++)
		if (g_strcmp0(name, targets[i].name) == 0)
			target = &targets[i];
	if (!target) {
		fputs("fuzz: FUZZ_TARGET names no target\n", stderr);
		exit(2);
	}
	g_log_set_writer_func(silent, NULL, NULL);
	if (target->set_up)
		target->set_up();
	return 0;
}

int LLVMFuzzerTestOneInput(const guint8 *bytes, gsize len)
{
	/* Where it ends counts: a read beyond it is a fault. */
	char *exact = g_memdup2(bytes, len);

	if (len <= target->most)
		target->run(exact ? exact : "", len);
	g_free(exact);
	return 0;
}
