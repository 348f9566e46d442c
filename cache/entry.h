#pragma once

#include "cache/model/dir.h"

/* What lookup.c answers to others that answer FUSE threads. */

/* The entry of a row that stands in dir. */
void entry_of_row(Dir *dir, const Row *row, Entry *ret);
/* Whether the listing was ever complete: asks for it otherwise, as the end of
 * cache_list does. */
Known listing_known(Dir *dir, GError **error);
/* What is asked of a directory that is not there: KNOWN_FAILED. */
Known known_gone(GError **error);
/* The same of requests; FALSE, NULL: the number stands for none. */
gboolean entry_of_request(Cache *cache, guint32 number, Entry *ret);
char *name_of_request(Cache *cache, guint32 number);
