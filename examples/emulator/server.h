#pragma once

#include "emulator.h"

/* The HTTP side, and the only file that knows libmicrohttpd: a thread for each
 * connection, which is kept open between requests. */
typedef struct Server Server;

/* Listens on the loopback address; port 0: any free one.  Borrows emulator. */
Server *server_start(Emulator *emulator, guint16 port,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 server_port(const Server *server);

/* Ends every connection; what waits by a fault is let go. */
void server_stop(Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_stop)
