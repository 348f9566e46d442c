#include "cache/base/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FILES 50u
#define MOST 8u
#define THREADS 8u
#define TURNS 500u
#define SPARE 40 /* descriptors, where they are short */

static char *dir;

typedef struct {
	KeptFile *files[FILES];
} Many;

static char *path_of(guint i)
{
	g_autofree char *name = g_strdup_printf("%u", i);

	return g_build_filename(dir, name, NULL);
}

static void many_open(Many *self)
{
	for (guint i = 0; i < FILES; i++) {
		g_autofree char *path = path_of(i);
		int fd = descriptors_openat(
			AT_FDCWD, path, O_RDWR | O_CREAT | O_TRUNC);

		g_assert_cmpint(fd, >=, 0);
		g_assert_cmpint(write(fd, &i, sizeof(i)), ==, sizeof(i));
		self->files[i] = kept_file_new(fd, path);
	}
}

static void many_clear(Many *self)
{
	for (guint i = 0; i < FILES; i++)
		kept_file_free(self->files[i]);
	g_assert_cmpuint(descriptors_open(), ==, 0);
	descriptors_limit(0);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Many, many_clear)

static void assert_holds(int fd, guint i)
{
	guint found = G_MAXUINT;

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(pread(fd, &found, sizeof(found), 0), ==, sizeof(found));
	g_assert_cmpuint(found, ==, i);
}

static void assert_has(KeptFile *file, guint i)
{
	assert_holds(kept_file_hold(file), i);
	kept_file_release(file);
}

static void what_is_unused_is_closed(void)
{
	g_auto(Many) many = {0};

	descriptors_limit(MOST);
	many_open(&many);
	g_assert_cmpuint(descriptors_open(), ==, MOST);
	for (guint turn = 0; turn < 2; turn++)
		for (guint i = 0; i < FILES; i++)
			assert_has(many.files[i], i);
	g_assert_cmpuint(descriptors_open(), ==, MOST);
}

static void what_is_held_stays_open(void)
{
	g_auto(Many) many = {0};
	int fds[2 * MOST];

	descriptors_limit(MOST);
	many_open(&many);
	for (guint i = 0; i < 2 * MOST; i++)
		fds[i] = kept_file_hold(many.files[i]);
	for (guint i = 2 * MOST; i < FILES; i++)
		assert_has(many.files[i], i);
	for (guint i = 0; i < 2 * MOST; i++) {
		assert_holds(fds[i], i);
		g_assert_cmpint(kept_file_hold(many.files[i]), ==, fds[i]);
		kept_file_release(many.files[i]);
		assert_holds(fds[i], i);
	}
	g_assert_cmpuint(descriptors_open(), ==, 2 * MOST);
	for (guint i = 0; i < 2 * MOST; i++)
		kept_file_release(many.files[i]);
	g_assert_cmpuint(descriptors_open(), ==, MOST);
}

static void a_name_is_followed(void)
{
	g_auto(Many) many = {0};
	g_autofree char *one = path_of(1), *two = path_of(2);
	g_autofree char *other = g_build_filename(dir, "other", NULL);

	descriptors_limit(1);
	many_open(&many);
	g_assert_cmpint(g_rename(one, other), ==, 0);
	kept_file_rename(many.files[1], other);
	assert_has(many.files[1], 1);
	/* Another file of that name is not taken for it. */
	assert_has(many.files[0], 0);
	g_assert_cmpint(g_rename(two, other), ==, 0);
	g_assert_cmpint(kept_file_hold(many.files[1]), ==, -1);
	g_assert_cmpint(errno, ==, ESTALE);
	g_assert_cmpint(kept_file_hold(many.files[2]), ==, -1);
	g_assert_cmpint(errno, ==, ENOENT);
	assert_has(many.files[3], 3);
}

static void one_without_a_name_stays(void)
{
	g_auto(Many) many = {0};
	g_autofree char *path = path_of(FILES);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	guint i = 7;
	KeptFile *file = kept_file_new(fd, NULL);

	descriptors_limit(1);
	many_open(&many);
	g_assert_cmpint(write(fd, &i, sizeof(i)), ==, sizeof(i));
	g_assert_cmpint(kept_file_hold(file), ==, fd);
	kept_file_release(file);
	assert_holds(fd, i);
	kept_file_free(file);
}

/* ---- when the kernel has none left ---- */

/* Takes all that are left. */
static GArray *take_all(void)
{
	GArray *taken = g_array_new(FALSE, FALSE, sizeof(int));
	int fd;

	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		g_array_append_val(taken, fd);
	g_assert_cmpint(errno, ==, EMFILE);
	return taken;
}

static void give_all(GArray *taken)
{
	for (guint i = 0; i < taken->len; i++)
		close(g_array_index(taken, int, i));
	g_array_unref(taken);
}

static struct rlimit make_short(void)
{
	struct rlimit before, now;

	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
	now = before;
	now.rlim_cur = SPARE;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
	return before;
}

static void files_make_way_and_the_journal_comes_first(void)
{
	struct rlimit before = make_short();
	g_auto(Many) many = {0};
	g_autofree char *path = path_of(0);
	GArray *taken;
	int first, fds[FILES];
	guint n = 0;

	descriptors_limit(0);
	many_open(&many);
	g_assert_cmpuint(descriptors_open(), ==, SPARE / 4);
	/* The first of the journal's makes those that are kept aside. */
	first = descriptors_openat_first(AT_FDCWD, path, O_RDWR);
	assert_holds(first, 0);
	g_assert_cmpint(descriptors_close(first), ==, 0);
	taken = take_all();
	for (; n < FILES; n++) {
		fds[n] = kept_file_hold(many.files[FILES - 1 - n]);
		if (fds[n] < 0)
			break;
		assert_holds(fds[n], FILES - 1 - n);
	}
	/* All that were unused made way for those that are held. */
	g_assert_cmpint(errno, ==, EMFILE);
	g_assert_cmpuint(n, >=, MOST);
	g_assert_cmpint(descriptors_openat(AT_FDCWD, path, O_RDWR), ==, -1);
	g_assert_cmpint(errno, ==, EMFILE);
	for (guint turn = 0; turn < 3; turn++) {
		first = descriptors_openat_first(AT_FDCWD, path, O_RDWR);
		assert_holds(first, 0);
		g_assert_cmpint(descriptors_close(first), ==, 0);
	}
	give_all(taken);
	while (n > 0)
		kept_file_release(many.files[FILES - n--]);
	for (guint i = 0; i < FILES; i++)
		assert_has(many.files[i], i);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
}

/* ---- threads ---- */

static void *use_many(void *data)
{
	Many *many = data;
	guint32 random = (guint32)(gsize)&random | 1;

	for (guint turn = 0; turn < TURNS; turn++) {
		guint i;

		random = random * 1664525 + 1013904223;
		i = (random >> 16) % FILES;
		assert_has(many->files[i], i);
	}
	return NULL;
}

static void threads_share_them(void)
{
	g_auto(Many) many = {0};
	pthread_t threads[THREADS];

	descriptors_limit(MOST);
	many_open(&many);
	for (guint i = 0; i < THREADS; i++)
		g_assert_cmpint(
			pthread_create(&threads[i], NULL, use_many, &many), ==,
			0);
	for (guint i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	g_assert_cmpuint(descriptors_open(), ==, MOST);
}

static void remove_all(void)
{
	g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(open)) != NULL) {
		g_autofree char *path = g_build_filename(dir, name, NULL);

		g_unlink(path);
	}
	g_rmdir(dir);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("sessionfs-test-XXXXXX", NULL);
	g_test_add_func("/descriptors/unused", what_is_unused_is_closed);
	g_test_add_func("/descriptors/held", what_is_held_stays_open);
	g_test_add_func("/descriptors/name", a_name_is_followed);
	g_test_add_func("/descriptors/nameless", one_without_a_name_stays);
	g_test_add_func("/descriptors/short",
		files_make_way_and_the_journal_comes_first);
	g_test_add_func("/descriptors/threads", threads_share_them);
	status = g_test_run();
	remove_all();
	g_free(dir);
	return status;
}
