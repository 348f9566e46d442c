/*
 * The process that has started a daemon looks at the mount as anybody would: a
 * child for each section opens its directory, which is answered when the list of
 * workspaces is there.  Meanwhile .sessionfs/status says how far it is, which makes
 * nobody ask the provider.
 */
#include "fs/start/progress.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/base/clock.h"
#include "fs/base/say.h"
#include "fs/base/status_line.h"

#define LOOK_US (G_USEC_PER_SEC / 10)
/* Without a page for so long, the prompt comes back. */
#define PATIENCE_US (3 * G_USEC_PER_SEC)

typedef struct {
	char *name;
	pid_t child;         /* who lists it; 0: nobody any more */
	char *listing, *why; /* what the status said last: "listing" and
	                        "last_error" */
} Section;

static void section_free(void *data)
{
	Section *self = data;

	g_free(self->name);
	g_free(self->listing);
	g_free(self->why);
	g_free(self);
}

static Section *section_find(const GPtrArray *sections, const char *name)
{
	for (guint i = 0; i < sections->len; i++) {
		Section *section = g_ptr_array_index(sections, i);

		if (!strcmp(section->name, name))
			return section;
	}
	return NULL;
}

/* ---- the status of all ---- */

/* A line that tells something of a section. */
static void take_line(Section *section, const char *line)
{
	static const char listing[] = "listing: ", why[] = "last_error: ";

	if (g_str_has_prefix(line, listing)) {
		g_free(section->listing);
		section->listing = g_strdup(line + strlen(listing));
	} else if (g_str_has_prefix(line, why)) {
		g_free(section->why);
		section->why = g_strdup(line + strlen(why));
	}
}

/* FALSE: it cannot be read.  add: sections that are not known are. */
static gboolean read_status(
	const char *mountpoint, GPtrArray *sections, gboolean add)
{
	g_autofree char *path =
		g_build_filename(mountpoint, ".sessionfs/status", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	Section *section = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return FALSE;
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		gsize len = strlen(*line);

		if (**line != '[' || (*line)[len - 1] != ']') {
			if (section)
				take_line(section, *line);
			continue;
		}
		(*line)[len - 1] = '\0';
		section = section_find(sections, *line + 1);
		/* Those with a slash are workspaces. */
		if (section || !add || strchr(*line, '/'))
			continue;
		section = g_new0(Section, 1);
		section->name = g_strdup(*line + 1);
		g_ptr_array_add(sections, section);
	}
	return TRUE;
}

/* ---- who lists ---- */

static pid_t list_in_child(const char *mountpoint, const char *name)
{
	g_autofree char *folder = g_build_filename(mountpoint, name, NULL);
	pid_t child = fork();

	if (child)
		return MAX(child, 0);
	DIR *dir = opendir(folder);
	while (dir && readdir(dir))
		;
	_exit(0);
}

/* The sections that were never listed, each with a child that does so. */
static GPtrArray *begin(const char *mountpoint)
{
	GPtrArray *sections = g_ptr_array_new_with_free_func(section_free);

	if (!read_status(mountpoint, sections, TRUE))
		return sections;
	for (guint i = sections->len; i-- > 0;) {
		Section *section = g_ptr_array_index(sections, i);

		if (g_strcmp0(section->listing, "never"))
			g_ptr_array_remove_index(sections, i);
		else
			section->child =
				list_in_child(mountpoint, section->name);
	}
	return sections;
}

/* ---- what is told meanwhile ---- */

static void draw(const Section *self)
{
	g_autofree char *text = progress_text(self->name,
		g_str_has_prefix(self->listing, "page ")
			? self->listing
			: "asked for its workspaces",
		status_line_width());

	status_line_show(text);
}

/* Draws the first that is not listed yet; NULL: there is none. */
static const Section *look(GPtrArray *sections)
{
	const Section *first = NULL;

	for (guint i = 0; i < sections->len; i++) {
		Section *section = g_ptr_array_index(sections, i);

		if (section->child &&
			waitpid(section->child, NULL, WNOHANG) != 0)
			section->child = 0;
		if (section->child && !first)
			first = section;
	}
	if (first)
		draw(first);
	return first;
}

/* Of all sections, so that what has changed is told by another text. */
static char *state_of(const GPtrArray *sections)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < sections->len; i++) {
		const Section *section = g_ptr_array_index(sections, i);

		g_string_append_printf(out, "%s\n", section->listing);
	}
	return g_string_free(out, FALSE);
}

/* Until all are listed, or no page has come for a while. */
static void follow(const char *mountpoint, GPtrArray *sections)
{
	gint64 moved_us = clock_now_us(&clock_real);
	g_autofree char *before = state_of(sections);

	while (look(sections) &&
		clock_now_us(&clock_real) - moved_us < PATIENCE_US) {
		g_autofree char *now = NULL;

		g_usleep(LOOK_US);
		if (!read_status(mountpoint, sections, FALSE))
			return;
		now = state_of(sections);
		if (!strcmp(now, before))
			continue;
		moved_us = clock_now_us(&clock_real);
		g_free(before);
		before = g_steal_pointer(&now);
	}
}

void progress_of_start(const char *mountpoint)
{
	g_autoptr(GPtrArray) sections = NULL;

	if (!status_line_can())
		return;
	sections = begin(mountpoint);
	follow(mountpoint, sections);
	status_line_clear();
	read_status(mountpoint, sections, FALSE);
	for (guint i = 0; i < sections->len; i++) {
		const Section *section = g_ptr_array_index(sections, i);

		/* Only our own; nobody waits for one that the mount keeps. */
		if (section->child)
			kill(section->child, SIGKILL);
		else if (g_strcmp0(section->why, "none"))
			say("%s: %s", section->name, section->why);
	}
}
