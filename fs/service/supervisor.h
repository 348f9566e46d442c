#pragma once

#include <glib.h>

/*
 * Who started us and wants to be told how we are, by the protocol of sd_notify(3):
 * a datagram of NAME=VALUE lines to the socket of $NOTIFY_SOCKET.  It is these few
 * lines and not libsystemd, which would bring its own dependencies into every
 * container for the sake of one sendmsg.
 */

/*
 * Reads the variables of systemd, and takes them out of the environment, so that no
 * child takes itself for the service.  Another one's are left alone: a shell in a
 * service hands them to all that it starts, and $SYSTEMD_EXEC_PID says whose they
 * are.  Once, before there are threads.
 */
void supervisor_find(void);
/* Puts them back, for another program that this process is about to execute; and takes
 * them out again.  Before there are threads. */
void supervisor_hand_on(void);
void supervisor_hide(void);
/* Whether anybody wants to be told. */
gboolean supervisor_is_there(void);
/* How long it waits for WATCHDOG=1 until it takes us for dead; 0: it does not. */
gint64 supervisor_watchdog_us(void);
/* Any thread; nothing where nobody wants to be told.  FALSE: the manager does not read,
 * and was not told. */
gboolean supervisor_tell(const char *format, ...) G_GNUC_PRINTF(1, 2);
