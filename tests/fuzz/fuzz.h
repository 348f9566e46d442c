#pragma once

#include <glib.h>

/*
 * What the fuzz targets share.  A target gets bytes that somebody else could have
 * sent, and ends the program where something is wrong: by a sanitizer's report, or by
 * g_assert where a promise of a header is broken.  The table of all is in fuzz.c.
 */
typedef void (*FuzzRun)(const char *bytes, gsize len);

typedef struct {
	const char *name;
	FuzzRun run;
	gsize most; /* bytes of one input */
	/* Where inputs to begin with are, besides corpus/NAME: what gather.py makes
	 * of the sources of that name.  NULL: nowhere. */
	const char *seeds;
	/* Before the first input; may be NULL. */
	void (*set_up)(void);
} FuzzTarget;

/* ---- the parts of one input ---- */

/* Parts are separated by a line of its own, "%%". */
typedef struct {
	const char *at, *end;
} FuzzParts;

FuzzParts fuzz_parts(const char *bytes, gsize len);
/* The next part, "" behind the last: a new string, with *ret_len (may be NULL) its
 * length, since it may hold NULs. */
char *fuzz_part(FuzzParts *parts, gsize *ret_len);
/* Whether there is one. */
gboolean fuzz_more(const FuzzParts *parts);

/* ---- files ---- */

/* A private folder: FUZZ_FOLDER, which is there, or a new one. */
const char *fuzz_folder(void);
/* Makes a file in it, whose folder is made too.  FALSE where a file stands in the
 * place of a folder, or a folder in its own. */
gboolean fuzz_write(const char *name, const void *bytes, gsize len);
/* A path in it: a new string. */
char *fuzz_path(const char *name);

/* ---- promises that many make ---- */

/* A sentence for people: not empty, valid UTF-8 on one line. */
void fuzz_is_sentence(GError *error);
/* Valid UTF-8 without control characters. */
void fuzz_is_line(const char *text);

/* ---- targets ---- */

void fuzz_json(const char *bytes, gsize len);
void fuzz_span(const char *bytes, gsize len);
void fuzz_json_pair(const char *bytes, gsize len);
void fuzz_document(const char *bytes, gsize len);

void fuzz_answer(const char *bytes, gsize len);
void fuzz_html(const char *bytes, gsize len);
void fuzz_url(const char *bytes, gsize len);
void fuzz_xml(const char *bytes, gsize len);
void fuzz_log(const char *bytes, gsize len);

void fuzz_date(const char *bytes, gsize len);
void fuzz_name(const char *bytes, gsize len);
void fuzz_words(const char *bytes, gsize len);
void fuzz_mask(const char *bytes, gsize len);

void fuzz_ini_alibaba(const char *bytes, gsize len);
void fuzz_ini_aws(const char *bytes, gsize len);
void fuzz_ini_google(const char *bytes, gsize len);
void fuzz_ini_huawei(const char *bytes, gsize len);

void fuzz_provider_set_up(void);
void fuzz_alibaba(const char *bytes, gsize len);
void fuzz_dataproc(const char *bytes, gsize len);
void fuzz_dli(const char *bytes, gsize len);
void fuzz_emr(const char *bytes, gsize len);
void fuzz_emr_serverless(const char *bytes, gsize len);
void fuzz_livy(const char *bytes, gsize len);
void fuzz_record(const char *bytes, gsize len);
void fuzz_spec(const char *bytes, gsize len);

void fuzz_keys_set_up(void);
void fuzz_keys_alibaba(const char *bytes, gsize len);
void fuzz_keys_aws(const char *bytes, gsize len);
void fuzz_keys_google(const char *bytes, gsize len);
void fuzz_keys_huawei(const char *bytes, gsize len);

void fuzz_log_file(const char *bytes, gsize len);
void fuzz_index(const char *bytes, gsize len);
void fuzz_tree(const char *bytes, gsize len);
void fuzz_journal(const char *bytes, gsize len);
void fuzz_event_log(const char *bytes, gsize len);

void fuzz_config(const char *bytes, gsize len);
void fuzz_duration(const char *bytes, gsize len);
void fuzz_options(const char *bytes, gsize len);
void fuzz_status(const char *bytes, gsize len);

void fuzz_control(const char *bytes, gsize len);
void fuzz_emitter(const char *bytes, gsize len);
