#include <string.h>

#include "backend.h"
#include "net/json.h"
#include "spec_rule.h"

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
	backend_render((Backend *)self, SESSION_CONFIG, body, len, text);
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
	g_auto(SessionBrief) brief = {NULL};

	if (*plan->id)
		return g_str_equal(plan->id, id) ? MADE_SO : MADE_OTHERWISE;
	if (!is_object(body, len))
		return MADE_UNSURE;
	backend_tell(self, body, len, &brief);
	if (!g_str_equal(plan->name, brief.name))
		return MADE_OTHERWISE;
	if (plan->unique)
		return MADE_SO;
	g_autoptr(Json) config = config_of(self, body, len);
	g_autoptr(Json) sent = json_parse(plan->body, strlen(plan->body), NULL);
	return config && sent && agree(config, sent) ? MADE_SO : MADE_UNSURE;
}
