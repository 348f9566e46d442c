/* The emitter process, before directories that are no mount of ours: there it
 * must do nothing.  What it does on a mount tests/mount shows. */
#include "fs/emitter/emitter_child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

typedef struct {
	char *folder;
	int socket;
	pid_t child;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
	int ends[2];

	f->folder = g_dir_make_tmp("emission-XXXXXX", NULL);
	g_assert_nonnull(f->folder);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), ==, 0);
	f->child = fork();
	g_assert_cmpint(f->child, >=, 0);
	if (!f->child) {
		close(ends[0]);
		_exit(emitter_child_run(ends[1]));
	}
	close(ends[1]);
	f->socket = ends[0];
}

/* It ends with its socket, and as it should. */
static void tear_down(Fixture *f, gconstpointer data)
{
	int status;

	close(f->socket);
	g_assert_cmpint(waitpid(f->child, &status, 0), ==, f->child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	g_assert_cmpint(g_rmdir(f->folder), ==, 0); /* nothing is in it */
	g_free(f->folder);
}

static gint32 say(Fixture *f, const void *packet, gsize len)
{
	gint32 answer = -1;

	g_assert_cmpint(send(f->socket, packet, len, 0), ==, (gssize)len);
	g_assert_cmpint(recv(f->socket, &answer, sizeof(answer), 0), ==,
		sizeof(answer));
	return answer;
}

static gint32 order(Fixture *f, const EmitterCommand *order, const char *place,
	const char *path)
{
	g_autoptr(GByteArray) packet = g_byte_array_new();

	g_byte_array_append(packet, (const guint8 *)order, sizeof(*order));
	g_byte_array_append(
		packet, (const guint8 *)place, (guint)strlen(place) + 1);
	g_byte_array_append(
		packet, (const guint8 *)path, (guint)strlen(path) + 1);
	return say(f, packet->data, packet->len);
}

static void nothing_is_made_where_no_mount_is(Fixture *f, gconstpointer data)
{
	static const EmitterCommand orders[] = {
		{.kind = SYNTH_EVENT_MAKE, .type = S_IFDIR},
		{.kind = SYNTH_EVENT_MAKE, .type = S_IFLNK},
		{.kind = SYNTH_EVENT_MAKE, .type = S_IFREG},
		{.kind = SYNTH_EVENT_TOUCH, .type = S_IFREG},
		{.kind = SYNTH_EVENT_REMOVE, .type = S_IFDIR},
	};
	struct stat attr;

	g_assert_cmpint(stat(f->folder, &attr), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
		EmitterCommand asked = orders[i];

		g_assert_cmpint(order(f, &asked, f->folder, "sc-1"), ==, EXDEV);
		/* The device is right, and it is no root of ours. */
		asked.device = attr.st_dev;
		g_assert_cmpint(order(f, &asked, f->folder, "sc-1"), ==, EXDEV);
	}
}

static void a_mount_point_that_is_gone_is_told(Fixture *f, gconstpointer data)
{
	g_autofree char *gone = g_build_filename(f->folder, "gone", NULL);

	g_assert_cmpint(order(f, &(EmitterCommand){.kind = SYNTH_EVENT_TOUCH},
				gone, "sc-1"),
		==, ENOENT);
}

static void packets_that_make_no_sense_are_refused(
	Fixture *f, gconstpointer data)
{
	char packet[sizeof(EmitterCommand) + 4] = {0};

	g_assert_cmpint(say(f, "x", 1), ==, EINVAL);
	g_assert_cmpint(say(f, packet, sizeof(EmitterCommand)), ==, EINVAL);
	memset(packet + sizeof(EmitterCommand), 'x', 4); /* no end */
	g_assert_cmpint(say(f, packet, sizeof(packet)), ==, EINVAL);
	packet[sizeof(packet) - 1] = 0; /* one text only */
	g_assert_cmpint(say(f, packet, sizeof(packet)), ==, EINVAL);
}

static void signals_that_end_others_do_not_end_it(
	Fixture *f, gconstpointer data)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};

	/* Once it answers, it is prepared. */
	g_assert_cmpint(say(f, "x", 1), ==, EINVAL);
	for (gsize i = 0; i < G_N_ELEMENTS(signals); i++)
		g_assert_cmpint(kill(f->child, signals[i]), ==, 0);
	g_assert_cmpint(say(f, "x", 1), ==, EINVAL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*test)(Fixture *f, gconstpointer data);
	} tests[] = {
		{"/emission/no-mount", nothing_is_made_where_no_mount_is},
		{"/emission/gone", a_mount_point_that_is_gone_is_told},
		{"/emission/packets", packets_that_make_no_sense_are_refused},
		{"/emission/signals", signals_that_end_others_do_not_end_it},
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test,
			tear_down);
	return g_test_run();
}
