#include "backends/base/complaint.h"

#include <string.h>

#include "backends/base/text.h"

#define MASK "***"
#define LINE_MAX_LEN 2048 /* characters of a line that are looked at */
#define WORD_LEAST 20     /* characters that a key has at least */
#define HEX_LEAST 32      /* a token of hexadecimal digits */
#define SHARED_LEAST 12   /* a word that the output has too */
#define NAMED_LEAST 4     /* the value of an argument that is called a secret */

/* Begins where a word does, and gives nothing back: else it would take the cube of
 * a line's length. */
#define NAME                                                                   \
	"(?<![\\w.-])(?=[\\w.-]*(?:passw|passphrase|pwd|secret|token|"         \
	"api[_-]?key|credential|authorization))[\\w.-]++"

/* ---- one line ---- */

static char *last_line(const char *said, gsize len)
{
	g_autofree char *text = g_utf8_make_valid(said, len);
	Piece rest = {text, strlen(text)}, line, last = {text, 0};

	while (piece_line(&rest, TRUE, &line)) {
		line = piece_strip(line);
		if (line.len > 0)
			last = line;
	}
	/* More is not shown, and what masks it takes the square of its length. */
	return g_utf8_substring(last.start, 0,
		MIN(g_utf8_strlen(last.start, last.len), LINE_MAX_LEN));
}

static gboolean is_shown(gunichar c)
{
	GUnicodeType type = g_unichar_type(c);

	return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT &&
	       type != G_UNICODE_UNASSIGNED && type != G_UNICODE_PRIVATE_USE;
}

static char *plain(const char *line)
{
	GString *out = g_string_new(NULL);

	for (const char *c = line; *c; c = g_utf8_next_char(c))
		if (is_shown(g_utf8_get_char(c)))
			g_string_append_unichar(out, g_utf8_get_char(c));
		else
			g_string_append_c(out, '?');
	return g_string_free(out, FALSE);
}

/* Takes text. */
static char *replace(char *text, const char *pattern, const char *with)
{
	g_autofree char *owned G_GNUC_UNUSED = text;
	g_autoptr(GRegex) regex =
		g_regex_new(pattern, G_REGEX_CASELESS, 0, NULL);

	return g_regex_replace(regex, text, -1, 0, with, 0, NULL);
}

/* ---- secrets ---- */

static gboolean is_secret_name(const char *name)
{
	return g_regex_match_simple("^" NAME "$", name, G_REGEX_CASELESS, 0);
}

static void add(GPtrArray *secrets, const char *value)
{
	if (value && strlen(value) >= NAMED_LEAST)
		g_ptr_array_add(secrets, g_strdup(value));
}

static void add_words(GPtrArray *secrets, char *const *words)
{
	for (; *words; words++) {
		const char *sign = strchr(*words, '=');
		g_autofree char *name = g_strndup(
			*words, sign ? (gsize)(sign - *words) : strlen(*words));

		if (is_secret_name(name))
			add(secrets, sign ? sign + 1 : words[1]);
	}
}

/* Of the command, which may be one argument for a shell, and what it inherits. */
static GPtrArray *secrets_of(char *const *argv)
{
	GPtrArray *secrets = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) environment = g_get_environ();

	add_words(secrets, argv);
	add_words(secrets, environment);
	for (; *argv; argv++) {
		g_auto(GStrv) words =
			strpbrk(*argv, " \t\n") ? words_split(*argv) : NULL;

		if (words)
			add_words(secrets, words);
	}
	return secrets;
}

static gboolean looks_made(const char *word)
{
	gsize len = strlen(word);
	gboolean digit = FALSE, upper = FALSE, low = FALSE;

	for (const char *c = word; *c; c++) {
		digit |= g_ascii_isdigit(*c);
		upper |= g_ascii_isupper(*c);
		low |= g_ascii_islower(*c);
	}
	if (strspn(word, "0123456789abcdefABCDEF") == len)
		return len >= HEX_LEAST;
	return len >= WORD_LEAST && digit && upper && low;
}

/* A path is as secret as what lies between its slashes. */
static gboolean is_secret(const char *word, const char *output)
{
	gboolean found =
		strlen(word) >= SHARED_LEAST && output && strstr(output, word);

	if (*word != '/')
		return found || looks_made(word);
	g_auto(GStrv) parts = g_strsplit(word, "/", -1);
	for (char **part = parts; !found && *part; part++)
		found = looks_made(*part);
	return found;
}

static gboolean mask_word(
	const GMatchInfo *match, GString *out, gpointer output)
{
	g_autofree char *word = g_match_info_fetch(match, 0);

	g_string_append(out, is_secret(word, output) ? MASK : word);
	return FALSE;
}

/* Takes text. */
static char *mask_words(char *text, const char *output)
{
	g_autofree char *owned G_GNUC_UNUSED = text;
	g_autoptr(GRegex) regex =
		g_regex_new("[\\w+/=.~-]+", G_REGEX_DEFAULT, 0, NULL);

	return g_regex_replace_eval(
		regex, text, -1, 0, 0, mask_word, (gpointer)output, NULL);
}

/* Takes text. */
static char *mask_values(char *text, char *const *argv)
{
	g_autoptr(GPtrArray) secrets = secrets_of(argv);

	for (guint i = 0; i < secrets->len; i++) {
		GString *masked = g_string_new(text);

		g_string_replace(
			masked, g_ptr_array_index(secrets, i), MASK, 0);
		g_free(text);
		text = g_string_free(masked, FALSE);
	}
	return text;
}

/* Takes text. */
static char *cut(char *text)
{
	if (strlen(text) <= COMPLAINT_MAX)
		return text;
	g_autofree char *owned G_GNUC_UNUSED = text;
	const char *end = g_utf8_find_prev_char(text, text + COMPLAINT_MAX - 2);
	return g_strdup_printf("%.*s...", (int)(end - text), text);
}

char *complaint_quote(
	const char *said, gsize len, char *const *argv, const char *output)
{
	char *line = last_line(said, len);

	line = replace(line, "\\x1b\\[[0-9;:?]*[ -/]*[@-~]", "");
	line = mask_values(line, argv);
	line = replace(line, "\\b(bearer|basic)\\s+\\S{8,}", "\\1 " MASK);
	line = replace(line, "(" NAME "[\"']?\\s*[=:]\\s*[\"']?)[^\\s\"',;&]+",
		"\\1" MASK);
	line = replace(line, "://[^/\\s]*@", "://" MASK "@");
	line = mask_words(line, output);
	g_autofree char *whole = line;
	line = cut(plain(whole));
	if (*line)
		return line;
	g_free(line);
	return NULL;
}
