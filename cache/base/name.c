#include "cache/base/name.h"

#include <string.h>

#define CUT_HASH 16

/* How many bytes of a printable, harmless character begin at p; 0: none. */
static gsize plain_len(const char *p, gboolean first)
{
	gunichar c = g_utf8_get_char_validated(p, -1);

	if (c == (gunichar)-1 || c == (gunichar)-2)
		return 0;
	if (c == '/' || c == '%' || (first && (c == '.' || c == '-')))
		return 0;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || !g_unichar_isprint(c))
		return 0;
	return (gsize)g_unichar_to_utf8(c, NULL);
}

gsize name_cut_len(const char *name, gsize max)
{
	gsize at = max;

	while (at > 0 && ((guchar)name[at] & 0xc0) == 0x80)
		at--;
	for (gsize back = 1; back <= 2 && back <= at; back++)
		if (name[at - back] == '%')
			return at - back;
	return at;
}

static void name_cut(GString *name, const char *id)
{
	g_autofree char *sum =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);

	g_string_truncate(
		name, name_cut_len(name->str, NAME_MAX_BYTES - CUT_HASH - 1));
	g_string_append_c(name, '~');
	g_string_append_len(name, sum, CUT_HASH);
}

/* Of an id that reads like the name of a longer one. */
static void escape_tilde(GString *name)
{
	gssize at = (gssize)(name->len - CUT_HASH - 1);

	g_string_erase(name, at, 1);
	g_string_insert(name, at, "%7E");
}

/* Nearly all ids need no escaping, and are told apart quickly. */
static gboolean is_simple(const char *id)
{
	gsize len = 0;

	if (*id == '.' || *id == '-')
		return FALSE;
	for (; id[len] != '\0'; len++)
		if (!g_ascii_isalnum(id[len]) && id[len] != '-' &&
			id[len] != '_' && id[len] != '.')
			return FALSE;
	return len <= NAME_MAX_BYTES;
}

char *name_escape(const char *id, const char *const *reserved)
{
	gboolean taken = reserved != NULL && g_strv_contains(reserved, id);
	gboolean first = TRUE;
	GString *name;

	if (!taken && is_simple(id))
		return g_strdup(id);
	name = g_string_sized_new(64);
	for (const char *p = id; *p != '\0'; first = FALSE) {
		gsize len = first && taken ? 0 : plain_len(p, first);

		if (len == 0) {
			g_string_append_printf(name, "%%%02X", (guchar)*p++);
			continue;
		}
		g_string_append_len(name, p, (gssize)len);
		p += len;
	}
	if (name->len <= NAME_MAX_BYTES && name_is_cut(name->str))
		escape_tilde(name);
	if (name->len > NAME_MAX_BYTES)
		name_cut(name, id);
	return g_string_free(name, FALSE);
}

gboolean name_is_cut(const char *name)
{
	gsize len = strlen(name);
	const char *tail;

	/* A cut costs at most one character and one %XX of the room. */
	if (len > NAME_MAX_BYTES || len < NAME_MAX_BYTES - 8)
		return FALSE;
	tail = name + len - CUT_HASH - 1;
	return tail[0] == '~' &&
	       strspn(tail + 1, "0123456789abcdef") == CUT_HASH;
}

char *name_unescape(const char *name, const char *const *reserved)
{
	g_autoptr(GString) id = g_string_sized_new(64);
	g_autofree char *again = NULL;

	if (*name == '\0' || strlen(name) > NAME_MAX_BYTES)
		return NULL;
	for (const char *p = name; *p != '\0'; p++) {
		int high, low;

		if (*p != '%') {
			g_string_append_c(id, *p);
			continue;
		}
		high = g_ascii_xdigit_value(p[1]);
		low = high < 0 ? -1 : g_ascii_xdigit_value(p[2]);
		if (low < 0 || high + low == 0)
			return NULL;
		g_string_append_c(id, (char)(high * 16 + low));
		p += 2;
	}
	/* Only the one spelling that name_escape gives is a name. */
	again = name_escape(id->str, reserved);
	if (strcmp(again, name) != 0)
		return NULL;
	return g_string_free(g_steal_pointer(&id), FALSE);
}
