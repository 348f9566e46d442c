#pragma once

#include "backends/base/json.h"

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

/* What is read of records: members of these names ("" for none), and members
 * whose value is a secret (ended by NULL). */
typedef struct {
	const char *const *names;
	guint n;
	const char *const *secrets;
} JsonPick;

/*
 * Walks the value at `at` and returns the offset after it.  Of an object,
 * ret_values gets the values of its members of those names (the last of each;
 * len 0: none), and ret_masked (may be NULL) becomes its text, in which each secret reads
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
