#pragma once

#include <glib.h>

/* Whether a host can be reached, as far as a connection goes. */
typedef struct {
	char *host, *port;
} NetPlace;

/* Of a URL, or HOST:PORT as a proxy may be; NULL: it is neither. */
NetPlace *net_place_new(const char *url);
void net_place_free(NetPlace *place);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NetPlace, net_place_free)

/* Whether it is this machine, which is never asked by a proxy of the environment. */
gboolean net_place_is_near(const NetPlace *place);

/* NULL, or why it has no address: new string.  The resolver gets a few seconds. */
char *net_resolve(const NetPlace *place);
/* NULL, or why no address of it lets itself be connected to: new string.  Each has
 * five seconds. */
char *net_connect(const NetPlace *place);
