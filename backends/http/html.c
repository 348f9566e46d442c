#include "backends/http/html.h"

#include <string.h>

#include "backends/base/text.h"

#define SCANNED (64 * 1024)
#define SHOWN 200

/* Words of which an address or a title is made, in lower case.  Short ones count
 * only as a whole word: "sso" stands in "lesson". */
static const char *const login_words[] = {"accounts", "adfs", "auth", "authn",
	"authenticate", "authentication", "authorize", "cas", "idp", "keycloak",
	"kerberos", "oauth", "oauth2", "oidc", "openid", "realms", "saml",
	"saml2", "samlrequest", "sso", NULL};
static const char *const login_parts[] = {"login", "logon", "signin", "signon",
	"sign-in", "sign_in", "sign-on", "log-in", "log_in", "log+in",
	"sign+in", "knoxsso", "websso",
	"redirect_uri=", "response_type=", NULL};
static const char *const title_parts[] = {"login", "log in", "log-in", "logon",
	"log on", "sign in", "sign-in", "signin", "sign on", "single sign",
	"authentication required", "anmelden", "anmeldung", "connexion",
	"iniciar sesi", "\xe7\x99\xbb\xe5\xbd\x95", "\xe7\x99\xbb\xe9\x8c\x84",
	NULL};
static const char *const page_parts[] = {"type=\"password\"", "type='password'",
	"type=password", "samlrequest", NULL};

static gboolean has_part(const char *text, const char *const *parts)
{
	for (; *parts; parts++)
		if (strstr(text, *parts))
			return TRUE;
	return FALSE;
}

static gboolean has_word(const char *text, const char *const *words)
{
	g_auto(GStrv) found = g_strsplit_set(text, "/:.?&=#;,-_ ", 256);

	for (char **word = found; *word; word++)
		if (g_strv_contains(words, *word))
			return TRUE;
	return FALSE;
}

gboolean html_is_login_address(const char *url)
{
	g_autofree char *cut = g_strndup(url, SCANNED);
	g_autofree char *lower = g_ascii_strdown(cut, -1);

	return has_part(lower, login_parts) || has_word(lower, login_words);
}

/* ---- pages ---- */

/* The start of a page in lower case, without NULs.  New string. */
static char *lower_of(const GByteArray *body)
{
	gsize len = body->data ? MIN(body->len, SCANNED) : 0;
	char *lower = g_malloc(len + 1);

	for (gsize i = 0; i < len; i++)
		lower[i] = body->data[i] ? g_ascii_tolower((char)body->data[i])
					 : ' ';
	lower[len] = '\0';
	return lower;
}

gboolean html_is(const HttpAnswer *answer)
{
	static const char *const starts[] = {
		"<!doctype html", "<html", "<head", "<body", "<title", "<h1"};
	const char *type = http_answer_get(answer, "content-type");
	g_autofree char *lower = lower_of(answer->body);
	const char *start = lower;

	if (g_str_has_prefix(start, "\xef\xbb\xbf"))
		start += 3;
	while (g_ascii_isspace(*start))
		start++;
	for (gsize i = 0; i < G_N_ELEMENTS(starts); i++)
		if (g_str_has_prefix(start, starts[i]))
			return TRUE;
	/* Some call their JSON that too. */
	return type && *start == '<' &&
	       (g_ascii_strncasecmp(type, "text/html", 9) == 0 ||
		       g_ascii_strncasecmp(type, "application/xhtml", 17) == 0);
}

/* Where the element's text begins and ends in the page. */
static gboolean element(
	const char *lower, const char *name, gsize *ret_start, gsize *ret_end)
{
	g_autofree char *open = g_strconcat("<", name, NULL);
	g_autofree char *close = g_strconcat("</", name, NULL);
	const char *at = lower, *end;

	while ((at = strstr(at, open))) {
		at += strlen(open);
		if (*at != '>' && !g_ascii_isspace(*at))
			continue;
		at = strchr(at, '>');
		end = at ? strstr(at, close) : NULL;
		if (!end)
			return FALSE;
		*ret_start = (gsize)(at + 1 - lower);
		*ret_end = (gsize)(end - lower);
		return TRUE;
	}
	return FALSE;
}

/* Without what stands between "<" and ">", and on one line. */
static char *plain_of(const char *html, gsize len)
{
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean tag = FALSE;

	for (gsize i = 0; i < len && out->len < SHOWN; i++) {
		char c = html[i];

		if (c == '<' || c == '>') {
			tag = c == '<';
			c = ' ';
		}
		if (tag || ((g_ascii_isspace(c) || g_ascii_iscntrl(c)) &&
				   (out->len == 0 ||
					   out->str[out->len - 1] == ' ')))
			continue;
		g_string_append_c(out,
			g_ascii_isspace(c) || g_ascii_iscntrl(c) ? ' ' : c);
	}
	char *line = text_line(out->str, out->len, ' ');
	/* What is made valid grows. */
	if (strlen(line) > SHOWN)
		*g_utf8_find_prev_char(line, line + SHOWN + 1) = '\0';
	return g_strchomp(line);
}

char *html_words(const GByteArray *body)
{
	static const char *const names[] = {"pre", "title", "h1", "h2"};
	g_autofree char *lower = lower_of(body);
	gsize start, end;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (!element(lower, names[i], &start, &end))
			continue;
		g_autofree char *words =
			plain_of((const char *)body->data + start, end - start);
		if (*words)
			return g_steal_pointer(&words);
	}
	return g_strdup("");
}

/* A page that sends on at once, by a meta tag or by a script. */
static gboolean sends_to_login(const char *lower)
{
	static const char *const marks[] = {"http-equiv=\"refresh\"",
		"http-equiv='refresh'", "http-equiv=refresh",
		"location.replace(", "location.href", "location.assign(",
		"window.location", "<form"};

	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++) {
		const char *at = strstr(lower, marks[i]);

		if (!at)
			continue;
		g_autofree char *near = g_strndup(at, 512);
		if (has_part(near, login_parts))
			return TRUE;
	}
	return FALSE;
}

gboolean html_is_login(const GByteArray *body)
{
	g_autofree char *lower = lower_of(body);
	g_autofree char *words = html_words(body);
	g_autofree char *title = g_ascii_strdown(words, -1);

	return has_part(lower, page_parts) || has_part(title, title_parts) ||
	       sends_to_login(lower);
}
