#include "fs/command/holders.h"

#include <string.h>

/* Whether a link of /proc leads to the mount or into it: its target, a new string;
 * NULL: it does not. */
static char *leads_to(const char *link, const char *place)
{
	g_autofree char *target = g_file_read_link(link, NULL);
	gsize len = strlen(place);

	if (!target || strncmp(target, place, len) ||
		(target[len] != '\0' && target[len] != '/'))
		return NULL;
	return g_steal_pointer(&target);
}

/* The fourth field of stat; the second, the name, ends with the last ')'. */
static pid_t parent_of(const char *pid)
{
	g_autofree char *file = g_strdup_printf("/proc/%s/stat", pid);
	g_autofree char *text = NULL;
	const char *after;

	if (!g_file_get_contents(file, &text, NULL, NULL))
		return 0;
	after = strrchr(text, ')');
	if (!after || strlen(after) < strlen(") S 1"))
		return 0;
	return (pid_t)g_ascii_strtoll(after + strlen(") S "), NULL, 10);
}

static char *name_of(const char *pid)
{
	g_autofree char *file = g_strdup_printf("/proc/%s/comm", pid);
	char *name = NULL;

	if (!g_file_get_contents(file, &name, NULL, NULL))
		return g_strdup("?");
	for (char *c = g_strchomp(name); *c; c++)
		if (!g_ascii_isprint(*c))
			*c = '?';
	return name;
}

static char *open_file(const char *pid, const char *place)
{
	g_autofree char *folder = g_strdup_printf("/proc/%s/fd", pid);
	g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
	const char *fd;

	while (files && (fd = g_dir_read_name(files))) {
		g_autofree char *link = g_build_filename(folder, fd, NULL);
		char *found = leads_to(link, place);

		if (found)
			return found;
	}
	return NULL;
}

/* What a process does there: a new string; NULL: nothing. */
static char *doing(const char *pid, const char *place)
{
	static const struct {
		const char *link, *format;
	} links[] = {{"cwd", "works in %s"}, {"root", "has %s as its root"},
		{"exe", "runs %s"}};

	for (gsize i = 0; i < G_N_ELEMENTS(links); i++) {
		g_autofree char *link =
			g_strdup_printf("/proc/%s/%s", pid, links[i].link);
		g_autofree char *found = leads_to(link, place);
		g_auto(GStrv) parts = NULL;

		if (!found)
			continue;
		parts = g_strsplit(links[i].format, "%s", 2);
		return g_strconcat(parts[0], found, parts[1], NULL);
	}
	g_autofree char *file = open_file(pid, place);

	return file ? g_strdup_printf("has %s open", file) : NULL;
}

GPtrArray *holders_of(const char *place, pid_t daemon)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
	const char *pid;

	while (processes && (pid = g_dir_read_name(processes))) {
		g_autofree char *name = NULL;
		g_autofree char *what = NULL;

		if (!g_ascii_isdigit(*pid) ||
			(daemon && (g_ascii_strtoll(pid, NULL, 10) == daemon ||
					   parent_of(pid) == daemon)))
			continue;
		what = doing(pid, place);
		if (!what)
			continue;
		name = name_of(pid);
		g_ptr_array_add(found,
			g_strdup_printf("process %s (%s) %s", pid, name, what));
	}
	return found;
}
