#pragma once

#include "backends/http/http.h"

/*
 * The canonical forms from which all three signatures are computed: what is
 * left of a request when every legal way to spell it has been made one.  Pure.
 */
typedef enum {
	PATH_ONCE,       /* decoded, then encoded */
	PATH_ONCE_SLASH, /* the same, and ends in "/" */
	PATH_TWICE, /* dot segments resolved, the wire's form encoded again */
} PathForm;

/* Path and query of a URL as they go over the wire, without "?" and fragment;
 * an empty path is "/".  New strings. */
void canonical_split(const char *url, char **ret_path, char **ret_query);
/* The URL's host, with its port unless that is the scheme's own. */
char *canonical_host(const char *url);

char *canonical_path(const char *path, PathForm form);
/* Sorted by name, then value; each encoded once. */
char *canonical_query(const char *query);
/* A header's value: trimmed, and with runs of blanks as one when `collapse`. */
char *canonical_value(const char *value, gboolean collapse);
