#include "cache/views/table.h"

#include <string.h>

#include "backends/base/json.h"

static char *line_of(CacheTable table, const TableLine *line)
{
	GString *out = g_string_new(NULL);

	table_append_line(out, table, line);
	g_assert_cmpuint(table_line_len(table, line), ==, out->len);
	return g_string_free(out, FALSE);
}

static const TableLine plain = {.session = "s-1",
	.id = "s-1",
	.name = "etl",
	.state = "Running",
	.phase = "idle",
	.user = "ann",
	.created_s = 1767323045,
	.changed_s = 1767323046};

static void tsv_has_a_header_and_columns(void)
{
	g_autoptr(GString) header = g_string_new(NULL);
	g_autofree char *line = line_of(TABLE_TSV, &plain);

	table_append_header(header, TABLE_TSV);
	g_assert_cmpstr(header->str, ==,
		"session\tname\tstate\tphase\tuser\tcreated\tchanged\n");
	g_assert_cmpstr(line, ==,
		"s-1\tetl\tRunning\tidle\tann\t"
		"2026-01-02T03:04:05Z\t2026-01-02T03:04:06Z\n");
}

static void jsonl_has_an_object_a_line_and_no_header(void)
{
	g_autoptr(GString) header = g_string_new(NULL);
	g_autofree char *line = line_of(TABLE_JSONL, &plain);

	table_append_header(header, TABLE_JSONL);
	g_assert_cmpstr(header->str, ==, "");
	g_assert_cmpstr(line, ==,
		"{\"session\":\"s-1\",\"name\":\"etl\",\"state\":\"Running\","
		"\"phase\":\"idle\",\"user\":\"ann\","
		"\"created\":\"2026-01-02T03:04:05Z\","
		"\"changed\":\"2026-01-02T03:04:06Z\",\"id\":\"s-1\"}\n");
}

static void times_that_nobody_knows_are_a_dash(void)
{
	static const gint64 times[] = {
		0, -1, G_GINT64_CONSTANT(253402300800), G_MAXINT64, G_MININT64};

	for (guint i = 0; i < G_N_ELEMENTS(times); i++) {
		TableLine line = plain;

		line.created_s = line.changed_s = times[i];
		g_autofree char *text = line_of(TABLE_TSV, &line);
		g_assert_cmpstr(
			text, ==, "s-1\tetl\tRunning\tidle\tann\t-\t-\n");
	}
}

static void tsv_escapes_what_separates(void)
{
	TableLine line = plain;

	line.name = "\ta\nb\rc\\d\\n\x1b[1m\xc2\x9b"
		    "1m";
	line.user = "";
	g_autofree char *text = line_of(TABLE_TSV, &line);
	g_auto(GStrv) values = g_strsplit(text, "\t", -1);
	g_assert_cmpuint(g_strv_length(values), ==, 7);
	g_assert_cmpstr(
		values[1], ==, "\\ta\\nb\\rc\\\\d\\\\n\\x1b[1m\\u009b1m");
	g_assert_cmpstr(values[4], ==, "-");
	g_assert_cmpuint(strcspn(text, "\n"), ==, strlen(text) - 1);
}

static void tsv_has_no_quotes(void)
{
	TableLine line = plain;

	line.name = "\"a\" \"";
	line.user = "-";
	g_autofree char *text = line_of(TABLE_TSV, &line);
	g_auto(GStrv) values = g_strsplit(text, "\t", -1);
	g_assert_cmpstr(values[1], ==, "\\x22a\\x22 \\x22");
	g_assert_cmpstr(values[4], ==, "\\x2d");
}

/* A reader gets back what was put in, if it was text at all. */
static void jsonl_holds_any_text(void)
{
	GString *all = g_string_new(NULL);
	TableLine line = plain;

	for (int c = 1; c < 256; c++)
		g_string_append_c(all, (char)c);
	g_string_append(all, "\xc3\xa4\xf0\x9f\x98\x80");
	g_autofree char *raw = g_string_free(all, FALSE);
	g_autofree char *valid = g_utf8_make_valid(raw, -1);
	line.id = line.name = raw;
	line.user = "\"\\\n";
	g_autofree char *text = line_of(TABLE_JSONL, &line);
	g_assert_cmpuint(strcspn(text, "\n"), ==, strlen(text) - 1);
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_autoptr(Json) object = json_parse(text, strlen(text), NULL);
	g_assert_nonnull(object);
	g_assert_cmpstr(json_text(json_get(object, "name")), ==, valid);
	g_assert_cmpstr(json_text(json_get(object, "id")), ==, valid);
	g_assert_cmpstr(json_text(json_get(object, "user")), ==, "\"\\\n");
	g_assert_cmpuint(json_size(object), ==, 8);
}

static void a_text_is_there_while_it_is_read(void)
{
	GBytes *one = NULL, *two, *three;
	TableText *text = table_text_new(g_string_new("abc"), &one);

	two = table_text_bytes(text);
	g_assert_true(
		g_bytes_get_data(one, NULL) == g_bytes_get_data(two, NULL));
	g_bytes_unref(one);
	three = table_text_bytes(text);
	g_assert_nonnull(three);
	g_bytes_unref(two);
	g_bytes_unref(three);
	g_assert_null(table_text_bytes(text));
	table_text_unref(text);

	text = table_text_new(g_string_new("abc"), &one);
	table_text_unref(text);
	g_assert_cmpmem(
		g_bytes_get_data(one, NULL), g_bytes_get_size(one), "abc", 3);
	g_bytes_unref(one);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/table/tsv-has-a-header-and-columns",
		tsv_has_a_header_and_columns);
	g_test_add_func("/table/jsonl-has-an-object-a-line-and-no-header",
		jsonl_has_an_object_a_line_and_no_header);
	g_test_add_func("/table/times-that-nobody-knows-are-a-dash",
		times_that_nobody_knows_are_a_dash);
	g_test_add_func("/table/tsv-has-no-quotes", tsv_has_no_quotes);
	g_test_add_func("/table/tsv-escapes-what-separates",
		tsv_escapes_what_separates);
	g_test_add_func("/table/jsonl-holds-any-text", jsonl_holds_any_text);
	g_test_add_func("/table/a-text-is-there-while-it-is-read",
		a_text_is_there_while_it_is_read);
	return g_test_run();
}
