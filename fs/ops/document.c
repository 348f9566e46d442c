#include "fs/ops/document.h"

#include <string.h>

/* What may come next. */
enum {
	START,      /* the opening brace */
	KEY_OR_END, /* after '{' */
	KEY,        /* after ',' in an object */
	COLON,
	VALUE,
	VALUE_OR_END, /* after '[' */
	COMMA_OR_END,
	STRING,
	ESCAPE,
	HEX,
	WORD,  /* the rest of true, false, null */
	MINUS, /* a digit must follow */
	ZERO,  /* after a leading zero: no digit */
	INTEGER,
	POINT, /* a digit must follow */
	FRACTION,
	EXPONENT, /* a sign or digit must follow */
	EXPONENT_SIGN,
	EXPONENT_DIGITS,
	END,
};

void document_init(Document *scan)
{
	memset(scan, 0, sizeof(*scan));
	scan->want = START;
}

static gboolean wrong(Document *scan, const char *problem)
{
	scan->problem = problem;
	return FALSE;
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static gboolean open_bracket(Document *scan, char c)
{
	if (scan->depth == DOCUMENT_DEPTH)
		return wrong(scan, "it is nested too deeply");
	scan->stack[scan->depth++] = c;
	scan->want = c == '{' ? KEY_OR_END : VALUE_OR_END;
	return TRUE;
}

static gboolean close_bracket(Document *scan, char c)
{
	if (scan->stack[scan->depth - 1] != (c == '}' ? '{' : '['))
		return wrong(scan, "a bracket is closed by another kind");
	scan->depth--;
	scan->want = scan->depth ? COMMA_OR_END : END;
	return TRUE;
}

static gboolean open_string(Document *scan, gboolean key)
{
	scan->key = key;
	scan->want = STRING;
	return TRUE;
}

static gboolean start_word(Document *scan, const char *rest)
{
	scan->word = rest;
	scan->want = WORD;
	return TRUE;
}

static gboolean start_value(Document *scan, char c)
{
	switch (c) {
	case '{':
	case '[':
		return open_bracket(scan, c);
	case '"':
		return open_string(scan, FALSE);
	case 't':
		return start_word(scan, "rue");
	case 'f':
		return start_word(scan, "alse");
	case 'n':
		return start_word(scan, "ull");
	case '-':
		scan->want = MINUS;
		return TRUE;
	case '0':
		scan->want = ZERO;
		return TRUE;
	default:
		scan->want = INTEGER;
		return g_ascii_isdigit(c) ||
		       wrong(scan, "a value was expected");
	}
}

static gboolean after_value(Document *scan, char c)
{
	if (c == '}' || c == ']')
		return close_bracket(scan, c);
	if (c != ',')
		return wrong(scan, "a comma or closing bracket was expected");
	scan->want = scan->stack[scan->depth - 1] == '{' ? KEY : VALUE;
	return TRUE;
}

static gboolean in_string(Document *scan, char c)
{
	if ((guchar)c < 0x20)
		return wrong(scan, "a string holds a control character");
	if (c == '\\')
		scan->want = ESCAPE;
	else if (c == '"')
		scan->want = scan->key ? COLON : COMMA_OR_END;
	return TRUE;
}

static gboolean in_escape(Document *scan, char c)
{
	if (!c || !strchr("\"\\/bfnrtu", c))
		return wrong(scan, "a string holds an unknown escape");
	scan->want = c == 'u' ? HEX : STRING;
	scan->resume = 4;
	return TRUE;
}

static gboolean in_hex(Document *scan, char c)
{
	if (!g_ascii_isxdigit(c))
		return wrong(scan, "a \\u escape needs four hex digits");
	if (!--scan->resume)
		scan->want = STRING;
	return TRUE;
}

static gboolean in_word(Document *scan, char c)
{
	if (c != *scan->word)
		return wrong(scan, "a value was expected");
	if (!*++scan->word)
		scan->want = COMMA_OR_END;
	return TRUE;
}

/* The state after a byte of a number: a leading zero, another digit, a point, an
 * exponent's letter, its sign; 0 when the number ended before it. */
static guint number_next(guint want, char c)
{
	static const guint8 next[END][5] = {
		[MINUS] = {ZERO, INTEGER},
		[ZERO] = {0, 0, POINT, EXPONENT},
		[INTEGER] = {INTEGER, INTEGER, POINT, EXPONENT},
		[POINT] = {FRACTION, FRACTION},
		[FRACTION] = {FRACTION, FRACTION, 0, EXPONENT},
		[EXPONENT] = {EXPONENT_DIGITS, EXPONENT_DIGITS, 0, 0,
			EXPONENT_SIGN},
		[EXPONENT_SIGN] = {EXPONENT_DIGITS, EXPONENT_DIGITS},
		[EXPONENT_DIGITS] = {EXPONENT_DIGITS, EXPONENT_DIGITS},
	};
	static const char *const bytes[] = {"0", "123456789", ".", "eE", "+-"};

	for (guint i = 0; i < G_N_ELEMENTS(bytes); i++)
		if (c && strchr(bytes[i], c))
			return next[want][i];
	return 0;
}

static gboolean structural(Document *scan, char c);

static gboolean in_number(Document *scan, char c)
{
	guint want = scan->want;
	guint next = number_next(want, c);

	if (next) {
		scan->want = (guint8)next;
		return TRUE;
	}
	if (want == MINUS || want == POINT || want == EXPONENT ||
		want == EXPONENT_SIGN)
		return wrong(scan, "a number is not complete");
	scan->want = COMMA_OR_END;
	return structural(scan, c);
}

static gboolean structural(Document *scan, char c)
{
	if (is_blank(c))
		return TRUE;
	switch (scan->want) {
	case START:
		return c == '{' ? open_bracket(scan, c)
				: wrong(scan, "it must begin with {");
	case KEY_OR_END:
		if (c == '}')
			return close_bracket(scan, c);
		G_GNUC_FALLTHROUGH;
	case KEY:
		return c == '"' ? open_string(scan, TRUE)
				: wrong(scan, "a member's name was expected");
	case COLON:
		scan->want = VALUE;
		return c == ':' || wrong(scan, "a colon was expected");
	case VALUE_OR_END:
		if (c == ']')
			return close_bracket(scan, c);
		G_GNUC_FALLTHROUGH;
	case VALUE:
		return start_value(scan, c);
	default:
		return after_value(scan, c);
	}
}

static gboolean step(Document *scan, char c)
{
	switch (scan->want) {
	case STRING:
		return in_string(scan, c);
	case ESCAPE:
		return in_escape(scan, c);
	case HEX:
		return in_hex(scan, c);
	case WORD:
		return in_word(scan, c);
	case MINUS:
	case ZERO:
	case INTEGER:
	case POINT:
	case FRACTION:
	case EXPONENT:
	case EXPONENT_SIGN:
	case EXPONENT_DIGITS:
		return in_number(scan, c);
	default:
		return structural(scan, c);
	}
}

DocumentState document_feed(
	Document *scan, const char *bytes, gsize len, gsize *ret_used)
{
	gsize used = 0;
	gboolean fine = !scan->problem;

	while (fine && used < len && scan->want != END) {
		fine = step(scan, bytes[used]);
		used += fine;
	}
	if (ret_used)
		*ret_used = used;
	if (!fine)
		return DOCUMENT_WRONG;
	return scan->want == END ? DOCUMENT_DONE : DOCUMENT_MORE;
}
