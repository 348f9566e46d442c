#include "page.h"

#include <string.h>

void page_clear(Page *page)
{
	g_free(page->token);
}

gboolean page_at_token(Page *page, const char *prefix, const char *token)
{
	guint64 offset;

	page->prefix = prefix;
	if (!token)
		return TRUE;
	if (!g_str_has_prefix(token, prefix) ||
		!g_ascii_string_to_unsigned(token + strlen(prefix), 10, 0,
			G_MAXINT64, &offset, NULL))
		return FALSE;
	page->token = g_strdup(token);
	page->offset = offset;
	return TRUE;
}

gboolean page_number(const char *text, guint64 min, guint64 max,
	guint64 fallback, gsize *ret)
{
	guint64 number = fallback;

	if (text &&
		!g_ascii_string_to_unsigned(text, 10, min, max, &number, NULL))
		return FALSE;
	*ret = number;
	return TRUE;
}

void page_query(const Page *page, const Fault *fault, StoreQuery *query)
{
	query->offset = page->offset;
	query->limit = fault && fault->empty ? 0 : page->limit;
	query->wrap = fault && fault->endless;
	query->twice = fault && fault->duplicate;
}

char *page_next(const Page *page, const Fault *fault, gsize total)
{
	gsize next = page->offset + page->limit;

	if (fault && fault->repeat_token && page->token)
		return g_strdup(page->token);
	/* Another spelling of the same place, so that no session is lost. */
	if (fault && fault->empty)
		return g_strdup_printf("%s0%s", page->prefix,
			page->token ? page->token + strlen(page->prefix) : "0");
	if (next >= total &&
		!(fault && (fault->endless || fault->repeat_token)))
		return NULL;
	return g_strdup_printf("%s%" G_GSIZE_FORMAT, page->prefix, next);
}

gsize page_total(const Page *page, const Fault *fault, gsize total)
{
	gsize beyond = page->offset + page->limit + 1;

	return fault && fault->endless ? MAX(total, beyond) : total;
}
