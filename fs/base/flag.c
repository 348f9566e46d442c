#include "fs/base/flag.h"

#include <getopt.h>
#include <string.h>

#include "backends/base/nearest.h"
#include "backends/error.h"

#define OPERAND 1 /* what getopt tells of one */
#define HELP_INDENT 24

static const Flag *find(const Flag *flags, int letter)
{
	for (; flags->name; flags++)
		if (flags->letter == letter)
			return flags;
	return NULL;
}

gboolean flag_misused(
	const char *program, GError **error, const char *format, ...)
{
	g_autofree char *message = NULL;
	va_list args;

	va_start(args, format);
	message = g_strdup_vprintf(format, args);
	va_end(args);
	backend_error_set(error, BACKEND_ERROR_CONFIG, "%s (see %s --help)",
		message, program);
	return FALSE;
}

/* ---- what is wrong with a word ---- */

static gboolean unknown_name(const char *program, const Flag *flags,
	const char *word, GError **error)
{
	g_autofree char *name = g_strndup(word + 2, strcspn(word + 2, "="));
	g_autofree char *hint = NULL;
	Nearest nearest = {.name = name};

	for (; flags->name; flags++)
		nearest_try(&nearest, flags->name);
	hint = nearest.best
		       ? g_strdup_printf("; did you mean --%s?", nearest.best)
		       : g_strdup("");
	return flag_misused(
		program, error, "there is no option \"--%s\"%s", name, hint);
}

static gboolean unknown_letter(
	const char *program, const Flag *flags, int letter, GError **error)
{
	int other = g_ascii_islower(letter) ? g_ascii_toupper((char)letter)
					    : g_ascii_tolower((char)letter);
	const Flag *near = find(flags, other);

	if (near)
		return flag_misused(program, error,
			"there is no option \"-%c\"; did you mean -%c (--%s)?",
			letter, other, near->name);
	return flag_misused(
		program, error, "there is no option \"-%c\"", letter);
}

/* What getopt_long refused; it has stepped over the word. */
static gboolean refuse(const char *program, const Flag *flags,
	gboolean incomplete, char **argv, GError **error)
{
	const char *word = argv[optind - 1];
	const Flag *flag = optopt ? find(flags, optopt) : NULL;
	gboolean is_long = g_str_has_prefix(word, "--");
	g_autofree char *name = NULL;

	if (!flag)
		return is_long || !optopt
			       ? unknown_name(program, flags, word, error)
			       : unknown_letter(program, flags, optopt, error);
	name = is_long ? g_strdup_printf("--%s", flag->name)
		       : g_strdup_printf("-%c", flag->letter);
	if (incomplete)
		return flag_misused(
			program, error, "%s needs a %s", name, flag->value);
	return flag_misused(program, error, "%s takes no value", name);
}

/* ---- the command line ---- */

typedef struct {
	struct option *names;
	GString *letters;
} Getopt;

/* Operands come in their order, whatever POSIXLY_CORRECT says ("-"), and a value
 * that is missing is told from an unknown option (":"). */
static Getopt getopt_tables(const Flag *flags)
{
	Getopt made = {NULL, g_string_new("-:")};
	gsize n = 0;

	while (flags[n].name)
		n++;
	made.names = g_new0(struct option, n + 1);
	for (gsize i = 0; i < n; i++) {
		made.names[i] = (struct option){flags[i].name,
			flags[i].value ? required_argument : no_argument, NULL,
			flags[i].letter};
		if (flags[i].letter > 255)
			continue;
		g_string_append_c(made.letters, (char)flags[i].letter);
		if (flags[i].value)
			g_string_append_c(made.letters, ':');
	}
	return made;
}

gboolean flag_parse(const char *program, const Flag *flags, int argc,
	char **argv, FlagTake take, void *data, GPtrArray *operands,
	GError **error)
{
	Getopt tables = getopt_tables(flags);
	gboolean fine = TRUE;
	int got;

	optind = 0; /* begin anew */
	opterr = 0;
	while (fine && (got = getopt_long(argc, argv, tables.letters->str,
				tables.names, NULL)) != -1) {
		if (got == OPERAND)
			g_ptr_array_add(operands, g_strdup(optarg));
		else if (got == '?' || got == ':')
			fine = refuse(program, flags, got == ':', argv, error);
		else
			fine = take(find(flags, got), optarg, data, error);
	}
	while (fine && optind < argc)
		g_ptr_array_add(operands, g_strdup(argv[optind++]));
	g_free(tables.names);
	g_string_free(tables.letters, TRUE);
	return fine;
}

void flag_print_help(const Flag *flags, FILE *out)
{
	for (; flags->name; flags++) {
		g_auto(GStrv) lines = g_strsplit(flags->help, "\n", -1);
		g_autoptr(GString) head = g_string_new("  ");

		if (flags->letter > 255)
			g_string_append(head, "    ");
		else
			g_string_append_printf(head, "-%c, ", flags->letter);
		g_string_append_printf(head, "--%s%s%s", flags->name,
			flags->value ? " " : "",
			flags->value ? flags->value : "");
		fprintf(out, "%-*s", HELP_INDENT - 1, head->str);
		if (head->len >= HELP_INDENT)
			fprintf(out, "\n%*s", HELP_INDENT - 1, "");
		for (char **line = lines; *line; line++)
			fprintf(out, "%*s%s\n", line == lines ? 1 : HELP_INDENT,
				"", *line);
	}
}
