#include "backends/aws/aws_xml.h"

#include <string.h>

#define DEPTH_MAX 16

typedef struct {
	char **path;
	guint depth, roots;
	gboolean inside;   /* the wanted element, and only text came so far */
	SecretText *text;  /* which is that; NULL: none */
	SecretText *found; /* NULL: not yet */
} Scan;

static void scan_clear(Scan *scan)
{
	secret_free_text(scan->text);
	secret_free_text(scan->found);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Scan, scan_clear)

/* The innermost element comes first. */
static gboolean is_at_path(const GSList *open, char **path)
{
	guint depth = g_strv_length(path);

	for (; open && depth > 0; open = open->next, depth--) {
		const char *name = open->data;
		const char *colon = strchr(name, ':');
		const char *wanted = path[depth - 1];

		if (!g_str_equal(wanted, "?") &&
			!g_str_equal(wanted, colon ? colon + 1 : name))
			return FALSE;
	}
	return !open && depth == 0;
}

static void refuse(GError **error, const char *why)
{
	g_set_error_literal(
		error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, why);
}

static void on_start(GMarkupParseContext *context, const char *name,
	const char **attributes, const char **values, gpointer data,
	GError **error)
{
	Scan *scan = data;

	scan->roots += scan->depth == 0;
	if (++scan->depth > DEPTH_MAX || scan->roots > 1)
		refuse(error, "too many elements");
	g_clear_pointer(&scan->text, secret_free_text);
	scan->inside = is_at_path(
		g_markup_parse_context_get_element_stack(context), scan->path);
}

static void on_end(GMarkupParseContext *context, const char *name,
	gpointer data, GError **error)
{
	Scan *scan = data;

	if (scan->inside && !scan->found)
		scan->found = scan->text ? g_steal_pointer(&scan->text)
					 : g_strdup("");
	scan->inside = FALSE;
	scan->depth--;
}

/* Through a borrowed pointer, but the text is a copy of ours or of GLib's, which
 * would be freed as it is. */
static void on_text(GMarkupParseContext *context, const char *text, gsize len,
	gpointer data, GError **error)
{
	Scan *scan = data;

	/* It comes twice where what follows is broken. */
	if (scan->inside) {
		secret_free_text(scan->text);
		scan->text = g_strndup(text, len);
	}
	secret_wipe((char *)text, len);
}

static void on_other(GMarkupParseContext *context, const char *text, gsize len,
	gpointer data, GError **error)
{
	((Scan *)data)->inside = FALSE;
	if (!g_str_has_prefix(text, "<?") && !g_str_has_prefix(text, "<!--"))
		refuse(error, "a document type or CDATA");
}

SecretText *aws_xml_text(
	const char *xml, gsize len, const char *path, gsize max)
{
	static const GMarkupParser parser = {
		on_start, on_end, on_text, on_other, NULL};
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	g_autoptr(SecretText) copy = g_strndup(xml, len);
	g_auto(Scan) scan = {.path = parts};
	g_autoptr(GMarkupParseContext) context =
		g_markup_parse_context_new(&parser, 0, &scan, NULL);

	if (strlen(copy) != len ||
		!g_markup_parse_context_parse(context, copy, len, NULL) ||
		!g_markup_parse_context_end_parse(context, NULL))
		return NULL;
	return scan.found && strlen(scan.found) <= max
		       ? g_steal_pointer(&scan.found)
		       : NULL;
}
