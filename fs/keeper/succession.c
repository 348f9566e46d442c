#include "fs/keeper/succession.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backends/base/digest.h"
#include "fs/keeper/fd_letter.h"

extern char **environ;

/* ---- the command line ---- */

/*
 * --take-over=1:/fd/5:/fd/6:/fd/7:/fd/-1:/fd/9:tb PLACE MOUNTPOINT ARGS...
 *
 * The form's version, the descriptors in the order of the struct, a letter for each
 * flag.  They are named in a way that lets nobody drop them (inherited.h).
 */
#define OPTION "--take-over="
#define VERSION "1"
#define FD "/fd/"
#define N_FDS 5
#define N_ARGS 3

gboolean succession_is(int argc, char **argv)
{
	return argc > N_ARGS && g_str_has_prefix(argv[1], OPTION);
}

static void fds_of(Succession *self, int *ret[N_FDS])
{
	ret[0] = &self->given.fuse;
	ret[1] = &self->given.memory;
	ret[2] = &self->given.lock;
	ret[3] = &self->before;
	ret[4] = &self->asker;
}

/* Whether all of them are there. */
static gboolean read_option(const char *option, Succession *ret)
{
	g_auto(GStrv) parts = g_strsplit(option + strlen(OPTION), ":", -1);
	int *fds[N_FDS];

	if (g_strv_length(parts) != N_FDS + 2 || strcmp(parts[0], VERSION))
		return FALSE;
	fds_of(ret, fds);
	for (gsize i = 0; i < N_FDS; i++) {
		if (!g_str_has_prefix(parts[i + 1], FD))
			return FALSE;
		*fds[i] = (int)g_ascii_strtoll(
			parts[i + 1] + strlen(FD), NULL, 10);
	}
	ret->trial = strchr(parts[N_FDS + 1], 't') != NULL;
	ret->returned = strchr(parts[N_FDS + 1], 'r') != NULL;
	ret->background = strchr(parts[N_FDS + 1], 'b') != NULL;
	return TRUE;
}

/* New string. */
static char *option_of(Succession *self)
{
	GString *out = g_string_new(OPTION VERSION);
	int *fds[N_FDS];

	fds_of(self, fds);
	for (gsize i = 0; i < N_FDS; i++)
		g_string_append_printf(out, ":" FD "%d", *fds[i]);
	g_string_append_printf(out, ":%s%s%s", self->trial ? "t" : "",
		self->returned ? "r" : "", self->background ? "b" : "");
	return g_string_free(out, FALSE);
}

gboolean succession_take(int *argc, char ***argv, Succession *ret)
{
	char **all = *argv;

	if (!read_option(all[1], ret))
		return FALSE;
	ret->here = all[2];
	ret->mountpoint = all[3];
	all[N_ARGS] = all[0];
	*argv = all + N_ARGS;
	*argc -= N_ARGS;
	return chdir(ret->here) == 0;
}

static void inherit(Succession *self, int flags)
{
	int *fds[N_FDS];

	fds_of(self, fds);
	for (gsize i = 0; i < N_FDS; i++)
		if (*fds[i] >= 0)
			fcntl(*fds[i], F_SETFD, flags);
}

void succession_exec(Succession *self, int program, char *const *args)
{
	g_autofree char *option = option_of(self);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	int failed;

	g_ptr_array_add(argv, args[0]);
	g_ptr_array_add(argv, option);
	g_ptr_array_add(argv, (char *)self->here);
	g_ptr_array_add(argv, (char *)self->mountpoint);
	for (guint i = 1; args[i]; i++)
		g_ptr_array_add(argv, args[i]);
	g_ptr_array_add(argv, NULL);
	inherit(self, 0);
	fexecve(program, (char **)argv->pdata, environ);
	failed = errno;
	inherit(self, FD_CLOEXEC);
	errno = failed;
}

/* ---- programs ---- */

#define OWN "/proc/self/exe"

struct ProgramFile {
	char *path;
	struct stat attr;
};

ProgramFile *program_file_own(void)
{
	ProgramFile *self = g_new0(ProgramFile, 1);

	self->path = g_file_read_link(OWN, NULL);
	if (stat(OWN, &self->attr))
		g_clear_pointer(&self->path, g_free);
	return self;
}

void program_file_free(ProgramFile *self)
{
	g_free(self->path);
	g_free(self);
}

static gboolean is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_size == other->st_size &&
	       one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec;
}

int program_file_replaced(const ProgramFile *self)
{
	int fd = self->path ? open(self->path, O_RDONLY | O_CLOEXEC) : -1;
	struct stat attr;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &attr) && S_ISREG(attr.st_mode) &&
		!is_same(&attr, &self->attr))
		return fd;
	close(fd);
	return -1;
}

int program_own(void)
{
	return open(OWN, O_RDONLY | O_CLOEXEC);
}

/* ---- asking ---- */

/* In the abstract namespace: nothing is left behind. */
static socklen_t address_of(const char *name, struct sockaddr_un *ret)
{
	gsize len = MIN(strlen(name), sizeof(ret->sun_path) - 1);

	memset(ret, 0, sizeof(*ret));
	ret->sun_family = AF_UNIX;
	memcpy(ret->sun_path + 1, name, len);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

int succession_listen(char **ret_name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address;
	g_autofree char *random = digest_random_hex();
	int yes = 1;

	*ret_name = NULL;
	if (fd < 0)
		return -1;
	*ret_name = g_strconcat("sessionfs-keeper-", random, NULL);
	if (!setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) &&
		!bind(fd, (struct sockaddr *)&address,
			address_of(*ret_name, &address)))
		return fd;
	g_clear_pointer(ret_name, g_free);
	close(fd);
	return -1;
}

static gboolean may_ask(const struct ucred *who)
{
	return who->pid > 0 && (who->uid == 0 || who->uid == geteuid());
}

gboolean succession_hear(int socket, SuccessionRequest *ret)
{
	struct ucred who;
	int fds[FD_LETTER_MAX];

	if (fd_letter_receive(socket, fds, &who) && may_ask(&who) &&
		fds[FD_LETTER_MAX - 1] >= 0) {
		*ret = (SuccessionRequest){fds[0], fds[1], fds[2]};
		return TRUE;
	}
	for (gsize i = 0; i < FD_LETTER_MAX; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return FALSE;
}

static gboolean send_request(const char *name, const int *fds)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	socklen_t len = address_of(name, &address);
	gboolean sent =
		fd >= 0 &&
		fd_letter_send(fd, (struct sockaddr *)&address, len, 'u', fds);
	int failed = errno;

	if (fd >= 0)
		close(fd);
	errno = failed;
	return sent;
}

int succession_ask(const char *name)
{
	int own = program_own(), ends[2] = {-1, -1}, failed;
	gboolean sent =
		own >= 0 &&
		!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) &&
		send_request(name, (const int[FD_LETTER_MAX]){
					   own, STDERR_FILENO, ends[1]});

	failed = errno;
	if (own >= 0)
		close(own);
	if (ends[1] >= 0)
		close(ends[1]);
	if (!sent && ends[0] >= 0)
		close(ends[0]);
	errno = failed;
	return sent ? ends[0] : -1;
}
