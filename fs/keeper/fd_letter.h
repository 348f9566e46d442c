#pragma once

#include <sys/socket.h>

#include <glib.h>

/* A letter and, with some of them, descriptors, over a socket of AF_UNIX that keeps
 * the bounds of packets. */
#define FD_LETTER_MAX 3

/* to: NULL where the socket is connected.  fds: FD_LETTER_MAX of them, or NULL.  FALSE,
 * with errno: nobody has it. */
gboolean fd_letter_send(int socket, const struct sockaddr *to, socklen_t to_len,
	char letter, const int *fds);
/* Does not wait.  The descriptors are the caller's, those that did not come are -1.
 * ret_who: whom the kernel says that it is from, where the socket has SO_PASSCRED, else
 * all zero; may be NULL.  0: there is no letter. */
char fd_letter_receive(
	int socket, int ret_fds[FD_LETTER_MAX], struct ucred *ret_who);
