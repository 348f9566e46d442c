#include "cache/base/hash.h"

#include <string.h>

/* Values that another implementation has computed. */
static void keyed_hashes_are_siphash_1_3(void)
{
	static const guint64 key[2] = {0, 0};
	static const struct {
		const char *text;
		guint64 hash;
	} cases[] = {
		{"a", G_GUINT64_CONSTANT(0x407448d2b89b1813)},
		{"abcdefg", G_GUINT64_CONSTANT(0x6db12aae9070f506)},
		{"abcdefgh", G_GUINT64_CONSTANT(0x3f7b849c0b8e35ea)},
		{"session-cluster-0001",
			G_GUINT64_CONSTANT(0x0dde123fdcf251ec)},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
		g_assert_cmphex(
			hash_keyed(key, cases[i].text, strlen(cases[i].text)),
			==, cases[i].hash);
}

/* These two differ in a way that cancels out whatever came before. */
static void what_clashes_without_a_key_does_not_with_one(void)
{
	static const guint64 key[2] = {1, 2};
	guint64 one[2] = {0, 0}, two[2] = {0, 0};

	two[0] = G_GUINT64_CONSTANT(1) << 63;
	two[1] = G_GUINT64_CONSTANT(1) << 63 | G_GUINT64_CONSTANT(1) << 34;
	g_assert_cmphex(
		hash_bytes(one, sizeof(one)), ==, hash_bytes(two, sizeof(two)));
	g_assert_cmphex(hash_keyed(key, one, sizeof(one)), !=,
		hash_keyed(key, two, sizeof(two)));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hash/keyed_hashes_are_siphash_1_3",
		keyed_hashes_are_siphash_1_3);
	g_test_add_func("/hash/what_clashes_without_a_key_does_not_with_one",
		what_clashes_without_a_key_does_not_with_one);
	return g_test_run();
}
