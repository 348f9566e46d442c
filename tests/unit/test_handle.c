#include "fs/ops/handle.h"

/* The kernel may bring back what another process gave it. */
static void a_number_that_is_not_open_leads_nowhere(void)
{
	Handles *handles = handles_new(NULL);
	const Handle holds = {.snapshot = g_bytes_new("a", 1)};
	guint64 number = handles_number(handles, 64);

	handles_open(handles, number, 64, &holds);
	g_assert_nonnull(handles_find(handles, number));
	g_assert_null(handles_find(handles, 0));
	g_assert_null(handles_find(handles, number + 1));
	g_assert_null(handles_find(handles, G_MAXUINT64));
	g_assert_null(handles_find(handles, (gsize)&holds));
	handles_close(handles, number + 1);
	g_assert_nonnull(handles_find(handles, number));
	handles_free(handles);
}

static void no_number_is_given_twice(void)
{
	Handles *handles = handles_new(NULL);
	const Handle holds = {0};
	guint64 first = handles_number(handles, 64);
	guint64 second;

	handles_open(handles, first, 64, &holds);
	handles_close(handles, first);
	handles_close(handles, first);
	g_assert_null(handles_find(handles, first));
	second = handles_number(handles, 64);
	g_assert_cmpuint(second, !=, first);
	g_assert_cmpuint(second, !=, 0);
	handles_free(handles);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func(
		"/handle/unknown", a_number_that_is_not_open_leads_nowhere);
	g_test_add_func("/handle/once", no_number_is_given_twice);
	return g_test_run();
}
