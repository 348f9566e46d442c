#include "cache/operations/reconcile.h"

#include <string.h>

#include "backends/base/clock.h"
#include "cache/base/failpoint.h"
#include "cache/merge/call.h"
#include "cache/merge/fetch_session.h"
#include "cache/operations/adopt.h"
#include "cache/operations/matching.h"
#include "cache/operations/reconcile_known.h"
#include "cache/operations/reconcile_verb.h"

/* Between two listings that somebody waits for, or that something was in the way
 * of. */
#define AGAIN_MS 1000
#define AGAIN_WAITED_MS 200
/* The same while it may be too early, and nobody waits. */
#define AGAIN_EARLY_MS 5000
/* Sessions that are named in a sentence. */
#define NAMED_MAX 8

/* A session that may have been made by one of the open requests. */
typedef struct {
	Row row;       /* its id lives as long as the directory */
	gboolean part; /* its record tells in part what it was made from */
	char *body;
	gint64 created_ms;
} Candidate;

typedef struct {
	Dir *dir;
	Requests *requests;
	const Looked *looked;
	Backend *backend; /* held for as long */
	GPtrArray *
		open; /* Request: creates that are ours to reconcile; behind them
	                    those that were settled and may be found yet; and
	                    those that are unknown, which may have made the
	                    same */
	guint sent;   /* how many there are of the first */
	guint sought;       /* and of the second too */
	gint64 ahead_ms;    /* the provider's clock, as far as it is known */
	guint32 judged;     /* sessions with a lower number are compared */
	GHashTable *rivals; /* names of what others are at */
	GArray *candidates;
	gboolean blind; /* a record that matters could not be had */
	Match *match;
} Reconciling;

static void candidate_clear(gpointer data)
{
	g_free(((Candidate *)data)->body);
}

/* Whether what this listing lacks is not there. */
static gboolean is_sure(const Reconciling *self, const Request *request)
{
	return self->looked->begun_ms >=
	       requests_sure_ms(self->requests, request);
}

/* ---- candidates for creates ---- */

/* A session that it may have made has that number at least.  What was not found once
 * is compared with new ones alone. */
static guint32 first_of(const Reconciling *self, guint i)
{
	const Request *request = g_ptr_array_index(self->open, i);
	gboolean again = i >= self->sent && i < self->sought;

	return MAX(request->intent->watermark, again ? request->judged : 0);
}

static guint32 least_number(const Reconciling *self)
{
	guint32 least = G_MAXUINT32;

	for (guint i = 0; i < self->sought; i++)
		least = MIN(least, first_of(self, i));
	return least;
}

/* No other session had that name when the create was sent. */
static gboolean is_sure_of_name(const CreatePlan *plan)
{
	return plan->unique || plan->fresh;
}

static Match match_in_time(const Reconciling *self, const Intent *intent,
	const Candidate *candidate)
{
	const CreatedWithin within = {.from_ms = intent->made_ms,
		.until_ms = intent->until_ms + self->dir->provider->list_lag_ms,
		.slack_ms = CLOCKS_DIFFER_MS,
		.ahead_ms = self->ahead_ms};

	if (candidate->created_ms == 0 && is_sure_of_name(intent->plan))
		return MATCH_SURE;
	return matching_time(candidate->created_ms, &within);
}

static Match match_of(
	const Reconciling *self, guint i, const Candidate *candidate)
{
	const Request *request = g_ptr_array_index(self->open, i);
	const Intent *intent = request->intent;
	Match match = match_in_time(self, intent, candidate);
	Made made;

	/* An id that the client chooses is shown under its old number when it
	 * comes again. */
	if (candidate->row.number < first_of(self, i) &&
		*intent->plan->id == '\0')
		return MATCH_NO;
	made = backend_made_of(self->backend, intent->plan,
		candidate->row.id->text, candidate->body,
		strlen(candidate->body));
	/* Nobody else can have given it that name or id, whenever it was. */
	if (intent->plan->unique && made == MADE_SO)
		return MATCH_SURE;
	if (candidate->part || made == MADE_UNSURE)
		match = MIN(match, MATCH_DOUBT);
	return made != MADE_OTHERWISE ? match : MATCH_NO;
}

static gboolean matches_any(const Reconciling *self, const Candidate *candidate)
{
	for (guint i = 0; i < self->sought; i++)
		if (match_of(self, i, candidate) != MATCH_NO)
			return TRUE;
	return FALSE;
}

static void read_candidate(Reconciling *self, const Snapshot *shown,
	const Row *row, Candidate *ret)
{
	Dir *dir = self->dir;
	const guint config = 1u << SESSION_CONFIG;
	g_auto(SessionSummary) brief = {NULL};

	*ret = (Candidate){.row = *row};
	ret->row.mtimes = NULL;
	ret->part = row->partial && (dir_class(dir)->whole_files & config) != 0;
	ret->body = dir_body(dir, shown, row, NULL);
	/* It is damaged, which the next listing heals, or cannot be opened now. */
	if (ret->body == NULL) {
		ret->body = g_strdup("");
		self->blind = TRUE;
	}
	backend_summarize(self->backend, ret->body, strlen(ret->body), &brief);
	ret->created_ms = brief.created_ms;
}

/* A part of a record may look like what is sought, and the whole not. */
static void complete(Reconciling *self, Candidate *candidate)
{
	Dir *dir = self->dir;
	Call call = call_for(dir, TRUE);
	g_autoptr(Snapshot) shown = NULL;
	g_autoptr(GError) error = NULL;
	const Row *row;

	if (self->blind ||
		!fetch_session(dir, candidate->row.id->text, &call, &error))
		self->blind = TRUE;
	shown = dir_snapshot(dir);
	row = snapshot_find(shown, candidate->row.number);
	candidate_clear(candidate);
	if (row != NULL)
		read_candidate(self, shown, row, candidate);
	else
		*candidate = (Candidate){.body = g_strdup("")};
}

static void add_candidate(
	Reconciling *self, const Snapshot *shown, const Row *row)
{
	Candidate candidate;

	read_candidate(self, shown, row, &candidate);
	if (candidate.part && matches_any(self, &candidate))
		complete(self, &candidate);
	if (candidate.row.number != 0 && matches_any(self, &candidate))
		g_array_append_val(self->candidates, candidate);
	else
		candidate_clear(&candidate);
}

/* Those whose id was chosen, and which stood there before under it. */
static void add_chosen(Reconciling *self, const Snapshot *shown, guint32 least)
{
	for (guint i = 0; i < self->sought; i++) {
		const Request *request = g_ptr_array_index(self->open, i);
		guint32 number =
			dir_number(self->dir, request->intent->plan->id);
		const Row *row =
			number < least ? snapshot_find(shown, number) : NULL;

		if (row != NULL)
			add_candidate(self, shown, row);
	}
}

/* Where clients choose ids, one may come again. */
static gboolean chooses_ids(const Reconciling *self)
{
	const Request *first = g_ptr_array_index(self->open, 0);

	return *first->intent->plan->id != '\0';
}

/* request NULL: only asks. */
static gboolean reserve(
	const Reconciling *self, Request *request, guint session)
{
	const Candidate *candidate =
		&g_array_index(self->candidates, Candidate, session);
	const MadeSession made = {.number = candidate->row.number,
		.id = candidate->row.id->text,
		.created_ms = chooses_ids(self)
				      ? candidate->created_ms - self->ahead_ms
				      : 0};

	return requests_reserve(
		self->requests, self->dir, request, &made, NULL);
}

/* What another has made by now is none. */
static void drop_reserved(Reconciling *self)
{
	for (guint k = self->candidates->len; k-- > 0;)
		if (!reserve(self, NULL, k))
			g_array_remove_index(self->candidates, k);
}

/* What others are at may be what is seen: from now on no other can be. */
static void find_rivals(Reconciling *self)
{
	g_autoptr(GPtrArray) list = requests_of(self->requests, self->dir);

	for (guint i = 0; i < list->len; i++) {
		Request *request = g_ptr_array_index(list, i);
		char *rival = NULL;

		if (!g_ptr_array_find(self->open, request, NULL))
			rival = requests_rival(self->requests, request);
		if (rival != NULL)
			g_hash_table_add(self->rivals, rival);
	}
}

static void find_candidates(Reconciling *self)
{
	g_autoptr(Snapshot) shown = dir_snapshot(self->dir);
	guint32 least = least_number(self);
	guint n;

	snapshot_foreach (row, shown, least - 1) {
		add_candidate(self, shown, row);
		self->judged = row->number + 1;
	}
	add_chosen(self, shown, least);
	find_rivals(self);
	drop_reserved(self);
	n = self->candidates->len;
	self->match = g_new0(Match, (gsize)self->open->len * MAX(n, 1));
	for (guint i = 0; i < self->open->len; i++)
		for (guint k = 0; k < n; k++)
			self->match[i * n + k] = match_of(self, i,
				&g_array_index(self->candidates, Candidate, k));
}

/* ---- matchings on creates ---- */

static gboolean ask_the_same(guint one, guint other, const void *data)
{
	const Reconciling *self = data;
	const Request *a = g_ptr_array_index(self->open, one);
	const Request *b = g_ptr_array_index(self->open, other);

	return g_str_equal(a->intent->text, b->intent->text);
}

static void later(const Reconciling *self, Request *request)
{
	gboolean waited = requests_is_waited(self->requests, request);
	gint64 sure_ms = requests_sure_ms(self->requests, request);
	gint64 now = clock_wall_ms(self->dir->cache->clock);
	gint64 again_ms = now + (waited ? AGAIN_WAITED_MS : AGAIN_MS);

	if (self->looked->begun_ms < sure_ms && !waited)
		again_ms = now + AGAIN_EARLY_MS;
	if (self->looked->begun_ms < sure_ms)
		again_ms = MIN(again_ms, sure_ms);
	requests_look_again(self->requests, request, again_ms);
}

static void found(const Reconciling *self, Request *request, guint session)
{
	Dir *dir = self->dir;
	const Row *row =
		&g_array_index(self->candidates, Candidate, session).row;
	Call call = call_for(dir, TRUE);
	g_autoptr(GError) error = NULL;
	g_autofree char *lack = NULL;

	/* Another got it meanwhile. */
	if (!reserve(self, request, session)) {
		later(self, request);
		return;
	}
	if (requests_is_waited(self->requests, request)) {
		requests_note(self->requests, request, REQUEST_EVENT_SEEN,
			adopt_outcome(
				dir, request->intent, row->id->text, NULL));
		return;
	}
	if (!adopt_session(dir, request, row->id->text, &call, &error))
		g_debug("%s: %s", row->id->text, error->message);
	lack = reconcile_unstarted(dir, REQUEST_STARTING, row);
	requests_note(self->requests, request, REQUEST_EVENT_FOUND,
		adopt_outcome(dir, request->intent, row->id->text, lack));
}

static void absent(const Reconciling *self, Request *request)
{
	if (!is_sure(self, request)) {
		later(self, request);
	} else if (self->looked->gaps) {
		requests_say(self->requests, request, REQUEST_EVENT_UNCLEAR,
			"the answer was lost, and the listing "
			"holds records that cannot be read: "
			"write retry, adopt ID or abandon "
			"into resolve");
	} else if (self->looked->pages > 1 && request->missed++ == 0) {
		/* Pages shift while they are read. */
		later(self, request);
	} else {
		requests_say(self->requests, request, REQUEST_EVENT_ABSENT,
			"the answer was lost; the session was "
			"looked for, and there is none");
	}
}

static char *unclear_text(const Reconciling *self, guint request)
{
	guint n = self->candidates->len, named = 0;
	g_autoptr(GString) out = g_string_new(
		"the answer was lost, and it cannot be told which session it "
		"made, if any: ");

	for (guint k = 0; k < n && named < NAMED_MAX; k++)
		if (self->match[request * n + k] != MATCH_NO)
			g_string_append_printf(out, "%s%s",
				named++ > 0 ? ", " : "",
				id_name(g_array_index(
					self->candidates, Candidate, k)
						.row.id));
	g_string_append(out, " may be it; write retry, adopt ID or abandon "
			     "into resolve");
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void unclear(const Reconciling *self, guint i)
{
	Request *request = g_ptr_array_index(self->open, i);
	g_autofree char *text = NULL;

	if (i < self->sent && !is_sure(self, request)) {
		later(self, request);
	} else if (i < self->sent ||
		   requests_state(self->requests, request) == REQUEST_ABSENT) {
		text = unclear_text(self, i);
		requests_say(
			self->requests, request, REQUEST_EVENT_UNCLEAR, text);
	}
}

/* A later request with the token of one that was called failed: what turns up is
 * the later one's. */
static gboolean is_overtaken(
	const Reconciling *self, const Request *request, RequestState state)
{
	return state == REQUEST_ABSENT &&
	       requests_is_repeated(self->requests, self->dir, request);
}

static void judge(const Reconciling *self, guint i)
{
	Request *request = g_ptr_array_index(self->open, i);
	const CreatePlan *plan = request->intent->plan;
	const Matches matches = {.requests = self->open->len,
		.sessions = self->candidates->len,
		.match = self->match,
		.equal = ask_the_same,
		.data = self};
	guint session = 0;

	if (self->blind || (!plan->unique && g_hash_table_contains(self->rivals,
						     plan->name))) {
		if (i < self->sent)
			later(self, request);
		return;
	}
	request->judged = MAX(request->judged, self->judged);
	switch (matching_of(&matches, i, &session)) {
	case MATCHING_FOUND:
		found(self, request, session);
		break;
	case MATCHING_ABSENT:
		if (i < self->sent)
			absent(self, request);
		break;
	case MATCHING_UNCLEAR:
		unclear(self, i);
		break;
	}
}

/* ---- a listing has ended ---- */

/* FALSE: there is no session to be sought for it. */
static gboolean add_create(
	Reconciling *self, Request *request, RequestState state)
{
	guint at = self->open->len;

	if (state == REQUEST_SENT) {
		at = self->sent++;
		self->sought++;
	} else if (is_overtaken(self, request, state)) {
		return FALSE;
	} else if (state == REQUEST_ABSENT ||
		   (state == REQUEST_UNKNOWN &&
			   request->intent->plan->unique)) {
		at = self->sought++;
	} else if (state != REQUEST_UNKNOWN) {
		return FALSE;
	}
	g_ptr_array_insert(self->open, (gint)at, request_ref(request));
	return TRUE;
}

/* Those that nobody is at become ours. */
static void gather(Reconciling *self, Request *request)
{
	Requests *requests = self->requests;
	g_autoptr(Outcome) outcome = NULL;

	if (!requests_take(requests, request))
		return;
	outcome = requests_outcome(requests, request, NULL);
	if (request->intent->plan != NULL &&
		add_create(self, request, outcome->state))
		return;
	if (outcome->state == REQUEST_CREATED ||
		outcome->state == REQUEST_STARTING)
		reconcile_known(
			self->dir, request, outcome, is_sure(self, request));
	else if (outcome->state == REQUEST_SENT && is_sure(self, request))
		reconcile_verb(self->dir, request);
	else if (outcome->state == REQUEST_SENT)
		later(self, request);
	requests_release(requests, request);
}

void reconcile_listed(Dir *dir, const Looked *looked)
{
	g_autoptr(HeldBackend) backend = provider_hold(dir->provider);
	Requests *requests = dir->cache->requests;
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GPtrArray) open = NULL;
	g_autoptr(GHashTable) rivals = NULL;
	g_autoptr(GArray) candidates = NULL;
	g_autofree Match *match = NULL;
	Reconciling self = {dir, requests, looked, backend};

	if (requests_look_ms(requests, dir) == G_MAXINT64 &&
		!requests_may_turn(requests, dir))
		return;
	(void)backend_clock(backend, &self.ahead_ms);
	list = requests_of(requests, dir);
	self.open = open =
		g_ptr_array_new_with_free_func((GDestroyNotify)request_unref);
	self.rivals = rivals =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	self.candidates = candidates =
		g_array_new(FALSE, FALSE, sizeof(Candidate));
	g_array_set_clear_func(candidates, candidate_clear);
	for (guint i = 0; i < list->len; i++)
		gather(&self, g_ptr_array_index(list, i));
	if (self.sought > 0)
		find_candidates(&self);
	match = self.match;
	for (guint i = 0; i < self.sought; i++)
		if (i < self.sent || !failpoint_flaw("final"))
			judge(&self, i);
	for (guint i = 0; i < open->len; i++)
		requests_release(requests, g_ptr_array_index(open, i));
	news_deliver(dir->cache->news);
}

static void reconcile_one_gone(Dir *dir, Request *request, gint64 begun_ms)
{
	Requests *requests = dir->cache->requests;
	g_autoptr(Outcome) outcome = requests_outcome(requests, request, NULL);

	if (outcome->state == REQUEST_CREATED ||
		outcome->state == REQUEST_STARTING)
		requests_note(requests, request, REQUEST_EVENT_FOUND,
			adopt_outcome(dir, request->intent, outcome->id,
				"it was created, and the workspace is gone"));
	else if (outcome->state == REQUEST_SENT &&
		 begun_ms >= requests_sure_ms(requests, request))
		requests_say(requests, request, REQUEST_EVENT_UNCLEAR,
			"the answer was lost, and the "
			"workspace is gone");
}

void reconcile_gone(Dir *dir, gint64 begun_ms)
{
	Requests *requests = dir->cache->requests;
	g_autoptr(GPtrArray) list = requests_of(requests, dir);

	for (guint i = 0; i < list->len; i++) {
		Request *request = g_ptr_array_index(list, i);

		if (!requests_take(requests, request))
			continue;
		reconcile_one_gone(dir, request, begun_ms);
		requests_release(requests, request);
	}
	news_deliver(dir->cache->news);
}

gint64 reconcile_due_us(const Dir *dir, gint64 now_us)
{
	gint64 look_ms;

	if (dir->kind != DIR_WORKSPACE)
		return G_MAXINT64;
	look_ms = requests_look_ms(dir->cache->requests, dir);
	if (look_ms == G_MAXINT64)
		return G_MAXINT64;
	return now_us +
	       MAX(0, look_ms - clock_wall_ms(dir->cache->clock)) * 1000;
}
