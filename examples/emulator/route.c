#include "route.h"

#include <string.h>

/* "{}:stop" takes what is before the ":stop". */
static gboolean segment_fits(const char *pattern, gsize pattern_len,
	const char *path, gsize path_len, char **ret_part)
{
	gsize rest = pattern_len - 2;

	if (pattern_len < 2 || memcmp(pattern, "{}", 2))
		return pattern_len == path_len &&
		       !memcmp(pattern, path, path_len);
	if (path_len <= rest ||
		memcmp(pattern + 2, path + path_len - rest, rest))
		return FALSE;
	*ret_part = request_decode(path, path_len - rest);
	return *ret_part != NULL;
}

static gboolean path_fits(const char *pattern, const char *path, char **parts)
{
	guint n = 0;

	for (;;) {
		gsize pattern_len = strcspn(pattern, "/");
		gsize path_len = strcspn(path, "/");
		g_autofree char *part = NULL;

		if (!segment_fits(pattern, pattern_len, path, path_len, &part))
			return FALSE;
		if (part && n == REQUEST_PARTS)
			return FALSE;
		if (part)
			parts[n++] = g_steal_pointer(&part);
		pattern += pattern_len;
		path += path_len;
		if (!*pattern || !*path)
			return *pattern == *path;
		pattern++;
		path++;
	}
}

static void parts_clear(char **parts)
{
	for (guint i = 0; i < REQUEST_PARTS; i++)
		g_clear_pointer(&parts[i], g_free);
}

static gboolean target_fits(
	const char *prefix, const char *action, const Request *request)
{
	const char *target = request_header(request, "X-Amz-Target");

	return !prefix || (target && g_str_has_prefix(target, prefix) &&
				  !strcmp(target + strlen(prefix), action));
}

const Route *route_find(const Provider *provider, Request *request)
{
	for (guint i = 0; i < provider->n_routes; i++) {
		const Route *route = &provider->routes[i];

		if (strcmp(route->method, request->method) ||
			!target_fits(provider->target, route->action, request))
			continue;
		if (path_fits(route->path, request->path, request->parts)) {
			request->action = route->action;
			return route;
		}
		parts_clear(request->parts);
	}
	return NULL;
}
