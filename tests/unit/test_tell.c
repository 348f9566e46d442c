#include <string.h>

#include "backends/classes.h"
#include "tests/memory/memory.h"

static void tells(const BackendClass *class, const char *body, const char *name,
	const char *user, gint64 created_ms)
{
	Backend self = {class};
	g_auto(SessionSummary) brief = {NULL};

	backend_summarize(&self, body, strlen(body), &brief);
	g_assert_cmpstr(brief.name, ==, name);
	g_assert_cmpstr(brief.user, ==, user);
	g_assert_cmpint(brief.created_ms, ==, created_ms);
}

static void each_provider_tells_in_its_own_words(void)
{
	tells(&memory_class,
		"{\"name\":\"n\",\"user\":\"u\",\"created\":1725171781000}",
		"n", "u", 1725171781000);
	tells(&alibaba_class,
		"{\"name\":\"n\",\"userName\":\"u\",\"userId\":\"1\","
		"\"gmtCreate\":1725171781000}",
		"n", "u", 1725171781000);
	tells(&emr_serverless_class,
		"{\"name\":\"n\",\"createdAt\":1.5,"
		"\"createdBy\":\"arn:aws:iam::123456789012:user/u\"}",
		"n", "arn:aws:iam::123456789012:user/u", 1500);
	tells(&emr_class,
		"{\"Name\":\"n\",\"CreatedAt\":1725171781,"
		"\"ExecutionRoleArn\":\"arn:aws:iam::123456789012:role/r\"}",
		"n", "", 1725171781000);
	tells(&dli_class,
		"{\"name\":\"n\",\"owner\":\"u\",\"create_time\":"
		"1725171781000}",
		"n", "u", 1725171781000);
	tells(&livy_class,
		"{\"name\":\"n\",\"owner\":\"u\",\"proxyUser\":\"p\"}", "n",
		"u", 0);
	tells(&dataproc_class,
		"{\"name\":\"projects/p/locations/l/sessions/s\","
		"\"creator\":\"u@example.com\","
		"\"createTime\":\"2024-09-01T06:23:01.5Z\","
		"\"jupyterSession\":{\"displayName\":\"n\"}}",
		"n", "u@example.com", 1725171781500);
}

static void the_first_member_that_tells_the_user_counts(void)
{
	tells(&livy_class, "{\"owner\":null,\"proxyUser\":\"p\"}", "", "p", 0);
	tells(&alibaba_class, "{\"userName\":\"\",\"userId\":\"1\"}", "", "1",
		0);
}

static void what_makes_no_sense_tells_nothing(void)
{
	static const char *const bodies[] = {"", " ", "{}", "[]", "7", "{",
		"{\"name\":7,\"user\":{},\"created\":\"soon\"}",
		"{\"name\":\"\",\"user\":null}"};

	for (guint i = 0; i < G_N_ELEMENTS(bodies); i++)
		tells(&memory_class, bodies[i], "", "", 0);
}

static void long_and_invalid_texts_are_bounded(void)
{
	g_autofree char *longest = g_strnfill(SESSION_ID_MAX, 'x');
	g_autofree char *most = g_strdup_printf("{\"name\":\"%s\"}", longest);
	g_autofree char *more = g_strdup_printf("{\"name\":\"%sx\"}", longest);

	tells(&memory_class, most, longest, "", 0);
	tells(&memory_class, more, "", "", 0);
	tells(&memory_class,
		"{\"name\":\"a\xff"
		"b\"}",
		"a\xef\xbf\xbd"
		"b",
		"", 0);
	tells(&memory_class, "{\"name\":\"a\\u000ab\"}", "a\nb", "", 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tell/each-provider-tells-in-its-own-words",
		each_provider_tells_in_its_own_words);
	g_test_add_func("/tell/the-first-member-that-tells-the-user-counts",
		the_first_member_that_tells_the_user_counts);
	g_test_add_func("/tell/what-makes-no-sense-tells-nothing",
		what_makes_no_sense_tells_nothing);
	g_test_add_func("/tell/long-and-invalid-texts-are-bounded",
		long_and_invalid_texts_are_bounded);
	return g_test_run();
}
