#pragma once

#include "cache/cache.h"

/*
 * The lines of a workspace's tables.  TSV: a header, then a line of columns each;
 * a tab, newline, carriage return or backslash in a value is written \t \n \r \\.
 * JSONL: an object a line, of texts.  Pure.
 */
typedef struct {
	const char *session; /* the directory's name */
	const char *id;      /* raw; JSONL only */
	const char *name, *state, *phase, *user;
	gint64 created_s, changed_s; /* since the epoch; 0: unknown */
} TableLine;

void table_append_header(GString *out, CacheTable table);
void table_append_line(GString *out, CacheTable table, const TableLine *line);
/* Its length. */
gsize table_line_len(CacheTable table, const TableLine *line);

/*
 * A table that several threads read: the text is there while somebody does.  Each gets
 * a GBytes of his own, since who counts the references of one that is shared is hidden
 * from ThreadSanitizer.
 */
typedef struct TableText TableText;

/* Takes the text.  *ret: for the first who reads it. */
TableText *table_text_new(GString *text, GBytes **ret);
/* Nobody comes any more; who reads it reads on. */
void table_text_unref(TableText *self);
/* A new one, which keeps the text; NULL: nobody has read it since the last one had
 * enough. */
GBytes *table_text_bytes(TableText *self);
