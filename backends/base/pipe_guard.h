#pragma once

#include <glib.h>
#include <signal.h>

/*
 * Keeps SIGPIPE from the calling thread while it lives.  OpenSSL writes to
 * sockets without MSG_NOSIGNAL, and a library may not change what the process
 * does with a signal.  Use: g_auto(PipeGuard) guard G_GNUC_UNUSED = pipe_guard_enter();
 */
typedef struct {
	sigset_t before;
	gboolean pending;
} PipeGuard;

PipeGuard pipe_guard_enter(void);
void pipe_guard_leave(PipeGuard *guard);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PipeGuard, pipe_guard_leave)
