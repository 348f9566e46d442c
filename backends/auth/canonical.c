#include "backends/auth/canonical.h"

#include <string.h>

#include "backends/base/secret.h"

/*
 * A path or query is first decoded and then encoded strictly, so that "~", "*"
 * and the case of hex digits come out alike however a caller spelt them.  The
 * exception is PATH_TWICE, which by its definition encodes the wire's spelling.
 */

/* Where the path begins. */
static const char *after_authority(const char *url)
{
	const char *start = strstr(url, "://");

	start = start ? start + 3 : url;
	return start + strcspn(start, "/?#");
}

void canonical_split(const char *url, char **ret_path, char **ret_query)
{
	const char *path = after_authority(url);
	gsize len = strcspn(path, "?#");
	const char *query = path + len + (path[len] == '?');

	*ret_path = len > 0 ? g_strndup(path, len) : g_strdup("/");
	*ret_query = g_strndup(query, strcspn(query, "#"));
}

char *canonical_host(const char *url)
{
	const char *port =
		g_ascii_strncasecmp(url, "http:", 5) == 0 ? ":80" : ":443";
	const char *end = after_authority(url);
	const char *start = strstr(url, "://");
	const char *at;
	g_autofree char *host = NULL;

	start = start ? start + 3 : url;
	at = memchr(start, '@', (gsize)(end - start));
	start = at ? at + 1 : start;
	host = g_strndup(start, (gsize)(end - start));
	if (g_str_has_suffix(host, port))
		host[strlen(host) - strlen(port)] = '\0';
	return g_steal_pointer(&host);
}

/* Undoes percent-encoding; a "%" that is none stands for itself, and so does
 * "+".  "%00" stays as it is, since no string here can hold a NUL. */
static char *decode(const char *text, gsize len)
{
	GString *out = g_string_sized_new(len);

	for (gsize i = 0; i < len; i++) {
		int high = -1, low = -1;

		if (text[i] == '%' && len - i > 2) {
			high = g_ascii_xdigit_value(text[i + 1]);
			low = g_ascii_xdigit_value(text[i + 2]);
		}
		if (high < 0 || low < 0 || high + low == 0) {
			g_string_append_c(out, text[i]);
			continue;
		}
		g_string_append_c(out, (char)(high * 16 + low));
		i += 2;
	}
	return g_string_free(out, FALSE);
}

static char *encode_once(const char *text, gsize len)
{
	g_autofree char *plain = decode(text, len);

	return http_encode(plain);
}

static char *path_once(const char *path)
{
	g_auto(GStrv) segments = g_strsplit(path, "/", -1);

	for (char **segment = segments; *segment; segment++) {
		char *encoded = encode_once(*segment, strlen(*segment));

		g_free(*segment);
		*segment = encoded;
	}
	return g_strjoinv("/", segments);
}

static char *path_twice(const char *path)
{
	g_auto(GStrv) segments = g_strsplit(path, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
	GString *out = g_string_new(NULL);

	for (char **segment = segments; *segment; segment++) {
		if (!**segment || strcmp(*segment, ".") == 0)
			continue;
		if (strcmp(*segment, "..") != 0)
			g_ptr_array_add(kept, http_encode(*segment));
		else if (kept->len > 0)
			g_ptr_array_set_size(kept, (int)kept->len - 1);
	}
	for (guint i = 0; i < kept->len; i++)
		g_string_append_printf(
			out, "/%s", (char *)g_ptr_array_index(kept, i));
	if (out->len == 0 || g_str_has_suffix(path, "/"))
		g_string_append_c(out, '/');
	return g_string_free(out, FALSE);
}

char *canonical_path(const char *path, PathForm form)
{
	g_autofree char *once = NULL;

	if (form == PATH_TWICE)
		return path_twice(path);
	once = path_once(path);
	if (form == PATH_ONCE_SLASH && !g_str_has_suffix(once, "/"))
		return g_strconcat(once, "/", NULL);
	return g_steal_pointer(&once);
}

typedef struct {
	char *name;
	char *value;
} Pair;

static void pair_free(gpointer data)
{
	Pair *pair = data;

	g_free(pair->name);
	g_free(pair->value);
	g_free(pair);
}

static int pair_compare(gconstpointer a, gconstpointer b)
{
	const Pair *left = *(const Pair *const *)a;
	const Pair *right = *(const Pair *const *)b;
	int order = strcmp(left->name, right->name);

	return order ? order : strcmp(left->value, right->value);
}

static Pair *pair_new(const char *text)
{
	gsize name = strcspn(text, "=");
	const char *value = text + name + (text[name] == '=');
	Pair *pair = g_new(Pair, 1);

	pair->name = encode_once(text, name);
	pair->value = encode_once(value, strlen(value));
	return pair;
}

char *canonical_query(const char *query)
{
	g_auto(GStrv) texts = g_strsplit(query, "&", -1);
	g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(pair_free);
	GString *out = g_string_sized_new(strlen(query));

	for (char **text = texts; *text; text++)
		if (**text)
			g_ptr_array_add(pairs, pair_new(*text));
	g_ptr_array_sort(pairs, pair_compare);
	for (guint i = 0; i < pairs->len; i++) {
		const Pair *pair = g_ptr_array_index(pairs, i);

		g_string_append_printf(out, "%s%s=%s", i > 0 ? "&" : "",
			pair->name, pair->value);
	}
	return g_string_free(out, FALSE);
}

char *canonical_value(const char *value, gboolean collapse)
{
	g_autoptr(SecretText) trimmed = g_strstrip(g_strdup(value));

	if (!collapse)
		return g_steal_pointer(&trimmed);
	GString *out = g_string_sized_new(strlen(trimmed));
	for (const char *at = trimmed; *at; at++) {
		if (!g_ascii_isspace(*at))
			g_string_append_c(out, *at);
		else if (!g_ascii_isspace(at[1]))
			g_string_append_c(out, ' ');
	}
	return g_string_free(out, FALSE);
}
