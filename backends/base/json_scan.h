#pragma once

#include <glib.h>

#define JSON_DEPTH_MAX 64
#define JSON_VALUES_MAX 1000000 /* bounds the memory of a parsed document */

/*
 * The grammar of RFC 8259, checked strictly and without recursion before cJSON
 * sees a text (its own limit on depth is 1000, and it lets much through), and
 * the steps by which spans walk a text that has passed.  Bytes inside strings
 * need not be valid UTF-8.  Pure, any thread.
 */
typedef struct {
	const char *reason; /* static; NULL when the text is fine */
	gsize offset;       /* of the byte that is wrong */
	gboolean repair;    /* holds an escaped NUL or surrogate */
} JsonScan;

/* Whether text is exactly one value of at most JSON_DEPTH_MAX levels and
 * JSON_VALUES_MAX values. */
gboolean json_scan(const char *text, gsize len, JsonScan *ret);

/*
 * Writes U+FFFD, in place, over each escaped NUL and each escaped surrogate
 * that has no partner; cJSON would cut the string or refuse the whole text.
 * The text must have passed json_scan.
 */
void json_scan_repair(char *text, gsize len);

/*
 * Steps over a text that json_scan has accepted: they check nothing again, and
 * promise no more on other texts than to stay within them.
 */
/* The first offset from `at` on that is no white space (len at the end). */
static inline gsize json_scan_space(const char *text, gsize len, gsize at)
{
	while (at < len && (text[at] == ' ' || text[at] == '\n' ||
				   text[at] == '\r' || text[at] == '\t'))
		at++;
	return at;
}
/* The offset after the value (or the string) that begins at `at`. */
gsize json_scan_value(const char *text, gsize len, gsize at);
gsize json_scan_string(const char *text, gsize len, gsize at);
