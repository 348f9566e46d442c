#include "backends/http/http_rules.h"

#include <arpa/inet.h>
#include <string.h>

#include "backends/error.h"

typedef struct {
	const char *address;
	guint bits; /* of it that count */
} Range;

static const Range loopback[] = {
	{"127.0.0.0", 8},
	{"::1", 128},
};

static const Range metadata[] = {
	{"100.100.100.200", 32},
	{"169.254.0.0", 16},
	{"fd00:ec2::254", 128},
	{"fd00:ec2::23", 128},
};

/* The family, or 0 when it is no address. */
static int parse_address(const char *text, guchar ret[16])
{
	if (inet_pton(AF_INET, text, ret) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, ret) == 1 ? AF_INET6 : 0;
}

static gboolean in_range(int family, const guchar *address, const Range *range)
{
	guchar base[16] = {0};

	if (parse_address(range->address, base) != family)
		return FALSE;
	for (guint bit = 0; bit < range->bits; bit += 8)
		if (address[bit / 8] != base[bit / 8])
			return FALSE;
	return TRUE;
}

static gboolean in_ranges(const char *host, const Range *ranges, gsize n)
{
	g_autofree char *bare = g_strdup(host + (*host == '['));
	guchar address[16] = {0};
	int family;

	if (*host == '[' && g_str_has_suffix(bare, "]"))
		bare[strlen(bare) - 1] = '\0';
	family = parse_address(bare, address);
	for (gsize i = 0; family && i < n; i++)
		if (in_range(family, address, &ranges[i]))
			return TRUE;
	return FALSE;
}

gboolean http_rules_is_loopback(const char *host)
{
	return g_ascii_strcasecmp(host, "localhost") == 0 ||
	       in_ranges(host, loopback, G_N_ELEMENTS(loopback));
}

gboolean http_rules_is_metadata(const char *host)
{
	return in_ranges(host, metadata, G_N_ELEMENTS(metadata));
}

static gboolean is_token(const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isalnum(text[i]) &&
			(!text[i] || !strchr("!#$%&'*+-.^_`|~", text[i])))
			return FALSE;
	return len > 0;
}

static gboolean is_one_line(const char *text)
{
	for (; *text; text++)
		if (g_ascii_iscntrl(*text) && *text != '\t')
			return FALSE;
	return TRUE;
}

gboolean http_rules_check(const HttpRequest *request, GError **error)
{
	if (!is_token(request->method, strlen(request->method)))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"the HTTP method is not a word");
	for (guint i = 0; i < request->headers->len; i++) {
		const char *header = g_ptr_array_index(request->headers, i);
		gsize name = strcspn(header, ":");

		if (is_token(header, name) && is_one_line(header))
			continue;
		/* Its value may be a secret: name it alone. */
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"the header %.*s holds a line break or control "
			"character",
			(int)MIN(name, 64), header);
	}
	return TRUE;
}
