/*
 * What follows the four letters of an access key's id is base32; of its first 48
 * bits, the first and the last seven are something else, and those in between are
 * the account's number.
 */
#include "backends/aws/aws_key.h"

#include <string.h>

#define KEY_LEN 20
#define PREFIX_LEN 4
#define DIGITS 10 /* of base32, which hold the 48 bits */
#define SPARE 2   /* bits of them too many */
#define ACCOUNT_MAX G_GUINT64_CONSTANT(999999999999)

char *aws_key_account(const char *id)
{
	static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	guint64 bits = 0;

	if (strlen(id) != KEY_LEN ||
		strspn(id + PREFIX_LEN, base32) != KEY_LEN - PREFIX_LEN)
		return NULL;
	if (!g_str_has_prefix(id, "AKIA") && !g_str_has_prefix(id, "ASIA"))
		return NULL;
	if (id[PREFIX_LEN] == 'I' || id[PREFIX_LEN] == 'J')
		return NULL;
	for (guint i = 0; i < DIGITS; i++)
		bits = bits << 5 |
		       (guint64)(strchr(base32, id[PREFIX_LEN + i]) - base32);
	bits = (bits >> SPARE & G_GUINT64_CONSTANT(0x7fffffffff80)) >> 7;
	return bits <= ACCOUNT_MAX
		       ? g_strdup_printf("%012" G_GUINT64_FORMAT, bits)
		       : NULL;
}
