#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "backends/base/secret.h"

static void test_copies(void)
{
	char text[] = "hunter2";
	g_autoptr(Secret) secret = secret_new(text, -1);
	g_autoptr(Secret) part = secret_new(text, 3);
	g_autoptr(Secret) none = secret_new("", -1);

	secret_wipe(text, sizeof(text));
	g_assert_cmpstr(secret_peek(secret), ==, "hunter2");
	g_assert_cmpuint(secret_len(secret), ==, 7);
	g_assert_cmpstr(secret_peek(part), ==, "hun");
	g_assert_cmpstr(secret_peek(none), ==, "");
	g_assert_cmpuint(secret_len(none), ==, 0);
}

static void test_longer_than_a_page(void)
{
	for (gsize len = 4094; len <= 4098; len++) {
		g_autofree char *text = g_strnfill(len, 'k');
		g_autoptr(Secret) secret = secret_new(text, -1);

		g_assert_cmpstr(secret_peek(secret), ==, text);
	}
}

static void test_take(void)
{
	g_autoptr(Secret) secret = secret_take(g_strdup("token"));

	g_assert_cmpstr(secret_peek(secret), ==, "token");
	g_assert_null(secret_take(NULL));
	secret_unref(NULL);
}

static void test_wipe(void)
{
	char text[] = "abc";

	secret_wipe(text, sizeof(text));
	g_assert_cmpmem(text, sizeof(text), "\0\0\0", 4);
	secret_wipe(NULL, 0);
}

/* The flags line of the mapping that holds the address. */
static char *mapping_flags(const void *address)
{
	g_autoptr(GString) out = g_string_new(NULL);
	FILE *maps = fopen("/proc/self/smaps", "re");
	gboolean inside = FALSE;
	char line[512];

	g_assert_nonnull(maps);
	while (fgets(line, sizeof(line), maps)) {
		char *end;
		guint64 from = g_ascii_strtoull(line, &end, 16);

		if (*end == '-') {
			guint64 to = g_ascii_strtoull(end + 1, NULL, 16);

			inside = (guint64)(gsize)address >= from &&
				 (guint64)(gsize)address < to;
		} else if (inside && g_str_has_prefix(line, "VmFlags:")) {
			g_string_append(out, line);
		}
	}
	fclose(maps);
	return g_strdup(out->str);
}

static void test_kept_out_of_core_files(void)
{
	g_autoptr(Secret) secret = secret_new("core", -1);
	g_autofree char *flags = mapping_flags(secret_peek(secret));

	if (!*flags) {
		g_test_skip("the kernel shows no mapping flags");
		return;
	}
	g_assert_nonnull(strstr(flags, " dd"));
	g_assert_null(strstr(flags, " wr "));
}

static void *use(void *data)
{
	for (guint i = 0; i < 10000; i++) {
		g_autoptr(Secret) own = secret_ref(data);

		g_assert_cmpuint(secret_len(own), ==, 6);
	}
	secret_unref(data);
	return NULL;
}

static void test_threads(void)
{
	Secret *secret = secret_new("shared", -1);
	pthread_t threads[3];

	for (gsize i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, use, secret_ref(secret));
	secret_unref(secret);
	for (gsize i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/secret/copies", test_copies);
	g_test_add_func(
		"/secret/may-be-longer-than-a-page", test_longer_than_a_page);
	g_test_add_func("/secret/take", test_take);
	g_test_add_func("/secret/wipe", test_wipe);
	g_test_add_func("/secret/is-kept-out-of-core-files",
		test_kept_out_of_core_files);
	g_test_add_func("/secret/threads-share-it", test_threads);
	return g_test_run();
}
