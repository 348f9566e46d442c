#include "fs/keeper/handover.h"

#include <errno.h>
#include <unistd.h>

#include "fs/keeper/fd_letter.h"

gboolean handover_takes_over(const Handover *self)
{
	return self->fuse >= 0;
}

static void send_word(const Handover *self, char word, const int *fds)
{
	if (self->socket >= 0 &&
		!fd_letter_send(self->socket, NULL, 0, word, fds))
		g_warning("the keeper does not listen: %s", g_strerror(errno));
}

void handover_give(const Handover *self, int fuse, int memory, int lock)
{
	const int fds[FD_LETTER_MAX] = {fuse, memory, lock};

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
	int fds[FD_LETTER_MAX];
	char word = fd_letter_receive(socket, fds, NULL);

	if (word != HANDOVER_GIVEN)
		return word;
	*ret = (Handover){-1, fds[0], fds[1], fds[2]};
	return fds[FD_LETTER_MAX - 1] >= 0 ? word : 0;
}
