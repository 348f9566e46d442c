#include "livy.h"

#include <string.h>

/* A server as it comes checks nothing; what does is configured, or a gateway. */

static char *token;
static gboolean csrf;
gboolean livy_yarn;
gint livy_max_creation = 100;

const GOptionEntry livy_options[] = {
	{"livy-token", 0, 0, G_OPTION_ARG_STRING, &token,
		"livy: the bearer token that is demanded", "TOKEN"},
	{"livy-csrf", 0, 0, G_OPTION_ARG_NONE, &csrf,
		"livy: demand the header X-Requested-By", NULL},
	{"livy-yarn", 0, 0, G_OPTION_ARG_NONE, &livy_yarn,
		"livy: sessions get an application and its UI", NULL},
	{"livy-max-creation", 0, 0, G_OPTION_ARG_INT, &livy_max_creation,
		"livy: sessions that may be starting at once (100)", "N"},
	{NULL},
};

static gboolean check_token(Exchange *x)
{
	const char *header = request_header(x->request, "Authorization");

	if (!token || (header && g_str_has_prefix(header, "Bearer ") &&
			      !strcmp(header + strlen("Bearer "), token)))
		return TRUE;
	answer_header(x->answer, "WWW-Authenticate", "Bearer");
	livy_put_html(x, 401, "Unauthorized");
	return FALSE;
}

static gboolean check_csrf(Exchange *x)
{
	const char *method = x->request->method;

	if (!csrf || !strcmp(method, "GET") ||
		request_header(x->request, "X-Requested-By"))
		return TRUE;
	if (!strcmp(method, "POST"))
		livy_put_html(
			x, 400, "Missing Required Header for CSRF protection.");
	else
		livy_put_nothing(x, 400, "text/html;charset=iso-8859-1");
	return FALSE;
}

gboolean livy_admit(Exchange *x, const Route *route)
{
	store_add_workspace(x->store, LIVY_ROOM, NULL, NULL);
	return check_token(x) && check_csrf(x);
}
