#pragma once

#include <glib.h>

/* How a client reaches servers.  The strings are borrowed. */
typedef struct {
	const char *proxy; /* NULL: the environment's, as curl reads it */
	const char *no_proxy;
	const char *ca_file;    /* NULL: the system's */
	gboolean insecure_http; /* plain http to any host */
	gint64 connect_ms;      /* 0: 5000 */
} HttpSettings;
