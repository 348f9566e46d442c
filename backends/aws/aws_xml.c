#include "backends/aws/aws_xml.h"

#include <string.h>

#include "backends/base/secret.h"

#define DEPTH_MAX 16

typedef struct {
	const char *start;
	gsize len;
} Span;

typedef struct {
	const char *at, *end;
	Span open[DEPTH_MAX]; /* names of the elements around `at` */
	guint depth;
	guint roots;
	char **path;
	const char *inside; /* the wanted element's text, while in it */
	Span found;         /* start NULL: not yet */
} Scan;

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static gboolean is_name_char(char c)
{
	return g_ascii_isalnum(c) || strchr("_-.:", c) || (guchar)c >= 0x80;
}

static gboolean span_equals(Span a, Span b)
{
	return a.len == b.len && memcmp(a.start, b.start, a.len) == 0;
}

/* Without the prefix of a namespace. */
static gboolean name_matches(Span name, const char *wanted)
{
	const char *colon = memchr(name.start, ':', name.len);

	if (colon) {
		name.len -= colon + 1 - name.start;
		name.start = colon + 1;
	}
	return g_str_equal(wanted, "?") ||
	       span_equals(name, (Span){wanted, strlen(wanted)});
}

static gboolean is_at_path(const Scan *scan)
{
	if (scan->depth != g_strv_length(scan->path))
		return FALSE;
	for (guint i = 0; i < scan->depth; i++)
		if (!name_matches(scan->open[i], scan->path[i]))
			return FALSE;
	return TRUE;
}

static gboolean looking_at(const Scan *scan, const char *text)
{
	gsize len = strlen(text);

	return (gsize)(scan->end - scan->at) >= len &&
	       memcmp(scan->at, text, len) == 0;
}

/* Behind the next such text. */
static gboolean skip_past(Scan *scan, const char *text)
{
	for (; scan->at < scan->end; scan->at++)
		if (looking_at(scan, text)) {
			scan->at += strlen(text);
			return TRUE;
		}
	return FALSE;
}

static gboolean take_name(Scan *scan, Span *ret)
{
	ret->start = scan->at;
	while (scan->at < scan->end && *scan->at && is_name_char(*scan->at))
		scan->at++;
	ret->len = scan->at - ret->start;
	return ret->len > 0;
}

/* To the ">" of a tag, over its attributes. */
static gboolean skip_attributes(Scan *scan, gboolean *ret_empty)
{
	for (char quote = '\0'; scan->at < scan->end; scan->at++) {
		char c = *scan->at;

		if (c == '<' || c == '\0')
			return FALSE;
		if (quote) {
			quote = c == quote ? '\0' : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '>') {
			*ret_empty = scan->at[-1] == '/';
			scan->at++;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean take_start(Scan *scan)
{
	Span name;
	gboolean empty = FALSE;

	scan->at++;
	if (scan->depth == DEPTH_MAX || !take_name(scan, &name) ||
		scan->at == scan->end)
		return FALSE;
	if (!is_blank(*scan->at) && *scan->at != '>' && *scan->at != '/')
		return FALSE;
	if (scan->depth == 0 && scan->roots++ > 0)
		return FALSE;
	if (!skip_attributes(scan, &empty))
		return FALSE;
	scan->open[scan->depth++] = name;
	scan->inside = !empty && is_at_path(scan) ? scan->at : NULL;
	scan->depth -= empty;
	return TRUE;
}

static gboolean take_end(Scan *scan)
{
	const char *tag = scan->at;
	Span name;

	scan->at += 2;
	if (scan->depth == 0 || !take_name(scan, &name) ||
		!span_equals(name, scan->open[scan->depth - 1]))
		return FALSE;
	while (scan->at < scan->end && is_blank(*scan->at))
		scan->at++;
	if (scan->at == scan->end || *scan->at++ != '>')
		return FALSE;
	if (scan->inside && !scan->found.start)
		scan->found = (Span){scan->inside, tag - scan->inside};
	scan->inside = NULL;
	scan->depth--;
	return TRUE;
}

static gboolean take_markup(Scan *scan)
{
	if (looking_at(scan, "</"))
		return take_end(scan);
	if (!looking_at(scan, "<?") && !looking_at(scan, "<!"))
		return take_start(scan);
	scan->inside = NULL;
	if (looking_at(scan, "<!--"))
		return skip_past(scan, "-->");
	return looking_at(scan, "<?") && skip_past(scan, "?>");
}

static gboolean scan_run(Scan *scan)
{
	while (scan->at < scan->end) {
		if (*scan->at == '<') {
			if (!take_markup(scan))
				return FALSE;
		} else if (*scan->at == '\0' ||
			   (scan->depth == 0 && !is_blank(*scan->at))) {
			return FALSE;
		} else {
			scan->at++;
		}
	}
	return scan->depth == 0 && scan->roots == 1;
}

/* ---- the text of an element ---- */

static const struct {
	const char *name;
	char c;
} entities[] = {
	{"&lt;", '<'},
	{"&gt;", '>'},
	{"&amp;", '&'},
	{"&quot;", '"'},
	{"&apos;", '\''},
};

/* "&#10;", "&#xA;": the character's number, 0 when it is none. */
static gunichar reference_value(Scan *scan)
{
	gboolean hex = looking_at(scan, "&#x");
	gunichar c = 0;

	for (scan->at += hex ? 3 : 2; scan->at < scan->end; scan->at++) {
		int digit = hex ? g_ascii_xdigit_value(*scan->at)
				: g_ascii_digit_value(*scan->at);

		if (digit < 0 || c > 0x10FFFF)
			break;
		c = c * (hex ? 16 : 10) + digit;
	}
	if (scan->at == scan->end || *scan->at != ';')
		return 0;
	scan->at++;
	return g_unichar_validate(c) ? c : 0;
}

/* Writes one character for the reference at `at`; FALSE when it is none. */
static gboolean decode_one(Scan *scan, char **to)
{
	for (gsize i = 0; i < G_N_ELEMENTS(entities); i++)
		if (looking_at(scan, entities[i].name)) {
			scan->at += strlen(entities[i].name);
			*(*to)++ = entities[i].c;
			return TRUE;
		}
	gunichar c = looking_at(scan, "&#") ? reference_value(scan) : 0;
	if (c == 0)
		return FALSE;
	*to += g_unichar_to_utf8(c, *to);
	return TRUE;
}

/* No reference is shorter than what it stands for. */
static char *decode(Span span)
{
	Scan scan = {.at = span.start, .end = span.start + span.len};
	char *text = g_malloc0(span.len + 1);
	char *to = text;

	while (scan.at < scan.end) {
		if (*scan.at != '&') {
			*to++ = *scan.at++;
		} else if (!decode_one(&scan, &to)) {
			secret_wipe(text, span.len);
			g_free(text);
			return NULL;
		}
	}
	return text;
}

SecretText *aws_xml_text(
	const char *xml, gsize len, const char *path, gsize max)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	Scan scan = {.at = xml, .end = xml + len, .path = parts};

	if (!scan_run(&scan) || !scan.found.start || scan.found.len > max)
		return NULL;
	return decode(scan.found);
}
