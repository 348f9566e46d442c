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

#define JSON_DEPTH_MAX 64
#define JSON_VALUES_MAX 1000000 /* bounds the memory of a parsed document */

/*
 * Parses text as exactly one value (white space around it, and a byte order mark
 * before it, are fine).  "\u0000"
 * inside strings is read as U+FFFD, so that no string hides bytes behind a NUL;
 * so are escaped surrogates without their partner.  Bytes that are no valid
 * UTF-8 stay as they are.  Errors: BAD_ANSWER, naming the offset.
 */
Json *json_parse(
	const char *text, gsize len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void json_free(Json *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Json, json_free)

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

/* Whether they say the same, whatever the order of members and the spelling of
 * numbers; strings and names by case.  NULL equals nothing.  Of members with one
 * name the last counts.  In json_members.c, as it looks up all members. */
gboolean json_equal(const Json *a, const Json *b);
/* The same of two values that are neither arrays nor objects. */
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

/*
 * Spans: where values lie in a text that json_parse has accepted, so that large
 * answers are walked rather than built, and what a provider sent can be kept
 * byte for byte.  On other texts they promise no more than to stay inside.
 */
typedef struct {
	gsize start, len;
} JsonSpan;

/* Where a top-level member's value lies (the last one's); FALSE: nowhere. */
gboolean json_span_member(
	const char *text, gsize len, const char *name, JsonSpan *ret);

/* As json_parse, and all of the text is checked; but the members of an object
 * that are arrays or objects themselves are not built: json_outline_span tells
 * where they lie.  A text that is no object is built as a whole. */
Json *json_parse_outline(
	const char *text, gsize len, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * Puts {} and blanks, in place, for each element of an array that is a member of
 * the object and that no parser takes as it stands: a NaN, too many levels, a
 * control character.  Whether there was one.
 */
gboolean json_mend(char *text, gsize len);
/* Where an array or object that is a member of an outline lies. */
gboolean json_outline_span(const Json *value, JsonSpan *ret);
/* The text of an outline; NULL for what is no object. */
char *json_span_outline(const char *text, gsize len);

/* Moves *at, which is behind an array's bracket or an element, to the next
 * element; FALSE at the end. */
gboolean json_element_next(const char *text, gsize len, gsize *at);

/* What is read of records: members of these names, and members whose value is
 * a secret (ended by NULL). */
typedef struct {
	const char *const *names;
	guint n;
	const char *const *secrets;
} JsonPick;

/*
 * Walks the value at `at` and returns the offset after it.  Of an object,
 * ret_values gets the values of its members of those names (the last of each;
 * len 0: none), and ret_masked becomes its text, in which each secret reads
 * "***".  A key spelt with escapes is masked too, since it may spell a secret.
 * Of anything else nothing is found.
 */
gsize json_pick(const char *text, gsize len, gsize at, const JsonPick *pick,
	JsonSpan *ret_values, GString *ret_masked);

/* An object's text without members that are longer than member_max, names
 * included, and without those for which no room is left in max bytes.  New
 * string; "{}" for what is no object. */
char *json_trim(const char *text, gsize len, gsize member_max, gsize max);

/* As json_text, json_get_int of the value there; the text is a new string, NULL
 * when it is none or longer than max. */
char *json_span_text(const char *text, JsonSpan span, gsize max);
gint64 json_span_int(const char *text, JsonSpan span, gint64 min, gint64 max,
	gint64 fallback);
