#pragma once

#include <glib.h>

/* What texts are made of; and text as Python sees it: str.strip, str.splitlines and
 * shlex.split, in the ways in which they differ from GLib's.  No state; any thread. */

/* A piece of somebody else's text, in UTF-8. */
typedef struct {
	const char *start;
	gsize len;
} Piece;

/* Without white space (Unicode's) at both ends, or at the end. */
Piece piece_strip(Piece piece);
Piece piece_chomp(Piece piece);
/* How many characters of white space it begins with. */
gsize piece_indent(Piece piece);
gboolean piece_starts(Piece piece, const char *prefix);

/* The line at the beginning of *rest, which moves behind it; FALSE when *rest
 * is empty.  Lines end with "\n", "\r\n" or "\r"; with `unicode`, with whatever
 * separates lines there too. */
gboolean piece_line(Piece *rest, gboolean unicode, Piece *ret);

/* Whether a text is of printable ASCII without blanks, and not empty. */
gboolean text_is_graph(const char *text);
/* Whether it is of ASCII's letters, digits and `others` at most. */
gboolean text_is_made_of(const char *text, const char *others);
/* The beginning of a text, valid UTF-8, with `instead` for control characters.  New
 * string. */
char *text_line(const char *text, gsize len, char instead);

/* The words of a command line: quotes and backslashes as in a shell, all else as
 * it is.  NULL when a quote or a backslash is left open. */
char **words_split(const char *text);
/* Whether words_split would leave something that a shell has a meaning for: an
 * operator, an expansion or "~" outside of quotes. */
gboolean words_need_shell(const char *text);
