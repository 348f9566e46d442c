#include "backends/http/redirect.h"

#include <string.h>

#include "backends/error.h"
#include "backends/http/html.h"
#include "backends/http/http_url.h"

static gboolean is_same_origin(const char *a, const char *b)
{
	g_autofree char *origin = http_url_origin(a);
	g_autofree char *other = http_url_origin(b);

	return origin && g_strcmp0(origin, other) == 0;
}

/* NULL: it names none, or none that can be read. */
static char *target_of(const HttpRequest *request, const HttpAnswer *answer)
{
	const char *location = http_answer_get(answer, "location");

	return location && *location ? http_url_resolve(request->url, location)
				     : NULL;
}

char *redirect_next(const HttpRequest *request, const HttpAnswer *answer)
{
	g_autofree char *target = NULL;

	if (answer->status != 307 && answer->status != 308)
		return NULL;
	target = target_of(request, answer);
	if (!target || !is_same_origin(request->url, target) ||
		!http_url_check(target, TRUE, NULL))
		return NULL;
	return g_steal_pointer(&target);
}

/* 303, and 302 as it is mostly meant, may show what a call has made; but not
 * where another server is to show it. */
static gboolean may_be_done(const HttpRequest *request,
	const HttpAnswer *answer, const char *target)
{
	if (answer->status == 303)
		return TRUE;
	return answer->status == 302 && is_same_origin(request->url, target);
}

static void refuse_redirect(const HttpRequest *request,
	const HttpAnswer *answer, const char *target, GError **error)
{
	g_autofree char *place = http_url_place(target);

	/* A word that stands in our own address, too, proves nothing. */
	if (html_is_login_address(target) &&
		!(may_be_done(request, answer, target) &&
			html_is_login_address(request->url)))
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"the server wants a login: it redirects to %s "
			"(status %u)",
			place, answer->status);
	else if (may_be_done(request, answer, target))
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"the server redirects to %s (status %u)", place,
			answer->status);
	else
		backend_error_set(error, BACKEND_ERROR_UNSUPPORTED,
			"the server redirects to %s (status %u), which is not "
			"followed: name the server there in the section's url "
			"or endpoint if you trust it",
			place, answer->status);
}

static gboolean is_login_page(const HttpAnswer *answer)
{
	return answer->status >= 200 && answer->status <= 299 &&
	       html_is(answer) && html_is_login(answer->body);
}

gboolean redirect_check(
	const HttpRequest *request, const HttpAnswer *answer, GError **error)
{
	gboolean sent_on = answer->status >= 300 && answer->status <= 399;
	g_autofree char *target = sent_on ? target_of(request, answer) : NULL;
	g_autofree char *words = NULL;

	if (target) {
		refuse_redirect(request, answer, target, error);
		return FALSE;
	}
	if (!is_login_page(answer))
		return TRUE;
	words = html_words(answer->body);
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"the server wants a login: it answers with a page (%s, status "
		"%u)",
		*words ? words : "without a title", answer->status);
}

HttpAnswer *redirect_send(HttpClient *client, const HttpRequest *request,
	HttpRequest *(*make)(const char *url, void *data, GError **error),
	void *data, gint64 until_us, GError **error)
{
	g_autoptr(HttpAnswer) answer =
		http_send(client, request, until_us, error);
	g_autoptr(HttpRequest) last = NULL;

	for (int hop = 0; answer && make && hop < REDIRECT_HOPS; hop++) {
		g_autofree char *url =
			redirect_next(last ? last : request, answer);

		if (!url)
			break;
		g_clear_pointer(&last, http_request_free);
		g_clear_pointer(&answer, http_answer_free);
		last = make(url, data, error);
		answer = last ? http_send(client, last, until_us, error) : NULL;
	}
	if (!answer || !redirect_check(last ? last : request, answer, error))
		return NULL;
	return g_steal_pointer(&answer);
}
