#pragma once

#include <glib.h>

/* Texts of others in formats of ours.  Pure.  What is no UTF-8 is replaced. */

/* The length of the front of a text that stands in all of them as it is; a text
 * that is TSV_NOTHING does not in a table. */
gsize text_plain_len(const char *text);

/*
 * Appends a value of a table whose columns are separated by tabs, so that all
 * readers find the same: those who take one tab for a separator (cut, awk), those
 * who take a run of them for one (read of a shell), and those who know quotes
 * (pandas, sqlite, csv).  It has no tab, newline, control character or quote, and is
 * never empty: "-" stands for nothing.
 */
void tsv_append(GString *out, const char *text);
#define TSV_NOTHING "-"

/* Appends a string of JSON, quotes included, without control characters.  What does
 * not fit into `room` bytes, as it is written, is cut, and an ellipsis stands behind
 * it. */
void json_append(GString *out, const char *text, gsize room);
