#include "claim.h"

#include <string.h>

#define PARTS_MAX 8
#define NAMES_MAX 64

void claim_clear(Claim *claim)
{
	g_free(claim->id);
	g_strfreev(claim->signed_headers);
	g_free(claim->signature);
}

/* "name=value" of one part of the header, new string; NULL: none. */
static char *part_value(char **parts, const char *name)
{
	gsize len = strlen(name);

	for (; *parts; parts++) {
		const char *part = *parts + strspn(*parts, " ");

		if (!strncmp(part, name, len) && part[len] == '=')
			return g_strdup(part + len + 1);
	}
	return NULL;
}

gboolean claim_read(Claim *claim, const char *header, const char *algorithm,
	const char *id_name)
{
	g_autofree char *names = NULL;
	g_auto(GStrv) parts = NULL;

	if (!g_str_has_prefix(header, algorithm))
		return FALSE;
	parts = g_strsplit(header + strlen(algorithm), ",", PARTS_MAX);
	claim->id = part_value(parts, id_name);
	claim->signature = part_value(parts, "Signature");
	names = part_value(parts, "SignedHeaders");
	if (names)
		claim->signed_headers = g_strsplit(names, ";", NAMES_MAX);
	return claim->id && claim->signature && names;
}

gboolean claim_has(const Claim *claim, const char *name)
{
	return g_strv_contains(
		(const char *const *)claim->signed_headers, name);
}

HttpRequest *claim_request(const Claim *claim, const Request *request)
{
	g_autofree char *url =
		g_strconcat("http://emulator", request->target, NULL);
	HttpRequest *copy = http_request_new(request->method, url);

	for (guint i = 0; i < request->headers->len; i++) {
		const char *header = request->headers->pdata[i];
		gsize len = strcspn(header, ":");
		g_autofree char *name = g_ascii_strdown(header, len);

		if (claim_has(claim, name))
			http_request_set(copy, name, header + len + 2);
	}
	copy->body = g_bytes_new(request->body->data, request->body->len);
	return copy;
}

/* Whether it has the form's punctuation, and digits elsewhere. */
static gboolean formed(const char *text, const char *form)
{
	for (; *form && *text; form++, text++)
		if (*form == '0' ? !g_ascii_isdigit(*text) : *form != *text)
			return FALSE;
	return *form == *text;
}

gint64 claim_time(const char *text)
{
	g_autoptr(GDateTime) date = NULL;

	if (formed(text, "00000000T000000Z") ||
		formed(text, "0000-00-00T00:00:00Z"))
		date = g_date_time_new_from_iso8601(text, NULL);
	return date ? g_date_time_to_unix(date) * 1000 : -1;
}
