/*
 * The kernel-side loops of the benchmarks, without a shell's start-up in them.
 *
 *   loop list DIR ROUNDS          names of DIR, as ls -U reads them
 *   loop first DIR COUNT          until COUNT names have been read
 *   loop stat DIR COUNT ROUNDS    stat of the first COUNT names
 *   loop cat FILE COUNT ROUNDS    open, fstat, read to the end, close
 *   loop touch FILE COUNT ROUNDS  open, set the time, close
 *
 * Prints the fastest round in microseconds, and what was seen.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <glib.h>

static gint64 list(const char *path, guint most, GPtrArray *names)
{
	gint64 start = g_get_monotonic_time();
	DIR *dir = opendir(path);
	struct dirent *entry;
	guint seen = 0;

	while (dir && seen < most && (entry = readdir(dir))) {
		seen++;
		if (names && entry->d_name[0] != '.')
			g_ptr_array_add(names, g_strdup(entry->d_name));
	}
	gint64 took = g_get_monotonic_time() - start;

	if (dir)
		closedir(dir);
	printf("%" G_GINT64_FORMAT " %u\n", took, seen);
	return took;
}

static void stat_names(const char *path, guint count, guint rounds)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	gint64 best = G_MAXINT64;
	struct stat attr;

	freopen("/dev/null", "w", stdout);
	list(path, count + 2, names);
	freopen("/dev/stderr", "w", stdout);
	if (chdir(path))
		exit(1);
	for (guint round = 0; round < rounds; round++) {
		gint64 start = g_get_monotonic_time();

		for (guint i = 0; i < names->len; i++) {
			if (stat(g_ptr_array_index(names, i), &attr))
				exit(1);
		}
		best = MIN(best, g_get_monotonic_time() - start);
	}
	fprintf(stderr, "%" G_GINT64_FORMAT " %u\n", best, names->len);
}

static gsize cat(const char *path)
{
	char buffer[65536];
	struct stat attr;
	gsize total = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &attr))
		exit(1);
	while ((got = read(fd, buffer, sizeof(buffer))) > 0)
		total += (gsize)got;
	close(fd);
	return total;
}

static void cat_again(const char *path, guint count, guint rounds)
{
	gint64 best = G_MAXINT64;
	gsize bytes = 0;

	for (guint round = 0; round < rounds; round++) {
		gint64 start = g_get_monotonic_time();

		for (guint i = 0; i < count; i++)
			bytes = cat(path);
		best = MIN(best, g_get_monotonic_time() - start);
	}
	printf("%" G_GINT64_FORMAT " %zu\n", best, bytes);
}

/* As the emitter does to have events. */
static void touch_again(const char *path, guint count, guint rounds)
{
	const struct timespec times[] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
	gint64 best = G_MAXINT64;

	for (guint round = 0; round < rounds; round++) {
		gint64 start = g_get_monotonic_time();

		for (guint i = 0; i < count; i++) {
			int fd = open(path, O_WRONLY | O_CLOEXEC);

			if (fd < 0 || futimens(fd, times))
				exit(1);
			close(fd);
		}
		best = MIN(best, g_get_monotonic_time() - start);
	}
	printf("%" G_GINT64_FORMAT " %u\n", best, count);
}

static guint number(char **argv, int argc, int i)
{
	return i < argc ? (guint)g_ascii_strtoull(argv[i], NULL, 10) : 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	guint third = number(argv, argc, 3);

	if (!strcmp(what, "list")) {
		for (guint i = 0; i < third; i++)
			list(argv[2], G_MAXUINT, NULL);
	} else if (!strcmp(what, "first")) {
		list(argv[2], third, NULL);
	} else if (!strcmp(what, "stat")) {
		stat_names(argv[2], third, number(argv, argc, 4));
	} else if (!strcmp(what, "cat")) {
		cat_again(argv[2], third, number(argv, argc, 4));
	} else if (!strcmp(what, "touch")) {
		touch_again(argv[2], third, number(argv, argc, 4));
	} else {
		return 2;
	}
	return 0;
}
