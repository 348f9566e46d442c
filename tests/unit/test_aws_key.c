#include "backends/aws/aws_key.h"

static void is(const char *id, const char *account)
{
	g_autofree char *found = aws_key_account(id);

	g_assert_cmpstr(found, ==, account);
}

/* Those that were published with the account that they are of. */
static void test_an_id_bears_its_account(void)
{
	is("ASIAQNZGKIQY56JQ7WML", "029608264753");
	is("AKIASP2TPHJSQH3FJRUX", "171436882533");
	is("ASIAY34FZKBOKMUTVV7A", "609629065308");
	/* The first and the last bits are not the account's. */
	is("AKIAQAAAAAAAAAAAAAAA", "000000000000");
	is("AKIAAAAAAAAABAAAAAAA", "000000000000");
}

static void test_others_bear_none(void)
{
	is("", NULL);
	is("emulator-key", NULL);
	is("AKIAIOSFODNN7EXAMPLE", NULL);
	is("AKIAJOSFODNN7EXAMPLE", NULL);
	is("AIDAQNZGKIQY56JQ7WML", NULL);
	is("ASIAQNZGKIQY56JQ7WM", NULL);
	is("ASIAQNZGKIQY56JQ7WMLA", NULL);
	is("ASIAQNZGKIQY56JQ7WM1", NULL);
	is("ASIAqNZGKIQY56JQ7WML", NULL);
	/* More than twelve digits. */
	is("AKIA7777777777777777", NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/aws-key/account", test_an_id_bears_its_account);
	g_test_add_func("/aws-key/none", test_others_bear_none);
	return g_test_run();
}
