#pragma once

#include "backends/base/json.h"

/*
 * JSON as text: records are kept and sent byte for byte as they came, so they
 * are changed in place rather than parsed and printed.
 */

/* Appends text as a JSON string; bytes that are no UTF-8 go through. */
void text_quote(GString *out, const char *text);

/*
 * Sets a top-level member of the object *text to a value that is JSON: in its
 * place where it is there, else in front of all others.  *text is replaced, and
 * has to be an object.
 */
void text_put(char **text, const char *name, const char *value);
void text_put_string(char **text, const char *name, const char *value);
void text_put_int(char **text, const char *name, gint64 value);

/* Removes a top-level member, if there is one. */
void text_cut(char **text, const char *name);

/* Sets every member of the object patch in the object *text; a patch that does
 * not parse changes nothing. */
void text_merge(char **text, const char *patch);

/* The JSON of a top-level member, new string; NULL when there is none. */
char *text_member(const char *text, const char *name);

/* Whether a top-level member is that string, spelt as text_quote spells it, and
 * without parsing; wanted NULL: anything is. */
gboolean text_member_is(const char *text, const char *name, const char *wanted);

/* Appends so many elements of an array, from one on, without its brackets. */
void text_slice(GString *out, const Json *array, guint64 from, guint64 n);
