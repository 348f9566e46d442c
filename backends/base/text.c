#include "backends/base/text.h"

#include <string.h>

#include "backends/base/secret.h"
#include "backends/error.h"

/* ---- white space ---- */

/* str.isspace. */
static gboolean is_space(gunichar c)
{
	if (c < 0x80)
		return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20);
	return c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Where str.splitlines cuts. */
static gboolean is_break(gunichar c)
{
	return (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) ||
	       c == 0x85 || c == 0x2028 || c == 0x2029;
}

static Piece piece_chug(Piece piece, gsize *ret_count)
{
	const char *end = piece.start + piece.len;
	gsize count = 0;

	while (piece.start < end && is_space(g_utf8_get_char(piece.start))) {
		piece.start = g_utf8_next_char(piece.start);
		count++;
	}
	piece.len = end - piece.start;
	if (ret_count)
		*ret_count = count;
	return piece;
}

Piece piece_chomp(Piece piece)
{
	while (piece.len > 0) {
		const char *last = g_utf8_prev_char(piece.start + piece.len);

		if (!is_space(g_utf8_get_char(last)))
			break;
		piece.len = last - piece.start;
	}
	return piece;
}

Piece piece_strip(Piece piece)
{
	return piece_chomp(piece_chug(piece, NULL));
}

gsize piece_indent(Piece piece)
{
	gsize count;

	piece_chug(piece, &count);
	return count;
}

gboolean piece_starts(Piece piece, const char *prefix)
{
	gsize len = strlen(prefix);

	return piece.len >= len && memcmp(piece.start, prefix, len) == 0;
}

gboolean piece_line(Piece *rest, gboolean unicode, Piece *ret)
{
	const char *end = rest->start + rest->len;
	const char *at = rest->start;

	if (rest->len == 0)
		return FALSE;
	while (at < end) {
		gunichar c = g_utf8_get_char(at);
		if (c == '\n' || c == '\r' || (unicode && is_break(c)))
			break;
		at = g_utf8_next_char(at);
	}
	*ret = (Piece){rest->start, at - rest->start};
	if (at < end && *at == '\r' && at + 1 < end && at[1] == '\n')
		at++;
	if (at < end)
		at = g_utf8_next_char(at);
	*rest = (Piece){at, end - at};
	return TRUE;
}

/* ---- what it is made of ---- */

gboolean text_is_graph(const char *text)
{
	const char *c = text;

	while (g_ascii_isgraph(*c))
		c++;
	return c > text && *c == '\0';
}

gboolean text_is_made_of(const char *text, const char *others)
{
	for (; *text; text++)
		if (!g_ascii_isalnum(*text) && !strchr(others, *text))
			return FALSE;
	return TRUE;
}

char *text_line(const char *text, gsize len, char instead)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)len);
	GString *line = g_string_sized_new(strlen(valid));

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (backend_is_control(c))
			g_string_append_c(line, instead);
		else
			g_string_append_unichar(line, c);
	}
	return g_string_free(line, FALSE);
}

/* ---- command lines ---- */

typedef struct {
	GPtrArray *words;
	GString *word;
	gboolean inside; /* of a word, which may be empty: "" */
	char quote;      /* 0: none */
} Split;

static void split_end(Split *split)
{
	if (split->inside)
		g_ptr_array_add(split->words, g_strdup(split->word->str));
	secret_wipe(split->word->str, split->word->len);
	g_string_truncate(split->word, 0);
	split->inside = FALSE;
}

/* The character at `at`; returns where the next is, NULL when a backslash ends
 * the text. */
static const char *split_step(Split *split, const char *at)
{
	char c = *at;

	if (c == '\\' && split->quote != '\'') {
		if (!at[1])
			return NULL;
		if (split->quote && at[1] != '"' && at[1] != '\\')
			g_string_append_c(split->word, c);
		g_string_append_c(split->word, at[1]);
		split->inside = TRUE;
		return at + 2;
	}
	if (split->quote ? c == split->quote : c == '"' || c == '\'') {
		split->quote = split->quote ? 0 : c;
		split->inside = TRUE;
	} else if (!split->quote && strchr(" \t\r\n", c)) {
		split_end(split);
	} else {
		g_string_append_c(split->word, c);
		split->inside = TRUE;
	}
	return at + 1;
}

char **words_split(const char *text)
{
	/* Room for all of it: no copy is left behind. */
	Split split = {
		.words = g_ptr_array_new_with_free_func(g_free),
		.word = g_string_sized_new(strlen(text) + 1),
	};

	while (text && *text)
		text = split_step(&split, text);
	split_end(&split);
	g_string_free(split.word, TRUE);
	if (!text || split.quote) {
		g_ptr_array_unref(split.words);
		return NULL;
	}
	g_ptr_array_add(split.words, NULL);
	return (char **)g_ptr_array_free(split.words, FALSE);
}

gboolean words_need_shell(const char *text)
{
	gboolean begins = TRUE;
	char quote = 0;

	for (const char *c = text; *c; c++) {
		if (*c == '\\' && quote != '\'' && c[1])
			c++;
		else if (quote ? *c == quote : *c == '"' || *c == '\'')
			quote = quote ? 0 : *c;
		else if (!quote &&
			 (strchr("&|;<>()$`", *c) || (*c == '~' && begins)))
			return TRUE;
		begins = !quote && g_ascii_isspace(*c);
	}
	return FALSE;
}
