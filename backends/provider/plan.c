#include "backends/provider/plan.h"

#include <string.h>

CreatePlan *create_plan_new(void)
{
	CreatePlan *plan = g_new0(CreatePlan, 1);

	plan->query = g_strdup("");
	plan->body = g_strdup("");
	plan->name = g_strdup("");
	plan->id = g_strdup("");
	return plan;
}

void create_plan_free(CreatePlan *plan)
{
	if (!plan)
		return;
	g_free(plan->query);
	g_free(plan->body);
	g_free(plan->name);
	g_free(plan->id);
	g_free(plan);
}

gboolean create_plan_equal(const CreatePlan *a, const CreatePlan *b)
{
	return g_str_equal(a->query, b->query) &&
	       g_str_equal(a->body, b->body) && g_str_equal(a->name, b->name) &&
	       g_str_equal(a->id, b->id) && !a->repeatable == !b->repeatable &&
	       !a->unique == !b->unique && !a->fresh == !b->fresh;
}

void create_plan_token(const Backend *self, Json *body, const char *token)
{
	const char *member = self->class->token_member;

	if (!json_get(body, member))
		json_set_text(body, member, token);
}

CreatePlan *create_plan_of(const Backend *self, const Json *body)
{
	g_auto(SessionSummary) brief = {NULL};
	CreatePlan *plan = create_plan_new();

	g_free(plan->body);
	plan->body = json_print(body, FALSE);
	backend_summarize(self, plan->body, strlen(plan->body), &brief);
	g_free(plan->name);
	plan->name = g_steal_pointer(&brief.name);
	return plan;
}

char *backend_spec_token(const Backend *self, const char *spec, gsize len)
{
	const char *member = self->class->token_member;
	g_autoptr(Json) object = member ? json_parse(spec, len, NULL) : NULL;

	return object ? g_strdup(json_text(json_get(object, member))) : NULL;
}
