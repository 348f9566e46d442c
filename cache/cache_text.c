#include "backends/base/clock.h"
#include "cache/model/account.h"
#include "cache/refresh/partial_refresh.h"
#include "cache/refresh/refresh.h"
#include "cache/requests/request_counts.h"
#include "cache/requests/requests_aside.h"

#include <string.h>

#define NS_PER_MS 1000000

/* The directory whose texts a number has; sessions have those of theirs. */
static Dir *text_dir(Cache *cache, guint32 number)
{
	Dir *dir = dir_around(cache, number);

	return dir != NULL && dir_is_there(dir) ? dir : NULL;
}

/* ---- .status: what changes by time alone is of fixed width ---- */

static const char *interest_word(const Dir *dir, gint64 now_us)
{
	if (__atomic_load_n(&dir->held, __ATOMIC_RELAXED) > 0)
		return "held";
	return dir_has_interest(dir, now_us) ? "yes" : "no";
}

static const char *listing_word(Dir *dir, const ListingState *listing)
{
	g_autofree char *partial = texts_partial(dir->texts);

	if (!listing->complete)
		return dir_count(dir) > 0 ? "partial" : "never";
	return partial != NULL ? "partial" : "complete";
}

/* -1: never. */
static gint64 age_ms(const Dir *dir, gint64 since_ms)
{
	if (since_ms == 0)
		return -1;
	return MAX(0, clock_wall_ms(dir->cache->clock) - since_ms);
}

static gint64 left_ms(gint64 due_us, gint64 now_us)
{
	return due_us != G_MAXINT64 ? MAX(0, due_us - now_us) / 1000 : -1;
}

/* "1,234,567" */
static void append_grouped(GString *out, guint64 number)
{
	gsize from = out->len;

	g_string_append_printf(out, "%" G_GUINT64_FORMAT, number);
	for (gsize at = out->len; at > from + 3;) {
		at -= 3;
		g_string_insert_c(out, (gssize)at, ',');
	}
}

/*
 * The first listing while it is made: "page 12 of about 40, 1,200 so far".  How many
 * pages there are is a guess from the entries a page, and is told only if the
 * provider tells a total.
 */
static void append_progress(const ListingState *listing, GString *out)
{
	guint64 so_far = MAX(listing->so_far, 1);

	g_string_append_printf(out, "page %u", listing->page);
	if (listing->total > 0)
		g_string_append_printf(out, " of about %" G_GUINT64_FORMAT,
			MAX(listing->page,
				((guint64)listing->total * listing->page +
					so_far - 1) /
					so_far));
	g_string_append(out, ", ");
	append_grouped(out, listing->so_far);
	g_string_append(out, " so far");
}

static gboolean is_first_listing(const ListingState *listing)
{
	return !listing->complete && listing->relisting && listing->page > 0;
}

static void append_listing_state(
	Dir *dir, const ListingState *listing, GString *out)
{
	g_string_append(out, "listing: ");
	if (is_first_listing(listing))
		append_progress(listing, out);
	else
		g_string_append(out, listing_word(dir, listing));
	g_string_append_c(out, '\n');
}

static void append_times(
	const Dir *dir, const ListingState *listing, GString *out)
{
	gint64 now_us = clock_now_us(dir->cache->clock);
	g_autofree char *listed = time_text(listing->listed_ms);

	g_string_append_printf(out, "age_ms: %12" G_GINT64_FORMAT "\n",
		age_ms(dir, listing->listed_ms));
	g_string_append_printf(out, "listed_at: %s\n",
		listing->listed_ms != 0 ? listed : "never               ");
	g_string_append_printf(out, "next_refresh_ms: %12" G_GINT64_FORMAT "\n",
		left_ms(refresh_due_us(dir, listing, now_us), now_us));
	g_string_append_printf(
		out, "interest: %-4s\n", interest_word(dir, now_us));
	g_string_append_printf(
		out, "refreshing: %-3s\n", listing->relisting ? "yes" : "no");
}

static void append_partial_refresh(
	const Dir *dir, const ListingState *listing, GString *out)
{
	PartialState partial = partials_get(dir->partials);
	gint64 now_us = clock_now_us(dir->cache->clock);

	g_string_append_printf(
		out, "watched: %10u\n", watch_count(dir->watch, now_us));
	g_string_append_printf(out,
		"partial_refresh_ms: %12" G_GINT64_FORMAT "\n",
		age_ms(dir, partial.done_ms));
	g_string_append_printf(out,
		"next_partial_refresh_ms: %12" G_GINT64_FORMAT "\n",
		left_ms(partial_refresh_due_us(dir, listing, &partial, now_us),
			now_us));
}

/* The first line of a text. */
static void append_line(GString *out, const char *key, const char *text)
{
	gsize len = text != NULL ? strcspn(text, "\n") : 0;

	g_string_append_printf(out, "%s: ", key);
	if (len == 0)
		g_string_append(out, "none");
	else
		g_string_append_len(out, text, (gssize)len);
	g_string_append_c(out, '\n');
}

/* What failed last: the listing, while it fails, or an order. */
static void append_error(const Dir *dir, GString *out)
{
	g_autoptr(GError) error = listing_error(dir->listing);
	g_autofree char *text = error != NULL ? backend_error_sentence(error)
					      : texts_error(dir->texts);

	append_line(out, "last_error", text);
}

static void append_listing(Dir *dir, GString *out)
{
	/* First: what makes it complete is shown before. */
	const ListingState listing = listing_get(dir->listing);
	g_autofree char *partial = texts_partial(dir->texts);

	append_listing_state(dir, &listing, out);
	g_string_append_printf(out, "%s: %" G_GUINT64_FORMAT "\n",
		dir->kind == DIR_WORKSPACE ? "sessions" : "workspaces",
		dir_count(dir));
	append_times(dir, &listing, out);
	if (dir->kind == DIR_WORKSPACE)
		append_partial_refresh(dir, &listing, out);
	g_string_append_printf(out, "generation: %10u\n", listing.relist);
	g_string_append_printf(out, "failures: %u\n", listing.failures);
	g_string_append_printf(
		out, "left_out: %" G_GUINT64_FORMAT "\n", listing.left_out);
	append_line(out, "partial", partial);
	append_error(dir, out);
}

/* "phases: idle 3, failed 1" */
static void append_phases(Dir *dir, GString *out)
{
	g_autoptr(Snapshot) shown = dir_snapshot(dir);
	guint64 counts[N_PHASES] = {0};
	const char *between = " ";

	snapshot_foreach (row, shown, 0)
		counts[row->phase]++;
	g_string_append(out, "phases:");
	for (Phase phase = 0; phase < N_PHASES; phase++) {
		if (counts[phase] == 0)
			continue;
		g_string_append_printf(out, "%s%s %" G_GUINT64_FORMAT, between,
			phase_name(phase), counts[phase]);
		between = ", ";
	}
	g_string_append(out, shown->count > 0 ? "\n" : " none\n");
}

static void append_requests(Dir *dir, GString *out)
{
	guint counts[N_REQUEST_WORDS] = {0}, open = 0;

	request_counts_add(dir, counts);
	for (RequestState state = 0; state < N_REQUEST_WORDS; state++)
		if (request_counts_open(state))
			open += counts[state];
	g_string_append_printf(out, "requests_open: %u\nrequests_unknown: %u\n",
		open, counts[REQUEST_UNKNOWN]);
}

static void append_fixed(Dir *dir, GString *out)
{
	g_autofree char *error = texts_error(dir->texts);

	g_string_append_printf(out, "%s: %" G_GUINT64_FORMAT "\n",
		dir->kind == DIR_ROOT ? "providers" : "workspaces",
		dir_count(dir));
	append_line(out, "last_error", error);
}

char *cache_status(Cache *cache, guint32 number)
{
	Dir *dir = text_dir(cache, number);
	g_autoptr(GString) out = g_string_new(NULL);

	if (dir == NULL)
		return g_strdup("");
	if (dir->kind == DIR_PROVIDER)
		g_string_append_printf(out, "type: %s\n", dir_class(dir)->name);
	if (dir->kind != DIR_ROOT)
		g_string_append_printf(out, "read_only: %s\n",
			dir->provider->read_only ? "yes" : "no");
	if (dir->kind != DIR_ROOT)
		account_report(dir, out);
	if (dir->kind == DIR_PROVIDER)
		g_string_append_printf(out, "requests_set_aside: %u\n",
			requests_aside(cache->requests, dir));
	if (refresh_is_listing(dir))
		append_listing(dir, out);
	else
		append_fixed(dir, out);
	if (dir->kind == DIR_WORKSPACE) {
		append_phases(dir, out);
		append_requests(dir, out);
	}
	if (dir->kind != DIR_WORKSPACE)
		g_string_append_printf(out, "sessions: %" G_GUINT64_FORMAT "\n",
			cache_count(cache, dir->number));
	if (dir->kind == DIR_PROVIDER) {
		g_autoptr(HeldBackend) backend = provider_hold(dir->provider);

		backend_report(backend, out);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

/* ---- all of them ---- */

/* Remembers it if it has more pages than the one before; its progress is then in
 * *text. */
static void take_farther(Dir *dir, guint *pages, GString *text, const Dir **ret)
{
	ListingState listing = listing_get(dir->listing);

	if (is_first_listing(&listing) && listing.page > *pages) {
		*pages = listing.page;
		*ret = dir;
		g_string_truncate(text, 0);
		append_progress(&listing, text);
	}
}

char *cache_first_listing(Cache *cache, char **ret_path)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const Dir *farthest = NULL;
	guint pages = 0;

	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++) {
		Dir *dir = g_ptr_array_index(cache->dirs, i);

		if (dir_is_there(dir))
			take_farther(dir, &pages, text, &farthest);
	}
	mutex_unlock(&cache->lock);
	if (farthest == NULL)
		return NULL;
	*ret_path = dir_path(farthest);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static int by_path(const void *a, const void *b)
{
	const Dir *const *x = a, *const *y = b;
	g_autofree char *left = dir_path(*x), *right = dir_path(*y);

	return strcmp(left, right);
}

char *cache_overview(Cache *cache)
{
	g_autoptr(GPtrArray) dirs = g_ptr_array_new();
	GString *out = g_string_new(NULL);

	/* A directory is never freed while the cache runs. */
	mutex_lock(&cache->lock);
	for (guint i = 0; i < cache->dirs->len; i++)
		g_ptr_array_add(dirs, g_ptr_array_index(cache->dirs, i));
	mutex_unlock(&cache->lock);
	for (guint i = dirs->len; i-- > 0;) {
		const Dir *dir = g_ptr_array_index(dirs, i);

		if (dir->kind == DIR_ROOT || !dir_is_there(dir))
			g_ptr_array_remove_index_fast(dirs, i);
	}
	g_ptr_array_sort(dirs, by_path);
	for (guint i = 0; i < dirs->len; i++) {
		const Dir *dir = g_ptr_array_index(dirs, i);
		g_autofree char *path = dir_path(dir);
		g_autofree char *status = cache_status(cache, dir->number);

		g_string_append_printf(
			out, "%s[%s]\n%s", i > 0 ? "\n" : "", path, status);
	}
	return g_string_free(out, FALSE);
}

/* ---- the other texts ---- */

char *cache_path(Cache *cache, guint32 number)
{
	Dir *dir = text_dir(cache, number);

	return dir != NULL ? dir_path(dir) : NULL;
}

void cache_place(Cache *cache, guint32 number, const char **ret_provider,
	const char **ret_workspace)
{
	const Dir *dir = dir_around(cache, number);

	*ret_provider = *ret_workspace = NULL;
	if (dir != NULL && dir->kind == DIR_WORKSPACE) {
		*ret_workspace = dir->id;
		dir = dir->parent;
	}
	if (dir != NULL && dir->kind == DIR_PROVIDER)
		*ret_provider = dir->id;
}

gboolean cache_state(Cache *cache, guint32 session, SessionState *ret)
{
	g_auto(Seen) seen = dir_session(cache, session);

	if (seen.row == NULL)
		return FALSE;
	*ret = (SessionState){
		.word = state_names_get(cache->state_names, seen.row->word),
		.phase = (Phase)seen.row->phase,
		.since_ms = row_mtime_ns(seen.row, SESSION_STATE) / NS_PER_MS,
	};
	ret->documented =
		backend_state_is_documented(dir_class(seen.dir), ret->word);
	return TRUE;
}

char *cache_last_error(Cache *cache, guint32 number)
{
	Dir *dir = text_dir(cache, number);
	char *text = dir != NULL ? texts_error(dir->texts) : NULL;

	return text != NULL ? text : g_strdup("");
}

char *cache_partial(Cache *cache, guint32 number)
{
	Dir *dir = text_dir(cache, number);

	return dir != NULL ? texts_partial(dir->texts) : NULL;
}

char *cache_last(Cache *cache, guint32 workspace)
{
	Dir *dir = text_dir(cache, workspace);

	return dir != NULL ? g_strdup(dir_last(dir)) : NULL;
}

gint64 cache_text_mtime_ns(Cache *cache, guint32 number)
{
	Dir *dir = text_dir(cache, number);

	return dir != NULL ? texts_changed_ns(dir->texts) : cache->created_ns;
}

static void deliver(void *data)
{
	news_deliver(((Cache *)data)->news);
}

void cache_record_error(Cache *cache, guint32 number, GError *error)
{
	Dir *dir = text_dir(cache, number);
	g_autofree char *place = NULL;

	if (dir == NULL)
		return;
	place = dir_path(dir);
	dir_set_error(dir, place, error);
	/* The observer is not called on the caller's thread. */
	if (!pool_push(cache->common, deliver, cache))
		g_debug("%s: an error after the end", place);
}
