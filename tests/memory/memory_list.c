#include "memory_store.h"

/* The record that a listing names in that place. */
static Record *record_listed(const Memory *self, const Space *s, guint64 place)
{
	guint64 last = s->records->len - 1;

	return g_ptr_array_index(s->records,
		self->base.class->newest_first ? last - place : place);
}

static SessionPage *page_fill(Memory *self, const Space *s, guint64 start)
	REQUIRES(self->lock)
{
	SessionPage *page = session_page_new();
	guint64 end = MIN(start + self->page, s->records->len);

	for (guint64 i = start; i < end; i++)
		g_ptr_array_add(page->sessions,
			record_session(self, record_listed(self, s, i),
				self->partial_lists));
	page->total = s->records->len;
	page->next = end < s->records->len
			     ? g_strdup_printf("%" G_GUINT64_FORMAT, end)
			     : g_strdup(self->loop);
	return page;
}

/* Tokens count living ones. */
static SessionPage *page_living(Memory *self, const Space *s, guint64 start)
	REQUIRES(self->lock)
{
	SessionPage *page = session_page_new();
	guint64 seen = 0;

	for (guint64 i = 0; i < s->records->len && !page->next; i++) {
		Record *r = record_listed(self, s, i);
		Phase phase;

		record_finish(self, r);
		phase = backend_phase(self->base.class, r->state);
		if (phase == PHASE_STOPPED || phase == PHASE_FAILED ||
			seen++ < start)
			continue;
		if (page->sessions->len == self->page)
			page->next =
				g_strdup_printf("%" G_GUINT64_FORMAT, seen - 1);
		else
			g_ptr_array_add(page->sessions,
				record_session(self, r, self->partial_lists));
	}
	page->total = -1;
	return page;
}

static SessionPage *list(Backend *base, const char *workspace,
	const char *token, MemoryAction action, const Call *call,
	GError **error)
{
	Memory *self = (Memory *)base;
	SessionPage *page = NULL;
	guint64 start = 0;

	if (token && !g_ascii_string_to_unsigned(
			     token, 10, 0, G_MAXUINT, &start, NULL)) {
		backend_error_set(error, BACKEND_ERROR_INVALID,
			"that is no token of a page");
		return NULL;
	}
	if (!action_begin(self, action, call, error))
		return NULL;
	Space *s = space_asked(self, workspace, error);
	if (s)
		page = action == MEMORY_LIST_LIVING
			       ? page_living(self, s, start)
			       : page_fill(self, s, start);
	action_end(self, action, page != NULL);
	return page;
}

SessionPage *memory_list_page(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	return list(base, workspace, token, MEMORY_LIST_PAGE, call, error);
}

static SessionPage *memory_list_living(Backend *base, const char *workspace,
	const char *token, const Call *call, GError **error)
{
	return list(base, workspace, token, MEMORY_LIST_LIVING, call, error);
}

void memory_class_lists(
	BackendClass *class, gboolean newest_first, gboolean living)
{
	class->newest_first = newest_first;
	class->list_living = living ? memory_list_living : NULL;
}
