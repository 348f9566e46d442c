#include "cache/operations/operation_alias.h"

#include <string.h>

#include "cache/operations/matching.h"

/* A listing that does not end is no help. */
#define PAGES_MAX 1000

typedef struct {
	Operation *order;
	const char *answered;
	CreatedWithin within;
	gboolean listed; /* the answer's id is */
	guint matches;
	char *id; /* of the last that matched */
} Search;

static gboolean is_made(const Search *self, const Session *session)
{
	const Operation *order = self->order;
	const Intent *intent = order->request->intent;
	guint32 number = dir_number(order->dir, session->id);
	const MadeSession made = {number, session->id, 0};

	if (number != 0 && number < intent->watermark)
		return FALSE;
	g_autoptr(HeldBackend) backend = provider_hold(order->dir->provider);
	return matching_time(session->created_ms, &self->within) ==
		       MATCH_SURE &&
	       backend_made_of(backend, intent->plan, session->id,
		       session->body, strlen(session->body)) == MADE_SO &&
	       requests_reserve(
		       order->cache->requests, order->dir, NULL, &made, NULL);
}

static void compare(Search *self, const SessionPage *page)
{
	for (guint i = 0; i < page->sessions->len; i++) {
		const Session *session = g_ptr_array_index(page->sessions, i);

		if (g_str_equal(session->id, self->answered))
			self->listed = TRUE;
		/* Pages shift while they are read. */
		if (g_strcmp0(self->id, session->id) == 0 ||
			!is_made(self, session))
			continue;
		self->matches++;
		g_free(self->id);
		self->id = g_strdup(session->id);
	}
}

/* FALSE: it was not seen to its end. */
static gboolean search(Search *self, const Call *call)
{
	Dir *dir = self->order->dir;
	g_autofree char *token = NULL;

	for (guint pages = 0; pages < PAGES_MAX; pages++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
		g_autoptr(SessionPage) page = backend_list_page(
			backend, dir->id, token, call, &error);

		if (page == NULL) {
			g_debug("%s: %s", dir->id, error->message);
			return FALSE;
		}
		compare(self, page);
		if (page->next == NULL)
			return TRUE;
		g_free(token);
		token = g_strdup(page->next);
	}
	return FALSE;
}

char *operation_alias(Operation *self, const char *answered, const Call *call)
{
	const Intent *intent = self->request->intent;
	Search state = {.order = self,
		.answered = answered,
		.within = {.from_ms = intent->made_ms,
			.until_ms = intent->until_ms}};
	gboolean ended;

	if (intent->plan == NULL)
		return NULL;
	g_autoptr(HeldBackend) backend = provider_hold(self->dir->provider);
	(void)backend_clock(backend, &state.within.ahead_ms);
	ended = search(&state, call);
	if (ended && !state.listed && state.matches == 1)
		return state.id;
	g_free(state.id);
	return NULL;
}
