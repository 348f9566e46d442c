#pragma once

#include "fault.h"
#include "store.h"

/*
 * One page of a listing, whose place is an offset, sent as it is (from, size)
 * or behind a prefix as a token ("20", "AAIA-20"), and what a fault does to it.
 */
typedef struct {
	const char *prefix; /* of tokens; "": none.  Borrowed */
	gsize offset, limit;
	char *token; /* as it was asked; NULL: this is the first page */
} Page;

void page_clear(Page *page);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Page, page_clear)

/* Begins at a token, NULL: at the start.  FALSE: no token of ours. */
gboolean page_at_token(Page *page, const char *prefix, const char *token);

/* Reads a number from text, NULL: fallback; FALSE: it is none, or not within
 * [min, max]. */
gboolean page_number(const char *text, guint64 min, guint64 max,
	guint64 fallback, gsize *ret);

/* Sets the part of a query that a page asks for. */
void page_query(const Page *page, const Fault *fault, StoreQuery *query);

/* The token that leads on, new string; NULL: this was the last page. */
char *page_next(const Page *page, const Fault *fault, gsize total);

/* The total to tell where there are no tokens: endless never lets it be
 * reached. */
gsize page_total(const Page *page, const Fault *fault, gsize total);
