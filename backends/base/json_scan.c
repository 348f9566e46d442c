#include "backends/base/json_scan.h"

#include <math.h>
#include <string.h>

/*
 * One pass over the bytes with a state of two words: a depth, and a bit for each
 * open level that says whether it is an object.  No recursion, so that nesting
 * costs no stack; what cJSON gets afterwards cannot be deeper than it may
 * recurse, nor have more values than we grant it memory for.
 *
 *   VALUE  -- scalar or "[]" or "{}" --> AFTER
 *   VALUE  -- "[" or "{" name ":"    --> VALUE
 *   AFTER  -- "," (name ":")         --> VALUE
 *   AFTER  -- "]" or "}"             --> AFTER, one level up
 *   AFTER  at level 0                --> END
 */

/* The longest number that cJSON reads as a whole. */
#define NUMBER_MAX 63

typedef enum { STEP_VALUE, STEP_AFTER, STEP_END, STEP_FAIL } Step;

typedef struct {
	const char *at;
	const char *end;
	const char *reason;
	gboolean repair;
	guint values;
	guint depth;
	guint64 objects; /* bit n: level n is an object, not an array */
} Scan;

G_STATIC_ASSERT(JSON_DEPTH_MAX <= 64);

static gboolean fail(Scan *scan, const char *reason)
{
	scan->reason = reason;
	return FALSE;
}

static void skip_space(Scan *scan)
{
	while (scan->at < scan->end &&
		(*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' ||
			*scan->at == '\t'))
		scan->at++;
}

static gboolean next_is(const Scan *scan, char c)
{
	return scan->at < scan->end && *scan->at == c;
}

/* The four hex digits at `at`, or -1. */
static int hex4(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(at[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static gboolean is_surrogate(int unit)
{
	return unit >= 0xd800 && unit <= 0xdfff;
}

/* At a backslash. */
static gboolean scan_escape(Scan *scan)
{
	int unit;

	if (scan->end - scan->at < 2)
		return fail(scan, "a string that does not end");
	if (scan->at[1] != 'u') {
		if (!scan->at[1] || !strchr("\"\\/bfnrt", scan->at[1]))
			return fail(scan, "an unknown escape");
		scan->at += 2;
		return TRUE;
	}
	unit = hex4(scan->at + 2, scan->end);
	if (unit < 0)
		return fail(scan, "a \\u escape without four hex digits");
	if (unit == 0 || is_surrogate(unit))
		scan->repair = TRUE;
	scan->at += 6;
	return TRUE;
}

#define EACH(byte) (G_GUINT64_CONSTANT(0x0101010101010101) * (byte))

/* A bit in each of eight bytes that is a quote, a backslash or a control
 * character.  The borrow of a subtraction can set more of them, but only above
 * one that is right. */
static guint64 special_bits(const char *at)
{
	guint64 word, quote, backslash;

	memcpy(&word, at, sizeof(word));
	word = GUINT64_FROM_LE(word);
	quote = word ^ EACH('"');
	backslash = word ^ EACH('\\');
	return (((word - EACH(0x20)) & ~word) | ((quote - EACH(1)) & ~quote) |
		       ((backslash - EACH(1)) & ~backslash)) &
	       EACH(0x80);
}

/* Most of an answer is inside strings: what is plain there goes by eights. */
static const char *skip_plain(const char *at, const char *end)
{
	for (; end - at >= 8; at += 8) {
		guint64 bits = special_bits(at);

		if (bits != 0)
			return at + __builtin_ctzll(bits) / 8;
	}
	while (at < end && *at != '"' && *at != '\\' && (guchar)*at >= 0x20)
		at++;
	return at;
}

static gboolean scan_string(Scan *scan)
{
	if (!next_is(scan, '"'))
		return fail(scan, "a name in quotes was expected");
	scan->at++;
	for (;;) {
		scan->at = skip_plain(scan->at, scan->end);
		if (scan->at == scan->end)
			return fail(scan, "a string that does not end");
		if (*scan->at == '"')
			break;
		if (*scan->at != '\\')
			return fail(scan, "a control character in a string");
		if (!scan_escape(scan))
			return FALSE;
	}
	scan->at++;
	return TRUE;
}

static gboolean scan_digits(Scan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end && g_ascii_isdigit(*scan->at))
		scan->at++;
	return scan->at > start || fail(scan, "a digit was expected");
}

/* Beyond that a double is infinite, which is equal to any number and is written as
 * null.  Only an exponent leads there. */
static gboolean is_finite(const char *number, gsize len)
{
	char text[NUMBER_MAX + 1];

	memcpy(text, number, len);
	text[len] = '\0';
	return isfinite(g_ascii_strtod(text, NULL));
}

static gboolean scan_number(Scan *scan)
{
	const char *start = scan->at;
	gboolean exponent = FALSE;

	if (next_is(scan, '-'))
		scan->at++;
	if (next_is(scan, '0'))
		scan->at++;
	else if (!scan_digits(scan))
		return FALSE;
	if (next_is(scan, '.')) {
		scan->at++;
		if (!scan_digits(scan))
			return FALSE;
	}
	if (next_is(scan, 'e') || next_is(scan, 'E')) {
		scan->at++;
		if (next_is(scan, '+') || next_is(scan, '-'))
			scan->at++;
		if (!scan_digits(scan))
			return FALSE;
		exponent = TRUE;
	}
	if (scan->at - start > NUMBER_MAX)
		return fail(scan, "a number that is too long");
	if (exponent && !is_finite(start, (gsize)(scan->at - start)))
		return fail(scan, "a number that is too great");
	return TRUE;
}

static gboolean scan_word(Scan *scan, const char *word)
{
	gsize len = strlen(word);

	if ((gsize)(scan->end - scan->at) < len ||
		memcmp(scan->at, word, len) != 0)
		return fail(scan, "a value was expected");
	scan->at += len;
	return TRUE;
}

static gboolean scan_scalar(Scan *scan)
{
	switch (*scan->at) {
	case '"':
		return scan_string(scan);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	default:
		if (*scan->at == '-' || g_ascii_isdigit(*scan->at))
			return scan_number(scan);
		return fail(scan, "a value was expected");
	}
}

static gboolean in_object(const Scan *scan)
{
	return (scan->objects >> (scan->depth - 1)) & 1;
}

/* A member's name and colon, where the innermost container is an object. */
static gboolean scan_key(Scan *scan)
{
	if (!in_object(scan))
		return TRUE;
	skip_space(scan);
	if (!scan_string(scan))
		return FALSE;
	skip_space(scan);
	if (!next_is(scan, ':'))
		return fail(scan, "\":\" was expected");
	scan->at++;
	return TRUE;
}

static Step scan_open(Scan *scan)
{
	gboolean object = *scan->at == '{';
	guint64 bit;

	if (scan->depth == JSON_DEPTH_MAX) {
		fail(scan, "too many levels");
		return STEP_FAIL;
	}
	bit = G_GUINT64_CONSTANT(1) << scan->depth++;
	scan->objects = object ? scan->objects | bit : scan->objects & ~bit;
	scan->at++;
	skip_space(scan);
	if (next_is(scan, object ? '}' : ']')) {
		scan->at++;
		scan->depth--;
		return STEP_AFTER;
	}
	return scan_key(scan) ? STEP_VALUE : STEP_FAIL;
}

static Step step_value(Scan *scan)
{
	skip_space(scan);
	if (scan->at == scan->end || ++scan->values > JSON_VALUES_MAX) {
		fail(scan, scan->at == scan->end ? "it ends too early"
						 : "too many values");
		return STEP_FAIL;
	}
	if (*scan->at == '{' || *scan->at == '[')
		return scan_open(scan);
	return scan_scalar(scan) ? STEP_AFTER : STEP_FAIL;
}

static Step step_after(Scan *scan)
{
	skip_space(scan);
	if (scan->depth == 0)
		return STEP_END;
	if (next_is(scan, ',')) {
		scan->at++;
		return scan_key(scan) ? STEP_VALUE : STEP_FAIL;
	}
	if (next_is(scan, in_object(scan) ? '}' : ']')) {
		scan->at++;
		scan->depth--;
		return STEP_AFTER;
	}
	fail(scan, scan->at == scan->end ? "it ends too early"
					 : "\",\" or the end was expected");
	return STEP_FAIL;
}

gboolean json_scan(const char *text, gsize len, JsonScan *ret)
{
	Scan scan = {.at = text, .end = text + len};
	Step step = STEP_VALUE;

	while (step != STEP_END && step != STEP_FAIL)
		step = step == STEP_VALUE ? step_value(&scan)
					  : step_after(&scan);
	if (step == STEP_END && scan.at < scan.end)
		fail(&scan, "something follows the value");
	ret->reason = scan.reason;
	ret->offset = (gsize)(scan.at - text);
	ret->repair = scan.repair;
	return scan.reason == NULL;
}

/* The bytes of the escape at `at` and of its partner; 0: it needs repair. */
static gsize escape_len(const char *at, const char *end)
{
	int unit = at[1] == 'u' ? hex4(at + 2, end) : -1;
	int low;

	if (unit < 0)
		return 2;
	if (unit == 0 || (is_surrogate(unit) && unit >= 0xdc00))
		return 0;
	if (!is_surrogate(unit))
		return 6;
	if (end - at < 12 || at[6] != '\\' || at[7] != 'u')
		return 0;
	low = hex4(at + 8, end);
	return is_surrogate(low) && low >= 0xdc00 ? 12 : 0;
}

void json_scan_repair(char *text, gsize len)
{
	char *end = text + len;
	char *at = text;

	while ((at = memchr(at, '\\', (gsize)(end - at))) && end - at >= 2) {
		gsize step = escape_len(at, end);

		if (step == 0) {
			memcpy(at + 2, "fffd", 4);
			step = 6;
		}
		at += step;
	}
}

/* ---- steps over a text that has passed ---- */

gsize json_scan_string(const char *text, gsize len, gsize at)
{
	const char *end = text + len;
	const char *found = text + MIN(at, len);

	do {
		/* Past the opening quote, or what cannot be one. */
		found += end - found > 1 && *found == '\\' ? 2 : 1;
		if (found >= end)
			return len;
		found = skip_plain(found, end);
		if (found == end)
			return len;
	} while (*found != '"');
	return (gsize)(found - text) + 1;
}

/* Where a number or a word ends. */
static gsize after_scalar(const char *text, gsize len, gsize at)
{
	while (at < len && !strchr(" \t\r\n,:]}", text[at]))
		at++;
	return at;
}

/* What a step inside a container stops at. */
static const guint8 is_stop[256] = {
	['"'] = 1, ['{'] = 1, ['['] = 1, ['}'] = 1, [']'] = 1};

static gsize after_container(const char *text, gsize len, gsize at)
{
	int depth = 0;

	do {
		while (at < len && !is_stop[(guchar)text[at]])
			at++;
		if (at >= len)
			return len;
		if (text[at] == '"') {
			at = json_scan_string(text, len, at);
			continue;
		}
		depth += text[at] == '{' || text[at] == '[' ? 1 : -1;
		at++;
	} while (depth > 0);
	return at;
}

gsize json_scan_value(const char *text, gsize len, gsize at)
{
	if (at >= len)
		return len;
	if (text[at] == '"')
		return json_scan_string(text, len, at);
	if (text[at] == '{' || text[at] == '[')
		return after_container(text, len, at);
	/* Whatever it is, a step is a step. */
	return after_scalar(text, len, at + 1);
}
