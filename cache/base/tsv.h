#pragma once

#include <glib.h>

/*
 * Appends a value of a table whose columns are separated by tabs, so that all
 * readers find the same: those who take one tab for a separator (cut, awk), those
 * who take a run of them for one (read of a shell), and those who know quotes
 * (pandas, sqlite, csv).  It has no tab, newline, control character or quote, and is
 * never empty: "-" stands for nothing.  Any bytes; what is no UTF-8 is replaced.
 */
void tsv_append(GString *out, const char *text);
