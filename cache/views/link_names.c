#include "cache/views/link_names.h"

#include <string.h>

#include "cache/base/hash.h"
#include "cache/base/name.h"
#include "cache/base/number_set.h"

/* More suffixes than there can be numbers. */
#define DIGITS_MAX 9
#define MARK '~'

/*
 * Which suffixes of so many digits behind one stem were looked at: all below
 * `next` were taken when last looked at, but for those in `freed`, which were
 * dropped since.  Kept by stem and digits, since a long name is cut the shorter,
 * the more digits follow.
 */
typedef struct {
	guint32 first, next;
	NumberSet freed;
} Suffixes;

struct LinkNames {
	GHashTable *links;    /* link -> number */
	GHashTable *suffixes; /* key_of -> Suffixes */
};

static void suffixes_free(gpointer data)
{
	Suffixes *self = data;

	number_set_clear(&self->freed);
	g_free(self);
}

LinkNames *link_names_new(void)
{
	LinkNames *self = g_new0(LinkNames, 1);

	self->links =
		g_hash_table_new_full(hash_text, g_str_equal, g_free, NULL);
	self->suffixes = g_hash_table_new_full(
		hash_text, g_str_equal, g_free, suffixes_free);
	return self;
}

void link_names_free(LinkNames *self)
{
	g_hash_table_unref(self->links);
	g_hash_table_unref(self->suffixes);
	g_free(self);
}

guint32 link_names_find(const LinkNames *self, const char *link)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(self->links, link));
}

static char *key_of(const char *stem, gsize len, guint digits)
{
	return g_strdup_printf("%u%.*s", digits, (int)len, stem);
}

static guint32 first_of(guint digits)
{
	guint32 first = 1;

	while (--digits > 0)
		first *= 10;
	return MAX(first, 2);
}

static gsize stem_len(const char *name, guint digits)
{
	gsize room = NAME_MAX_BYTES - 1 - digits;
	gsize len = strlen(name);

	return len <= room ? len : name_cut_len(name, room);
}

/* name~k when nobody is called so; NULL otherwise. */
static char *free_link(
	const LinkNames *self, const char *stem, gsize len, guint32 k)
{
	char *link = g_strdup_printf("%.*s%c%u", (int)len, stem, MARK, k);

	if (link_names_find(self, link) == 0)
		return link;
	g_free(link);
	return NULL;
}

static Suffixes *suffixes_of(
	LinkNames *self, const char *stem, gsize len, guint digits)
{
	char *key = key_of(stem, len, digits);
	Suffixes *suffixes = g_hash_table_lookup(self->suffixes, key);

	if (suffixes != NULL) {
		g_free(key);
		return suffixes;
	}
	suffixes = g_new0(Suffixes, 1);
	suffixes->first = suffixes->next = first_of(digits);
	g_hash_table_insert(self->suffixes, key, suffixes);
	return suffixes;
}

/* The lowest free one of so many digits; NULL: none is. */
static char *lowest(LinkNames *self, const char *name, guint digits)
{
	gsize len = stem_len(name, digits);
	Suffixes *suffixes = suffixes_of(self, name, len, digits);
	guint32 end = first_of(digits + 1);
	char *link = NULL;
	guint32 k;

	while (link == NULL &&
		(k = number_set_next(&suffixes->freed, 0)) != 0) {
		number_set_remove(&suffixes->freed, k);
		link = free_link(self, name, len, k);
	}
	while (link == NULL && suffixes->next < end)
		link = free_link(self, name, len, suffixes->next++);
	return link;
}

const char *link_names_take(LinkNames *self, const char *name, guint32 number)
{
	char *link = NULL;

	if (link_names_find(self, name) == 0)
		link = g_strdup(name);
	for (guint digits = 1; link == NULL && digits <= DIGITS_MAX; digits++)
		link = lowest(self, name, digits);
	g_hash_table_insert(self->links, link, GUINT_TO_POINTER(number));
	return link;
}

/* Whatever the name was that it came from: whoever looks for a suffix behind
 * that stem finds it again. */
static void note_free(LinkNames *self, const char *link)
{
	const char *mark = strrchr(link, MARK);
	gsize digits = mark != NULL ? strlen(mark + 1) : 0;
	g_autofree char *key = NULL;
	Suffixes *suffixes;
	guint64 k;

	if (digits == 0 || digits > DIGITS_MAX || mark[1] == '0' ||
		!g_ascii_string_to_unsigned(
			mark + 1, 10, 2, G_MAXUINT32, &k, NULL))
		return;
	key = key_of(link, (gsize)(mark - link), (guint)digits);
	suffixes = g_hash_table_lookup(self->suffixes, key);
	if (suffixes == NULL || k >= suffixes->next)
		return;
	number_set_add(&suffixes->freed, (guint32)k);
	if (suffixes->freed.size == suffixes->next - suffixes->first)
		g_hash_table_remove(self->suffixes, key);
}

char *link_names_drop(LinkNames *self, const char *link)
{
	gpointer own = NULL;

	if (g_hash_table_steal_extended(self->links, link, &own, NULL))
		note_free(self, own);
	return own;
}
