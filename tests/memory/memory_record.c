#include <string.h>

#include "backends/base/json.h"
#include "memory_store.h"

static void add_webui(const Record *r, Json *body)
{
	if (g_ascii_strcasecmp(r->state, "Running") == 0) {
		g_autofree char *url =
			g_strdup_printf("https://memory.invalid/ui/%s", r->id);
		json_set_text(body, "webui", url);
	}
}

static Json *record_json(const Memory *self, const Record *r, gboolean partial)
	REQUIRES(self->lock)
{
	Json *body = NULL;

	if (r->spec && !partial && !self->mute)
		body = json_parse(r->spec, strlen(r->spec), NULL);
	if (!body)
		body = json_object();
	json_set_text(body, "id", r->id);
	json_set_text(body, "name", r->name);
	json_set_text(body, "state", r->state);
	if (!self->timeless) {
		json_set_int(body, "created", r->made_ms);
		json_set_int(body, "changed", r->changed_ms);
	}
	if (r->serial > 0)
		json_set_int(body, "serial", r->serial);
	if (!partial)
		add_webui(r, body);
	return body;
}

Session *record_session(Memory *self, Record *r, gboolean partial)
{
	Session *session = session_new();

	record_finish(self, r);
	g_autoptr(Json) body = record_json(self, r, partial);
	session->id = g_strdup(r->id);
	session->name = g_strdup(r->name);
	session->state = g_strdup(r->state);
	session->phase = backend_phase(self->base.class, r->state);
	session->created_ms = self->timeless ? 0 : r->made_ms;
	session->changed_ms = self->timeless ? 0 : r->changed_ms;
	session->body = json_print(body, FALSE);
	session->body_len = strlen(session->body);
	session->partial = partial || self->mute;
	return session;
}
