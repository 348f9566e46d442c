#include <string.h>

#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/base/json_members.h"
#include "backends/base/json_span.h"
#include "backends/base/secret.h"
#include "backends/provider/record.h"
#include "backends/provider/setting.h"
#include "backends/provider/spec_rule.h"

#define VALUE_MAX 100 /* bytes of one value in a sentence */
#define OBJECTIONS_MAX 8

/* Whether no member that both tell says something else.  Providers write values
 * in their own way, so that more than a doubt does not come of one that does. */
static gboolean agree(const Json *config, const Json *sent)
{
	json_foreach (told, config) {
		const Json *asked = json_get(sent, json_name(told));

		if (asked && !spec_is_unset(asked) && !spec_is_unset(told) &&
			!json_equal(asked, told))
			return FALSE;
	}
	return TRUE;
}

/* As the session's config.json reads; NULL where it cannot be read. */
static Json *config_of(const Backend *self, const char *body, gsize len)
{
	g_autoptr(GString) text = g_string_new(NULL);

	/* It is a pure slot. */
	backend_render(self, SESSION_CONFIG, body, len, text);
	return text->len > 0 ? json_parse(text->str, text->len, NULL)
			     : json_object();
}

static gboolean is_object(const char *body, gsize len)
{
	g_autoptr(Json) record = json_parse_outline(body, len, NULL);

	return record && json_type(record) == JSON_OBJECT;
}

Made backend_made_of(const Backend *self, const CreatePlan *plan,
	const char *id, const char *body, gsize len)
{
	g_auto(SessionSummary) brief = {NULL};

	if (*plan->id)
		return g_str_equal(plan->id, id) ? MADE_SO : MADE_OTHERWISE;
	if (!is_object(body, len))
		return MADE_UNSURE;
	backend_summarize(self, body, len, &brief);
	if (!g_str_equal(plan->name, brief.name))
		return MADE_OTHERWISE;
	if (plan->unique)
		return MADE_SO;
	g_autoptr(Json) config = config_of(self, body, len);
	g_autoptr(Json) sent = json_parse(plan->body, strlen(plan->body), NULL);
	return config && sent && agree(config, sent) ? MADE_SO : MADE_UNSURE;
}

/* ---- what a provider says otherwise ---- */

typedef struct {
	const Backend *self;
	const char *workspace;
	const Json *spec;
	GString *text;
	guint n;
} Objection;

/* Values of maps and lists may be secret, and private ones are. */
static gboolean is_shown(const Backend *self, const Json *value)
{
	const char *const *private = self->class->private;

	return json_type(value) != JSON_ARRAY &&
	       json_type(value) != JSON_OBJECT &&
	       !(private && g_strv_contains(private, json_name(value)));
}

static void append_value(GString *out, const Json *value)
{
	g_autofree char *text = json_print(value, FALSE);
	gsize len = strlen(text);

	if (len > VALUE_MAX)
		text[g_utf8_find_prev_char(text, text + VALUE_MAX) - text] =
			'\0';
	record_append_clean(out, text);
	if (len > VALUE_MAX)
		g_string_append(out, "...");
}

static void object_to(Objection *o, const Json *told, const Json *asked)
{
	if (o->n++ >= OBJECTIONS_MAX)
		return;
	g_string_append(o->text, o->n > 1 ? "; " : "the provider says ");
	record_append_clean(o->text, json_name(asked));
	if (!is_shown(o->self, asked) || !is_shown(o->self, told)) {
		g_string_append(o->text, " otherwise than the spec");
		return;
	}
	g_string_append_c(o->text, ' ');
	append_value(o->text, told);
	g_string_append(o->text, " where the spec said ");
	append_value(o->text, asked);
}

/* What the spec says of that member; NULL: nothing, or what the workspace implies,
 * which a record may leave out. */
static const Json *asked_for(const Objection *o, const char *name)
{
	const Json *asked = json_get(o->spec, name);

	if (!asked || spec_is_unset(asked) ||
		g_strcmp0(json_text(asked), o->workspace) == 0)
		return NULL;
	return asked;
}

static void compare(Objection *o, const Json *config, const Json *record)
{
	for (const char *const *name = spec_identity; *name; name++) {
		const Json *asked = asked_for(o, *name);
		const Json *told = json_get(record, *name);

		if (asked && told && json_type(told) == JSON_NULL)
			object_to(o, told, asked);
	}
	json_foreach (told, config) {
		const Json *asked = asked_for(o, json_name(told));

		if (asked && !setting_may_be(asked, told))
			object_to(o, told, asked);
	}
}

char *backend_objection(const Backend *self, const char *workspace,
	const char *spec, const char *body, gsize len)
{
	g_autoptr(Json) asked = json_parse(spec, strlen(spec), NULL);
	g_autoptr(Json) record = json_parse(body, len, NULL);
	g_autoptr(Json) config = record ? config_of(self, body, len) : NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	Objection objection = {self, workspace, asked, text, 0};

	if (!asked || !config || json_type(record) != JSON_OBJECT)
		return g_strdup("");
	compare(&objection, config, record);
	if (objection.n > OBJECTIONS_MAX)
		g_string_append_printf(
			text, "; and %u more", objection.n - OBJECTIONS_MAX);
	return secret_mask(text->str);
}
