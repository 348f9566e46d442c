#pragma once

#include <glib.h>

/*
 * What .sessionfs/status tells, taken apart: a block for the daemon (its path is
 * ""), each section ("ali") and each workspace ("ali/w-1"), in that order.
 */
typedef struct {
	char *path;
	char **lines; /* "key: value" */
} StatusBlock;

/* StatusBlock * */
GPtrArray *status_text_parse(const char *text);

/* The value of a key, without blanks around it: borrowed; "": there is none. */
const char *status_text_get(const StatusBlock *block, const char *key);
/* As a number; -1: it is none. */
gint64 status_text_number(const StatusBlock *block, const char *key);

/* The section's path of a workspace; NULL: it is none. */
gboolean status_text_is_workspace(const StatusBlock *block);

/* Appends a block's members as a JSON object. */
void status_text_json(const StatusBlock *block, GString *out);
