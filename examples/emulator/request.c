#include "request.h"

#include <string.h>

Request *request_new(const char *target)
{
	Request *self = g_new0(Request, 1);
	const char *mark = strchr(target, '?');

	self->refs = 1;
	self->target = g_strdup(target);
	self->path = mark ? g_strndup(target, mark - target) : g_strdup(target);
	self->query = mark ? g_strdup(mark + 1) : NULL;
	self->headers = g_ptr_array_new_with_free_func(g_free);
	self->body = g_byte_array_new();
	return self;
}

Request *request_ref(Request *request)
{
	g_atomic_int_inc(&request->refs);
	return request;
}

void request_unref(Request *self)
{
	if (!self || !g_atomic_int_dec_and_test(&self->refs))
		return;
	g_free(self->method);
	g_free(self->target);
	g_free(self->path);
	g_free(self->query);
	g_ptr_array_unref(self->headers);
	g_byte_array_unref(self->body);
	for (guint i = 0; i < REQUEST_PARTS; i++)
		g_free(self->parts[i]);
	g_free(self);
}

void request_feed(Request *request, const char *data, gsize len)
{
	if (len > REQUEST_BODY_MAX - request->body->len)
		request->too_big = TRUE;
	if (!request->too_big)
		g_byte_array_append(request->body, (const guint8 *)data, len);
}

const char *request_header(const Request *request, const char *name)
{
	gsize len = strlen(name);

	for (guint i = 0; i < request->headers->len; i++) {
		const char *header = request->headers->pdata[i];

		if (!g_ascii_strncasecmp(header, name, len) &&
			header[len] == ':')
			return header + len + 2;
	}
	return NULL;
}

char *request_decode(const char *text, gsize len)
{
	g_autoptr(GString) out = g_string_sized_new(len);

	for (gsize i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			if (i + 2 >= len || !g_ascii_isxdigit(text[i + 1]) ||
				!g_ascii_isxdigit(text[i + 2]))
				return NULL;
			c = (char)(g_ascii_xdigit_value(text[i + 1]) * 16 +
				   g_ascii_xdigit_value(text[i + 2]));
			i += 2;
		}
		if (!c)
			return NULL;
		g_string_append_c(out, c);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

char **request_query_all(const Request *request, const char *name)
{
	g_autoptr(GStrvBuilder) found = g_strv_builder_new();
	gsize len = strlen(name);
	const char *at = request->query;

	while (at && *at) {
		gsize span = strcspn(at, "&");
		g_autofree char *pair =
			g_strdelimit(g_strndup(at, span), "+", ' ');
		g_autofree char *value = NULL;

		if (g_str_has_prefix(pair, name) && pair[len] == '=')
			value = request_decode(pair + len + 1, span - len - 1);
		if (value)
			g_strv_builder_add(found, value);
		at += span + (at[span] == '&');
	}
	return g_strv_builder_end(found);
}

char *request_query(const Request *request, const char *name)
{
	g_auto(GStrv) all = request_query_all(request, name);

	for (char **each = all; *each; each++)
		if (**each)
			return g_strdup(*each);
	return NULL;
}
