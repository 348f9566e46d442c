#include "fs/keeper/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_HANDED 3

typedef union {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(N_HANDED * sizeof(int))];
} Control;

gboolean handover_takes_over(const Handover *self)
{
	return self->fuse >= 0;
}

static void send_word(const Handover *self, char word, const int *fds)
{
	Control control = {0};
	struct iovec iov = {&word, 1};
	struct msghdr packet = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *head;

	if (self->socket < 0)
		return;
	if (fds) {
		packet.msg_control = &control;
		packet.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&packet);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(N_HANDED * sizeof(int));
		memcpy(CMSG_DATA(head), fds, N_HANDED * sizeof(int));
	}
	if (sendmsg(self->socket, &packet, MSG_NOSIGNAL) < 0)
		g_warning("the keeper does not listen: %s", g_strerror(errno));
}

void handover_give(const Handover *self, int fuse, int memory, int lock)
{
	const int fds[N_HANDED] = {fuse, memory, lock};

	send_word(self, HANDOVER_GIVEN, fds);
}

void handover_ready(const Handover *self)
{
	send_word(self, HANDOVER_READY, NULL);
}

void handover_over(const Handover *self)
{
	send_word(self, HANDOVER_OVER, NULL);
}

pid_t handover_owner(const Handover *self)
{
	return self->socket < 0 ? getpid() : getppid();
}

char handover_hear(int socket, Handover *ret)
{
	Control control;
	char word = 0;
	struct iovec iov = {&word, 1};
	struct msghdr packet = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	int fds[N_HANDED];

	if (recvmsg(socket, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
		return 0;
	head = CMSG_FIRSTHDR(&packet);
	if (word != HANDOVER_GIVEN)
		return word;
	if (!head || head->cmsg_type != SCM_RIGHTS ||
		head->cmsg_len != CMSG_LEN(sizeof(fds)))
		return 0;
	memcpy(fds, CMSG_DATA(head), sizeof(fds));
	*ret = (Handover){-1, fds[0], fds[1], fds[2]};
	return word;
}
