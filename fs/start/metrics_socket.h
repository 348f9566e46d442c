#pragma once

#include "backends/error.h"
#include "fs/base/daemon.h"

/*
 * The metrics over a UNIX socket, for who scrapes by HTTP: GET /metrics, HTTP/1.0,
 * the text format 0.0.4 of Prometheus.  The mode is 0600: who may read it is said
 * by the directory and the owner, not by a port.
 *
 * One thread answers one client at a time.  A request has at most 4 KiB, and a
 * client at most 2 s for all of it; then it is cut off, whatever it does.  By hand,
 * since a request is one line and libmicrohttpd, which the emulator has, would bring
 * its own threads and limits into the daemon.
 */
typedef struct MetricsSocket MetricsSocket;

/* Binds it.  Takes the place of a socket that nobody listens to, and of nothing
 * else.  Errors: CONFIG, naming the path. */
MetricsSocket *metrics_socket_open(const char *path, Daemon *daemon,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Answers from now on; before, clients wait.  NULL is allowed here and below. */
void metrics_socket_serve(MetricsSocket *self);
/* Ends the thread, and removes the socket. */
void metrics_socket_close(MetricsSocket *self);
