#pragma once

#include <glib.h>

/*
 * Bounded reading of JSON from hostile sources, and building of small JSON.
 * The only door to cJSON.  A Json is a value inside a document; the document
 * is what json_parse or json_object returned, and it alone is freed.
 */
typedef struct cJSON Json;

typedef enum {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
} JsonType;

/*
 * Parses text as exactly one value (white space around it, and a byte order mark
 * before it, are fine) within the limits of json_scan.h.  "\u0000"
 * inside strings is read as U+FFFD, so that no string hides bytes behind a NUL;
 * so are escaped surrogates without their partner.  Bytes that are no valid
 * UTF-8 stay as they are.  Errors: BAD_ANSWER, naming the offset.
 */
Json *json_parse(
	const char *text, gsize len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Checks the same and builds nothing; a byte order mark is an error. */
gboolean json_check(
	const char *text, gsize len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void json_free(Json *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Json, json_free)
/* A document that holds secrets: every string is wiped when it is freed. */
typedef Json SecretJson;
void json_free_secret(SecretJson *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretJson, json_free_secret)

JsonType json_type(const Json *value);
const char *json_type_name(JsonType type); /* "a string", "an array", ... */

/* An array of nothing; never freed. */
const Json *json_nothing(void);
/* The (last) member of that exact name; NULL when absent or not an object. */
const Json *json_get(const Json *object, const char *name);
/* First child of an array or object, next sibling; a child's member name. */
const Json *json_first(const Json *value);
const Json *json_next(const Json *value);
const char *json_name(const Json *value);
guint json_size(const Json *value);
#define json_foreach(item, value)                                              \
	for (const Json *item = json_first(value); item; item = json_next(item))

/* The string itself (borrowed) or NULL when it is not a string. */
const char *json_text(const Json *value);
/* json_text of a member; fallback when absent, not a string or over max. */
const char *json_get_text(
	const Json *object, const char *name, gsize max, const char *fallback);
gboolean json_get_bool(const Json *object, const char *name, gboolean fallback);
/* A whole number within [min, max], sent as number or as decimal string. */
gint64 json_get_int(const Json *object, const char *name, gint64 min,
	gint64 max, gint64 fallback);
gint64 json_int(const Json *value, gint64 min, gint64 max, gint64 fallback);
/* Whether a number value is whole and within 2^53; *ret gets it. */
gboolean json_whole(const Json *value, gint64 *ret);

/* Whether two values that are neither arrays nor objects say the same; all others:
 * json_equal of json_members.h. */
gboolean json_scalar_equal(const Json *a, const Json *b);

/* Building. */
Json *json_object(void);
void json_set_text(Json *object, const char *name, const char *text);
/* Adds a member without looking whether there is one of that name, for callers
 * that know: setting many members would look through all of them for each. */
void json_add_text(Json *object, const char *name, const char *text);
void json_set_int(Json *object, const char *name, gint64 number);
void json_set_bool(Json *object, const char *name, gboolean truth);
void json_set_copy(Json *object, const char *name, const Json *value);
void json_remove(Json *object, const char *name);
/* New string; pretty ends with a newline. */
char *json_print(const Json *value, gboolean pretty);
