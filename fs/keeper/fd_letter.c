#include "fs/keeper/fd_letter.h"

#include <string.h>

#define FDS_BYTES (FD_LETTER_MAX * sizeof(int))

typedef union {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_BYTES) + CMSG_SPACE(sizeof(struct ucred))];
} Control;

gboolean fd_letter_send(int socket, const struct sockaddr *to, socklen_t to_len,
	char letter, const int *fds)
{
	Control control = {0};
	struct iovec iov = {&letter, 1};
	struct msghdr packet = {.msg_name = (void *)to,
		.msg_namelen = to_len,
		.msg_iov = &iov,
		.msg_iovlen = 1};
	struct cmsghdr *head;

	if (fds) {
		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(FDS_BYTES);
		head = CMSG_FIRSTHDR(&packet);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(FDS_BYTES);
		memcpy(CMSG_DATA(head), fds, FDS_BYTES);
	}
	return sendmsg(socket, &packet, MSG_NOSIGNAL) == 1;
}

char fd_letter_receive(
	int socket, int ret_fds[FD_LETTER_MAX], struct ucred *ret_who)
{
	Control control;
	char letter = 0;
	struct iovec iov = {&letter, 1};
	struct msghdr packet = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	for (guint i = 0; i < FD_LETTER_MAX; i++)
		ret_fds[i] = -1;
	if (ret_who)
		memset(ret_who, 0, sizeof(*ret_who));
	if (recvmsg(socket, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
		return 0;
	for (struct cmsghdr *head = CMSG_FIRSTHDR(&packet); head;
		head = CMSG_NXTHDR(&packet, head)) {
		gsize len = head->cmsg_len - CMSG_LEN(0);

		if (head->cmsg_type == SCM_RIGHTS)
			memcpy(ret_fds, CMSG_DATA(head), MIN(len, FDS_BYTES));
		else if (head->cmsg_type == SCM_CREDENTIALS && ret_who)
			memcpy(ret_who, CMSG_DATA(head),
				MIN(len, sizeof(*ret_who)));
	}
	return letter;
}
