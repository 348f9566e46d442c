#include "cache/store/journal_form.h"

#include <string.h>

enum { FLAG_CREATE = 1, FLAG_REPEATABLE = 2, FLAG_UNIQUE = 4, FLAG_FRESH = 8 };
/* The phase of a verb's session stands above them. */
#define PHASE_SHIFT 8
#define PHASE_MASK 0xffu

enum {
	TEXT_RID,
	TEXT_PROVIDER,
	TEXT_WORKSPACE,
	TEXT_TEXT,
	TEXT_TOKEN,
	TEXT_SESSION,
	TEXT_VERB,
	TEXT_QUERY,
	TEXT_BODY,
	TEXT_NAME,
	TEXT_ID,
	N_TEXTS,
};

static GVariant *pack_texts(const char *const *texts, gsize n)
{
	return g_variant_new_bytestring_array(texts, (gssize)n);
}

static guint flags_of(const Intent *intent)
{
	const CreatePlan *plan = intent->plan;
	guint flags = intent->verb == NULL ? FLAG_CREATE : 0;

	if (plan != NULL && plan->repeatable)
		flags |= FLAG_REPEATABLE;
	if (plan != NULL && plan->unique)
		flags |= FLAG_UNIQUE;
	if (plan != NULL && plan->fresh)
		flags |= FLAG_FRESH;
	return flags | intent->phase << PHASE_SHIFT;
}

GVariant *journal_pack_intent(const Intent *intent)
{
	const CreatePlan *plan = intent->plan;
	const char *texts[N_TEXTS] = {
		[TEXT_RID] = intent->rid,
		[TEXT_PROVIDER] = intent->provider,
		[TEXT_WORKSPACE] = intent->workspace,
		[TEXT_TEXT] = intent->text,
		[TEXT_TOKEN] = intent->token,
		[TEXT_SESSION] = intent->session,
		[TEXT_VERB] = intent->verb != NULL ? intent->verb : "",
		[TEXT_QUERY] = plan != NULL ? plan->query : "",
		[TEXT_BODY] = plan != NULL ? plan->body : "",
		[TEXT_NAME] = plan != NULL ? plan->name : "",
		[TEXT_ID] = plan != NULL ? plan->id : "",
	};

	return g_variant_new("(xxuuu@aay)", intent->made_ms, intent->until_ms,
		intent->number, intent->watermark, flags_of(intent),
		pack_texts(texts, N_TEXTS));
}

static void put_text(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

static void backfill_plan(CreatePlan *plan, char *const *texts, guint flags)
{
	put_text(&plan->query, texts[TEXT_QUERY]);
	put_text(&plan->body, texts[TEXT_BODY]);
	put_text(&plan->name, texts[TEXT_NAME]);
	put_text(&plan->id, texts[TEXT_ID]);
	plan->repeatable = (flags & FLAG_REPEATABLE) != 0;
	plan->unique = (flags & FLAG_UNIQUE) != 0;
	plan->fresh = (flags & FLAG_FRESH) != 0;
}

Intent *journal_unpack_intent(GVariant *value, const char *rid)
{
	g_autoptr(Intent) intent = intent_new(0);
	g_autoptr(GVariant) list = NULL;
	g_auto(GStrv) texts = NULL;
	guint flags;
	gsize n;

	g_variant_get(value, "(xxuuu@aay)", &intent->made_ms, &intent->until_ms,
		&intent->number, &intent->watermark, &flags, &list);
	texts = g_variant_dup_bytestring_array(list, &n);
	/* A later version may say more. */
	if (n < N_TEXTS || !g_str_equal(texts[TEXT_RID], rid))
		return NULL;
	g_strlcpy(intent->rid, rid, RID_MAX);
	intent->provider = g_strdup(texts[TEXT_PROVIDER]);
	intent->workspace = g_strdup(texts[TEXT_WORKSPACE]);
	intent->text = g_strdup(texts[TEXT_TEXT]);
	intent->token = g_strdup(texts[TEXT_TOKEN]);
	intent->session = g_strdup(texts[TEXT_SESSION]);
	if (flags & FLAG_CREATE) {
		intent->plan = create_plan_new();
		backfill_plan(intent->plan, texts, flags);
	} else {
		intent->verb = g_strdup(texts[TEXT_VERB]);
		intent->phase =
			MIN(flags >> PHASE_SHIFT & PHASE_MASK, N_PHASES);
	}
	return g_steal_pointer(&intent);
}

GVariant *journal_pack_outcome(const Outcome *outcome)
{
	g_autofree char *error = g_strndup(outcome->error, REQUEST_ERROR_MAX);
	const char *texts[] = {outcome->id, error, outcome->name};

	return g_variant_new("(xuu@aay)", outcome->changed_ms,
		(guint)outcome->state, outcome->session,
		pack_texts(texts, G_N_ELEMENTS(texts)));
}

Outcome *journal_unpack_outcome(GVariant *value)
{
	g_autoptr(Outcome) outcome = g_new0(Outcome, 1);
	g_autoptr(GVariant) list = NULL;
	g_auto(GStrv) texts = NULL;
	guint state;
	gsize n;

	g_variant_get(value, "(xuu@aay)", &outcome->changed_ms, &state,
		&outcome->session, &list);
	texts = g_variant_dup_bytestring_array(list, &n);
	if (n < 2 || state >= N_REQUEST_STATES ||
		strlen(texts[0]) > SESSION_ID_MAX)
		return NULL;
	outcome->state = state;
	outcome->id = g_strdup(texts[0]);
	outcome->error = g_strdup(texts[1]);
	/* An earlier version said nothing of it. */
	outcome->name = g_strdup(
		n > 2 && strlen(texts[2]) <= SESSION_ID_MAX ? texts[2] : "");
	return g_steal_pointer(&outcome);
}
