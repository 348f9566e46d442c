#include "backends/http/http_message.h"

#include <string.h>

#include "backends/base/secret.h"

HttpRequest *http_request_new(const char *method, const char *url)
{
	HttpRequest *request = g_new0(HttpRequest, 1);

	request->method = g_strdup(method);
	request->url = g_strdup(url);
	/* They carry tokens and signatures. */
	request->headers = g_ptr_array_new_with_free_func(secret_free_text);
	return request;
}

/* Where the value of "name: value" begins; NULL for another name. */
static const char *header_value(const char *header, const char *name)
{
	gsize len = strlen(name);

	if (g_ascii_strncasecmp(header, name, len) != 0 || header[len] != ':')
		return NULL;
	header += len + 1;
	return header + (*header == ' ');
}

void http_request_set(HttpRequest *request, const char *name, const char *value)
{
	char *header = g_strdup_printf("%s: %s", name, value);

	for (guint i = 0; i < request->headers->len; i++) {
		if (!header_value(g_ptr_array_index(request->headers, i), name))
			continue;
		secret_free_text(g_ptr_array_index(request->headers, i));
		g_ptr_array_index(request->headers, i) = header;
		return;
	}
	g_ptr_array_add(request->headers, header);
}

const char *http_request_get(const HttpRequest *request, const char *name)
{
	for (guint i = 0; i < request->headers->len; i++) {
		const char *value = header_value(
			g_ptr_array_index(request->headers, i), name);

		if (value)
			return value;
	}
	return NULL;
}

void http_request_free(HttpRequest *request)
{
	if (!request)
		return;
	g_free(request->method);
	g_free(request->url);
	g_ptr_array_unref(request->headers);
	g_clear_pointer(&request->body, g_bytes_unref);
	g_free(request);
}

const char *http_answer_get(const HttpAnswer *answer, const char *lower_name)
{
	return g_hash_table_lookup(answer->headers, lower_name);
}

void http_body_free(HttpBody *body)
{
	if (!body)
		return;
	secret_wipe(body->data, body->len);
	g_byte_array_unref(body);
}

void http_answer_free(HttpAnswer *answer)
{
	if (!answer)
		return;
	g_hash_table_unref(answer->headers);
	http_body_free(answer->body);
	g_free(answer);
}

char *http_encode(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}

void http_query_add(GString *query, const char *name, const char *value)
{
	g_autofree char *safe_name = http_encode(name);
	g_autoptr(SecretText) safe_value = value ? http_encode(value) : NULL;

	if (!safe_value || !*safe_value)
		return;
	g_string_append_printf(
		query, "%s%s=", query->len > 0 ? "&" : "", safe_name);
	g_string_append(query, safe_value);
}
