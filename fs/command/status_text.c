#include "fs/command/status_text.h"

#include <string.h>

#include "cache/base/escape.h"

#define TEXT_ROOM 65536 /* of a JSON string */

static void block_free(void *data)
{
	StatusBlock *block = data;

	g_strfreev(block->lines);
	g_free(block->path);
	g_free(block);
}

/* Values are padded with blanks, so that the file keeps its size. */
static char **tidy_lines(const char *text)
{
	char **lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		char *value = strstr(*line, ": ");

		g_strchomp(*line);
		if (value && value + 2 < *line + strlen(*line))
			g_strchug(value + 2);
	}
	return lines;
}

GPtrArray *status_text_parse(const char *text)
{
	GPtrArray *blocks = g_ptr_array_new_with_free_func(block_free);
	g_auto(GStrv) parts = g_strsplit(text, "\n[", -1);

	for (char **part = parts; *part; part++) {
		StatusBlock *block = g_new0(StatusBlock, 1);
		char *end = part == parts ? NULL : strstr(*part, "]\n");

		if (end)
			*end = '\0';
		block->path = g_strdup(end ? *part : "");
		block->lines = tidy_lines(end ? end + 2 : *part);
		g_ptr_array_add(blocks, block);
	}
	return blocks;
}

const char *status_text_get(const StatusBlock *block, const char *key)
{
	gsize len = strlen(key);

	for (char **line = block->lines; *line; line++)
		if (!strncmp(*line, key, len) &&
			g_str_has_prefix(*line + len, ": "))
			return *line + len + 2;
	return "";
}

/* As JSON spells it, too: a workspace may be called "007". */
static gboolean is_number(const char *text, gint64 *ret)
{
	const char *digits = text + (*text == '-');

	return g_ascii_isdigit(*digits) && (*digits != '0' || !digits[1]) &&
	       g_ascii_string_to_signed(
		       text, 10, G_MININT64, G_MAXINT64, ret, NULL);
}

gint64 status_text_number(const StatusBlock *block, const char *key)
{
	gint64 number;

	return is_number(status_text_get(block, key), &number) ? number : -1;
}

gboolean status_text_is_workspace(const StatusBlock *block)
{
	return strchr(block->path, '/') != NULL;
}

void status_text_json(const StatusBlock *block, GString *out)
{
	const char *between = "";

	g_string_append_c(out, '{');
	for (char **line = block->lines; *line; line++) {
		char *value = strstr(*line, ": ");
		g_autofree char *key = NULL;
		gint64 number;

		if (!value)
			continue;
		key = g_strndup(*line, (gsize)(value - *line));
		value += 2;
		g_string_append(out, between);
		json_append(out, key, TEXT_ROOM);
		g_string_append_c(out, ':');
		if (is_number(value, &number))
			g_string_append(out, value);
		else
			json_append(out, value, TEXT_ROOM);
		between = ",";
	}
	g_string_append_c(out, '}');
}
