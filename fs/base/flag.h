#pragma once

#include <glib.h>
#include <stdio.h>

/*
 * Options of a command line: a row for each, ended by a row without a name.  The
 * help text and the messages are made of the rows.
 */
typedef struct {
	const char *name;  /* the long one */
	int letter;        /* over 255: it has none, and any number will do */
	const char *value; /* what the help calls it; NULL: it takes none */
	const char *help;  /* its lines, without a newline at the end */
} Flag;

#define FLAG_HELP                                                              \
	{                                                                      \
		"help", 'h', NULL, "this text"                                 \
	}

/* Takes one that was given; value is NULL for one that takes none. */
typedef gboolean (*FlagTake)(
	const Flag *flag, const char *value, void *data, GError **error);

/*
 * Reads a command line.  Operands may stand between the options and are copied to
 * the end of `operands`; argv[0] is not looked at.  `program` is what messages call
 * the program: "sessionfs status".  Not thread-safe, since getopt_long is not.
 * Errors: CONFIG, with a sentence that names the word; those of `take`.
 */
gboolean flag_parse(const char *program, const Flag *flags, int argc,
	char **argv, FlagTake take, void *data, GPtrArray *operands,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The lines of a help text. */
void flag_print_help(const Flag *flags, FILE *out);

/* Sets a CONFIG error that says where help is, and returns FALSE. */
gboolean flag_misused(const char *program, GError **error, const char *format,
	...) G_GNUC_PRINTF(3, 4);
