/*
 * Prints the completions of a shell, made from the tables that the program itself
 * reads: options, commands and theirs, mount options, sections' types, verbs.
 *
 * usage: generate bash|zsh|fish      At build time, by meson.
 */
#include <stdio.h>
#include <string.h>

#include "backends/backend.h"
#include "fs/command/command.h"
#include "fs/start/config.h"
#include "fs/start/options.h"

static void add(GPtrArray *names, const char *name)
{
	for (guint i = 0; i < names->len; i++)
		if (!strcmp(names->pdata[i], name))
			return;
	g_ptr_array_add(names, (char *)name);
}

static void add_verbs(GPtrArray *names, const BackendVerb *verb)
{
	for (; verb && verb->name; verb++)
		add(names, verb->name);
}

/* "a b c": new string. */
static char *joined(GPtrArray *names)
{
	g_ptr_array_add(names, NULL);
	return g_strjoinv(" ", (char **)names->pdata);
}

static char *verbs(void)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (gsize i = 0; backend_classes[i]; i++) {
		add_verbs(names, backend_classes[i]->verbs);
		add_verbs(names, backend_classes[i]->workspace_verbs);
	}
	return joined(names);
}

static char *commands(void)
{
	return g_strjoinv(" ", (char **)command_names());
}

static char *flags(const Flag *flag)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (; flag->name; flag++) {
		g_ptr_array_add(names, g_strconcat("--", flag->name, NULL));
		if (flag->letter <= 255)
			g_ptr_array_add(
				names, g_strdup_printf("-%c", flag->letter));
	}
	return joined(names);
}

static char *mount_keys(void)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; config_key(i); i++)
		g_string_append_printf(all, "%s ", config_key(i));
	g_string_append(all, "auto_unmount config keeper ro");
	return g_string_free(all, FALSE);
}

/* A line of a shell's case for each command and its options. */
static void print_case(const char *before, const char *after)
{
	for (const char *const *name = command_names(); *name; name++) {
		g_autofree char *words = flags(command_flags(*name));

		printf("\t%s) %s%s%s ;;\n", *name, before, words, after);
	}
}

static void bash(void)
{
	g_autofree char *of_mount = flags(mount_flags);
	g_autofree char *keys = mount_keys();
	g_autofree char *names = commands();
	g_autofree char *acts = verbs();

	printf("# bash completion of sessionfs, made from its tables\n"
	       "_sessionfs() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	       "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]} words= given\n"
	       "\tcase $prev in\n"
	       "\t-c | --config) compopt -o default; return ;;\n"
	       "\t--trace) COMPREPLY=($(compgen -W 'fuse api cache' -- "
	       "\"$cur\")); return ;;\n"
	       "\t-o | --options)\n"
	       "\t\tgiven=${cur%%\"${cur##*,}\"}\n"
	       "\t\tCOMPREPLY=($(compgen -P \"$given\" -W '%s' -- "
	       "\"${cur##*,}\"))\n"
	       "\t\tcompopt -o nospace\n"
	       "\t\treturn ;;\n"
	       "\tesac\n"
	       "\tcase ${COMP_WORDS[1]} in\n",
		keys);
	print_case("words='", "'");
	printf("\t*) words='%s' ;;\n"
	       "\tesac\n"
	       "\tif [[ $cur == -* ]]; then\n"
	       "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\t[[ $COMP_CWORD -ne 1 ]] ||\n"
	       "\t\tCOMPREPLY=($(compgen -W '%s' -- \"$cur\"))\n"
	       "\tcompopt -o default\n"
	       "}\n"
	       "complete -F _sessionfs sessionfs\n"
	       "\n"
	       "# The verbs of `echo stop > ctl`, where there is such a file.\n"
	       "_sessionfs_echo() {\n"
	       "\t[[ -w ctl || -w .ctl ]] && [[ $COMP_CWORD -eq 1 ]] || "
	       "return\n"
	       "\tCOMPREPLY=($(compgen -W '%s' -- "
	       "\"${COMP_WORDS[COMP_CWORD]}\"))\n"
	       "}\n"
	       "complete -o bashdefault -o default -F _sessionfs_echo echo\n",
		of_mount, names, acts);
}

static void zsh(void)
{
	g_autofree char *of_mount = flags(mount_flags);
	g_autofree char *keys = mount_keys();
	g_autofree char *acts = verbs();

	printf("#compdef sessionfs\n"
	       "# zsh completion of sessionfs, made from its tables\n"
	       "_sessionfs() {\n"
	       "\tlocal -a names words keys\n"
	       "\tnames=(\n");
	for (const char *const *name = command_names(); *name; name++)
		printf("\t\t'%s:%s'\n", *name, command_summary(*name));
	printf("\t)\n"
	       "\tkeys=(%s)\n"
	       "\tcase $words[CURRENT-1] in\n"
	       "\t-c|--config) _files; return ;;\n"
	       "\t--trace) _values -s , trace fuse api cache; return ;;\n"
	       "\t-o|--options) _values -s , option $keys; return ;;\n"
	       "\tesac\n"
	       "\tlocal -a options\n"
	       "\tcase $words[2] in\n",
		keys);
	print_case("options=(", ")");
	printf("\t*) options=(%s) ;;\n"
	       "\tesac\n"
	       "\tif [[ $PREFIX == -* ]]; then\n"
	       "\t\tcompadd -- $options\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\t(( CURRENT == 2 )) && _describe command names\n"
	       "\t_files\n"
	       "}\n"
	       "_sessionfs_echo() {\n"
	       "\t[[ -w ctl || -w .ctl ]] && (( CURRENT == 2 )) &&\n"
	       "\t\tcompadd -- %s\n"
	       "\t_default\n"
	       "}\n"
	       "compdef _sessionfs_echo echo\n"
	       "_sessionfs \"$@\"\n",
		of_mount, acts);
}

/* A quote ends a word of fish; nothing else is special in one. */
static char *quoted(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *line = g_strjoinv(" ", lines);
	g_auto(GStrv) parts = g_strsplit(line, "'", -1);

	return g_strjoinv("\\'", parts);
}

static void fish_flags(const char *when, const Flag *flag)
{
	for (; flag->name; flag++) {
		g_autofree char *help = quoted(flag->help);

		printf("complete -c sessionfs -n '%s' -l %s", when, flag->name);
		if (flag->letter <= 255)
			printf(" -s %c", flag->letter);
		printf("%s -d '%s'\n", flag->value ? " -r" : "", help);
	}
}

static void fish(void)
{
	g_autofree char *keys = mount_keys();
	g_autofree char *names = commands();
	g_autofree char *acts = verbs();

	printf("# fish completion of sessionfs, made from its tables\n");
	for (const char *const *name = command_names(); *name; name++) {
		g_autofree char *help = quoted(command_summary(*name));
		g_autofree char *when = g_strdup_printf(
			"__fish_seen_subcommand_from %s", *name);

		printf("complete -c sessionfs -n __fish_use_subcommand -a %s "
		       "-d '%s'\n",
			*name, help);
		fish_flags(when, command_flags(*name));
	}
	g_autofree char *none =
		g_strdup_printf("not __fish_seen_subcommand_from %s", names);

	fish_flags(none, mount_flags);
	printf("complete -c sessionfs -s o -x -a "
	       "'(__fish_complete_list , \"string split \\\" \\\" "
	       "\\\"%s\\\"\")'\n"
	       "complete -c echo -n 'test -w ctl; or test -w .ctl' -a '%s'\n",
		keys, acts);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "bash"))
		bash();
	else if (argc == 2 && !strcmp(argv[1], "zsh"))
		zsh();
	else if (argc == 2 && !strcmp(argv[1], "fish"))
		fish();
	else
		return 2;
	return fflush(stdout) != 0;
}
