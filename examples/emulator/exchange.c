#include "exchange.h"

#include <string.h>

#include "backends/base/digest.h"

Json *exchange_object(const Exchange *x)
{
	const GByteArray *body = x->request->body;
	g_autoptr(Json) object =
		json_parse((const char *)body->data, body->len, NULL);

	if (object && json_type(object) == JSON_OBJECT)
		return g_steal_pointer(&object);
	return NULL;
}

GString *exchange_body(Exchange *x, gsize size)
{
	g_string_free(x->answer->body, TRUE);
	x->answer->body = g_string_sized_new(size);
	return x->answer->body;
}

void exchange_put(Exchange *x, guint status, const Json *object)
{
	answer_take(x->answer, status, json_print(object, FALSE));
}

gint64 exchange_now(const Exchange *x)
{
	return demo_clock_now_ms(&x->emulator->clock);
}

char *exchange_digest(const Json *body)
{
	g_autofree char *text = json_print(body, FALSE);

	return digest_sha256_hex(text, strlen(text));
}
