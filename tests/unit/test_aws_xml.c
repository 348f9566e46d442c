#include "backends/aws/aws_xml.h"

#include <string.h>

static void reads(const char *xml, const char *path, const char *wanted)
{
	/* Of exactly that size, for the sanitizers. */
	gsize len = strlen(xml);
	g_autofree char *copy = g_memdup2(xml, MAX(len, 1));
	g_autofree char *text = aws_xml_text(copy, len, path, 100);

	if (g_strcmp0(text, wanted) != 0)
		g_error("%s of %s is %s, not %s", path, xml, text, wanted);
}

static void test_paths(void)
{
	static const char xml[] =
		"<?xml version='1.0'?>\n<!-- <a> -->\n"
		"<a:r xmlns:a=\"u>v\"><x><k>no</k></x><b n='1' ><k>yes</k>"
		"<k>late</k><e/><e></e></b></a:r>\n";

	reads(xml, "r/b/k", "yes");
	reads(xml, "?/?/k", "no");
	reads(xml, "r/x/k", "no");
	reads(xml, "r/b/e", "");
	reads(xml, "r/k", NULL);
	reads(xml, "b/k", NULL);
	reads(xml, "r/b", NULL);
	reads(xml, "r/b/k/z", NULL);
}

static void test_text(void)
{
	reads("<a>&lt;&gt;&amp;&quot;&apos;</a>", "a", "<>&\"'");
	reads("<a>&#65;&#x42;&#xe9;&#x10FFFF;</a>", "a",
		"AB\xC3\xA9\xF4\x8F\xBF\xBF");
	reads("<a> b\n </a>", "a", " b\n ");
	reads("<a>&amp;lt;</a>", "a", "&lt;");
	reads("<a>]]>></a>", "a", "]]>>");
}

static void test_bad_references(void)
{
	static const char *const bad[] = {"&", "&;", "&x;", "&lt", "&#;",
		"&#0;", "&#x0;", "&#xD800;", "&#x110000;",
		"&#99999999999999999999;", "&#-1;", "&#x;", "&#65"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *xml = g_strdup_printf("<a>%s</a>", bad[i]);
		reads(xml, "a", NULL);
	}
}

static void test_malformed(void)
{
	static const char *const bad[] = {"", " ", "x", "<", "<a", "<a>",
		"<a>x", "<a>x<", "<a>x</", "<a>x</a", "<a>x</b>", "</a>",
		"<a>x</a><a>x</a>", "<a>x</a>y", "x<a>x</a>", "< a>x</a>",
		"<a>x</ a>", "<a>x<b></a></b>", "<a b='>x</a>", "<a <>x</a>",
		"<a>x</a><!--", "<a>x</a><?x", "<!DOCTYPE a><a>x</a>",
		"<a>x<![CDATA[y]]></a>", "<a=1>x</a>", "<a>x</a x>"};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		reads(bad[i], "a", NULL);
}

static void test_nul(void)
{
	static const char xml[] = "<a>x\0y</a>";
	static const char tag[] = "<a \0>x</a>";

	g_assert_null(aws_xml_text(xml, sizeof(xml) - 1, "a", 100));
	g_assert_null(aws_xml_text(tag, sizeof(tag) - 1, "a", 100));
}

/* A value with elements or remarks in it is not the text that was meant. */
static void test_mixed(void)
{
	reads("<a><k>x<b/>y</k></a>", "a/k", NULL);
	reads("<a><k>x<b>z</b>y</k></a>", "a/k", NULL);
	reads("<a><k>x<!-- -->y</k></a>", "a/k", NULL);
	reads("<a><k>x<?p?>y</k></a>", "a/k", NULL);
}

static void test_limits(void)
{
	g_autofree char *long_one = g_strnfill(101, 'x');
	g_autofree char *too_long = g_strdup_printf("<a>%s</a>", long_one);
	g_autofree char *fits = g_strdup_printf("<a>%s</a>", long_one + 1);
	g_autoptr(GString) deep = g_string_new(NULL);

	reads(too_long, "a", NULL);
	reads(fits, "a", long_one + 1);
	for (guint i = 0; i < 16; i++)
		g_string_append(deep, "<a>");
	for (guint i = 0; i < 16; i++)
		g_string_append(deep, "</a>");
	reads(deep->str, "?/?/?/?/?/?/?/?/?/?/?/?/?/?/?/?", "");
	g_string_prepend(deep, "<a>");
	g_string_append(deep, "</a>");
	reads(deep->str, "a/k", NULL);
}

/* Every prefix of a document, and noise: nothing outside is touched. */
static void test_noise(void)
{
	static const char alphabet[] = "<>/!?-&;#x\"'= a[";
	static const char xml[] =
		"<?x?><!-- y --><r a='1'><k>a&amp;&#x41;</k></r>";
	g_autoptr(GRand) rand = g_rand_new_with_seed(5);

	for (gsize len = 0; len < sizeof(xml) - 1; len++) {
		g_autofree char *copy = g_strndup(xml, len);
		reads(copy, "r/k", NULL);
	}
	for (guint round = 0; round < 20000; round++) {
		char *noise = g_malloc(24);
		guint n = g_rand_int_range(rand, 0, 24);

		for (guint i = 0; i < n; i++)
			noise[i] = alphabet[g_rand_int_range(
				rand, 0, sizeof(alphabet) - 1)];
		g_free(aws_xml_text(noise, n, "?", 100));
		g_free(noise);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/aws_xml/first_element_at_the_path", test_paths);
	g_test_add_func("/aws_xml/references_are_decoded", test_text);
	g_test_add_func("/aws_xml/bad_references", test_bad_references);
	g_test_add_func("/aws_xml/malformed_is_worthless", test_malformed);
	g_test_add_func("/aws_xml/nul_is_worthless", test_nul);
	g_test_add_func("/aws_xml/mixed_content_is_no_text", test_mixed);
	g_test_add_func("/aws_xml/limits", test_limits);
	g_test_add_func("/aws_xml/noise_does_no_harm", test_noise);
	return g_test_run();
}
