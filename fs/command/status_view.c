#include "fs/command/status_view.h"

#include <errno.h>
#include <string.h>

#include "backends/error.h"
#include "backends/session.h"
#include "cache/base/escape.h"
#include "fs/command/status_text.h"

#define TEXT_ROOM 65536 /* of a JSON string */

/* ---- phases: "idle 3, failed 1" ---- */

typedef guint64 Phases[N_PHASES];

static void add_phases(const StatusBlock *block, Phases phases)
{
	g_auto(GStrv) parts =
		g_strsplit(status_text_get(block, "phases"), ", ", -1);

	for (char **part = parts; *part; part++)
		for (Phase phase = 0; phase < N_PHASES; phase++) {
			const char *name = phase_name(phase);
			gsize len = strlen(name);

			if (!strncmp(*part, name, len) && (*part)[len] == ' ')
				phases[phase] +=
					g_ascii_strtoull(*part + len, NULL, 10);
		}
}

static char *phases_text(const Phases phases)
{
	GString *out = g_string_new(NULL);

	for (Phase phase = 0; phase < N_PHASES; phase++)
		if (phases[phase])
			g_string_append_printf(out, "%s%s %" G_GUINT64_FORMAT,
				out->len ? ", " : "", phase_name(phase),
				phases[phase]);
	return g_string_free(out, FALSE);
}

char *status_view_phases(const MountStatus *mounts, gsize n)
{
	Phases phases = {0};

	for (gsize i = 0; i < n; i++)
		for (guint k = 0; mounts[i].blocks && k < mounts[i].blocks->len;
			k++)
			add_phases(
				g_ptr_array_index(mounts[i].blocks, k), phases);
	return phases_text(phases);
}

/* ---- the table ---- */

enum { NAME, SESSIONS, AGE, CALLS, OPEN, LISTING, PHASES, N_COLUMNS };

typedef struct {
	char *cells[N_COLUMNS];
	char *failed; /* lines that stand below it */
} TableRow;

static void row_free(void *data)
{
	TableRow *row = data;

	for (guint i = 0; i < N_COLUMNS; i++)
		g_free(row->cells[i]);
	g_free(row->failed);
	g_free(row);
}

static char *age_text(gint64 ms)
{
	static const struct {
		const char *unit;
		gint64 ms;
	} units[] = {
		{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

	if (ms < 0)
		return g_strdup("never");
	for (gsize i = 0; i + 1 < G_N_ELEMENTS(units); i++)
		if (ms >= 2 * units[i].ms)
			return g_strdup_printf("%" G_GINT64_FORMAT "%s",
				ms / units[i].ms, units[i].unit);
	return g_strdup_printf("%" G_GINT64_FORMAT "s", ms / 1000);
}

static char *number_text(gint64 number)
{
	return number < 0 ? g_strdup("-")
			  : g_strdup_printf("%" G_GINT64_FORMAT, number);
}

/* Names and sentences come from providers: nothing in them is for a terminal. */
static char *plain(const char *text)
{
	GString *out = g_string_new(NULL);
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
		gunichar letter = g_utf8_get_char(c);

		g_string_append_unichar(
			out, backend_is_control(letter) ? '?' : letter);
	}
	return g_string_free(out, FALSE);
}

static char *failures_of(const StatusBlock *block)
{
	static const char *const keys[] = {
		"last_error", "credentials_error", "partial"};
	GString *out = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *said = plain(status_text_get(block, keys[i]));

		if (*said && strcmp(said, "none"))
			g_string_append_printf(
				out, "    %s: %s\n", keys[i], said);
	}
	return g_string_free(out, FALSE);
}

static gboolean is_inside(const StatusBlock *block, const char *section)
{
	gsize len = strlen(section);

	return !strncmp(block->path, section, len) && block->path[len] == '/';
}

/* A section sums up what its workspaces tell. */
static TableRow *row_new(GPtrArray *blocks, guint at)
{
	const StatusBlock *block = g_ptr_array_index(blocks, at);
	const char *slash = strchr(block->path, '/');
	TableRow *row = g_new0(TableRow, 1);
	g_autofree char *name = plain(slash ? slash + 1 : block->path);
	gint64 open = MAX(0, status_text_number(block, "requests_open"));
	Phases phases = {0};

	add_phases(block, phases);
	for (guint i = at + 1; !slash && i < blocks->len; i++) {
		const StatusBlock *other = g_ptr_array_index(blocks, i);

		if (!is_inside(other, block->path))
			continue;
		open += MAX(0, status_text_number(other, "requests_open"));
		add_phases(other, phases);
	}
	row->cells[NAME] = g_strdup_printf("%s%s", slash ? "  " : "", name);
	row->cells[SESSIONS] =
		number_text(status_text_number(block, "sessions"));
	row->cells[AGE] = age_text(status_text_number(block, "age_ms"));
	row->cells[CALLS] =
		slash ? g_strdup("")
		      : number_text(status_text_number(block, "calls_left"));
	row->cells[OPEN] = number_text(open);
	row->cells[LISTING] = plain(status_text_get(block, "listing"));
	row->cells[PHASES] = phases_text(phases);
	row->failed = failures_of(block);
	return row;
}

static TableRow *head_row(void)
{
	static const char *const names[N_COLUMNS] = {
		[NAME] = "SECTION",
		[SESSIONS] = "SESSIONS",
		[AGE] = "AGE",
		[CALLS] = "CALLS LEFT",
		[OPEN] = "REQUESTS",
		[LISTING] = "LISTING",
		[PHASES] = "PHASES",
	};
	TableRow *row = g_new0(TableRow, 1);

	for (guint i = 0; i < N_COLUMNS; i++)
		row->cells[i] = g_strdup(names[i]);
	row->failed = g_strdup("");
	return row;
}

static gsize width_of(GPtrArray *rows, guint column)
{
	glong width = 0;

	for (guint i = 0; i < rows->len; i++) {
		const TableRow *row = g_ptr_array_index(rows, i);

		width = MAX(width, g_utf8_strlen(row->cells[column], -1));
	}
	return (gsize)width;
}

static void append_cell(
	GString *out, const char *cell, gsize width, gboolean right)
{
	gsize gap = width - (gsize)g_utf8_strlen(cell, -1);

	if (!right)
		g_string_append(out, cell);
	g_string_append_printf(out, "%*s", (int)gap, "");
	if (right)
		g_string_append(out, cell);
}

static void append_table(GPtrArray *rows, GString *out)
{
	gsize widths[N_COLUMNS];

	for (guint i = 0; i < N_COLUMNS; i++)
		widths[i] = width_of(rows, i);
	for (guint i = 0; i < rows->len; i++) {
		const TableRow *row = g_ptr_array_index(rows, i);

		for (guint k = 0; k < N_COLUMNS; k++) {
			g_string_append(out, "  ");
			append_cell(out, row->cells[k],
				k == PHASES ? strlen(row->cells[k]) : widths[k],
				k >= SESSIONS && k <= OPEN);
		}
		while (out->str[out->len - 1] == ' ')
			g_string_truncate(out, out->len - 1);
		g_string_append_printf(out, "\n%s", row->failed);
	}
}

/* ---- a mount ---- */

/* What a script compares. */
static const char *state_word(const MountStatus *mount)
{
	switch (mount->error) {
	case 0:
	case ENOENT: /* an older one, without that file */
		return "answers";
	case ENOTCONN:
		return "dead";
	case ETIMEDOUT:
		return "does not answer";
	default:
		return "unknown";
	}
}

static void append_state(const MountStatus *mount, GString *out)
{
	g_autofree char *place = plain(mount->place);

	g_string_append_printf(out, "%s: ", place);
	if (mount->blocks)
		g_string_append_printf(out, "answers (process %s)\n",
			status_text_get(
				g_ptr_array_index(mount->blocks, 0), "pid"));
	else if (mount->error == ENOTCONN)
		g_string_append_printf(out,
			"dead, its daemon is gone; \"sessionfs umount %s\" "
			"detaches it\n",
			place);
	else if (mount->error == ETIMEDOUT)
		g_string_append(out, "does not answer\n");
	else if (mount->error == ENOENT)
		g_string_append(out,
			"answers, and is of an older sessionfs that tells no "
			"status\n");
	else
		g_string_append_printf(
			out, "cannot be asked: %s\n", g_strerror(mount->error));
}

char *status_view_state(const MountStatus *mount)
{
	g_autofree char *place = plain(mount->place);

	return g_strdup_printf("%s: %s", place, state_word(mount));
}

void status_view_text(const MountStatus *mount, GString *out)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);

	append_state(mount, out);
	if (!mount->blocks || mount->blocks->len < 2)
		return;
	g_ptr_array_add(rows, head_row());
	for (guint i = 1; i < mount->blocks->len; i++)
		g_ptr_array_add(rows, row_new(mount->blocks, i));
	append_table(rows, out);
}

static void append_blocks(GPtrArray *blocks, const char *section, GString *out)
{
	const char *between = "";

	for (guint i = 1; i < blocks->len; i++) {
		const StatusBlock *block = g_ptr_array_index(blocks, i);
		const char *slash = strchr(block->path, '/');

		if (section ? !is_inside(block, section) : slash != NULL)
			continue;
		g_string_append_printf(out, "%s{\"name\":", between);
		json_append(out, slash ? slash + 1 : block->path, TEXT_ROOM);
		g_string_append(out, ",\"status\":");
		status_text_json(block, out);
		if (!section) {
			g_string_append(out, ",\"workspaces\":[");
			append_blocks(blocks, block->path, out);
			g_string_append_c(out, ']');
		}
		g_string_append_c(out, '}');
		between = ",";
	}
}

void status_view_json(const MountStatus *mount, GString *out)
{
	g_string_append(out, "{\"mountpoint\":");
	json_append(out, mount->place, TEXT_ROOM);
	g_string_append(out, ",\"state\":");
	json_append(out, state_word(mount), TEXT_ROOM);
	if (mount->error) {
		g_string_append(out, ",\"error\":");
		json_append(out, g_strerror(mount->error), TEXT_ROOM);
	}
	if (mount->blocks) {
		g_string_append(out, ",\"daemon\":");
		status_text_json(g_ptr_array_index(mount->blocks, 0), out);
		g_string_append(out, ",\"sections\":[");
		append_blocks(mount->blocks, NULL, out);
		g_string_append_c(out, ']');
	}
	g_string_append_c(out, '}');
}
