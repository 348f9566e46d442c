#include "fs/tree/eventlog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/base/json.h"
#include "cache_fixture.h"
#include "fs/events/eventline.h"
#include "warnings.h"

/* A log beside the state of a cache that knows workspace "m-1". */
typedef struct {
	Fixture *cache;
	guint32 workspace;
	char *folder;
	EventLog *log;
} Box;

static Box *box_new(gsize limit)
{
	Box *self = g_new0(Box, 1);

	self->cache = fixture_new();
	fixture_open(self->cache, NULL, NULL);
	self->workspace = fixture_workspace(self->cache, "m-1");
	self->folder = g_dir_make_tmp("sessionfs-events-XXXXXX", NULL);
	self->log = eventlog_open(self->folder, limit);
	return self;
}

static void box_reopen(Box *self, gsize limit)
{
	eventlog_free(self->log);
	self->log = eventlog_open(self->folder, limit);
}

static void box_free(Box *self)
{
	eventlog_free(self->log);
	fixture_free(self->cache);
	fixture_remove_tree(self->folder);
	g_free(self->folder);
	g_free(self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Box, box_free)

static void appear(Box *self, const char *id)
{
	News news = {.kind = NEWS_APPEARED,
		.number = 1000,
		.parent = self->workspace,
		.name = id,
		.id = id,
		.from = "",
		.to = "Running"};

	eventline_log(self->log, self->cache->cache, &news, 1);
}

/* Of the same length each. */
static void appear_number(Box *self, guint number)
{
	g_autofree char *id = g_strdup_printf("%08u", number);

	appear(self, id);
}

static char *file_text(EventFile *file)
{
	gint64 mtime_ns;
	gsize size;
	char *text;

	eventfile_stat(file, &size, &mtime_ns);
	text = g_malloc0(size + 1);
	g_assert_cmpint(
		eventfile_read(file, text, size + 100, 0), ==, (gssize)size);
	return text;
}

static char *text(Box *self, guint age)
{
	g_autoptr(EventFile) file = eventlog_file(self->log, age);

	return file ? file_text(file) : NULL;
}

static guint slot(Box *self, guint age)
{
	g_autoptr(EventFile) file = eventlog_file(self->log, age);

	return file ? eventfile_slot(file) : 0;
}

static gint64 mtime(Box *self)
{
	g_autoptr(EventFile) file = eventlog_file(self->log, 0);
	gint64 mtime_ns;
	gsize size;

	eventfile_stat(file, &size, &mtime_ns);
	return mtime_ns;
}

static guint count_files(Box *self)
{
	DIR *dir = opendir(self->folder);
	struct dirent *entry;
	guint n = 0;

	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' ||
		     g_str_has_prefix(entry->d_name, ".events.");
	closedir(dir);
	return n;
}

/* The current generation's file, as others see it. */
static char *newest_path(Box *self)
{
	for (guint i = 100; i > 0; i--) {
		g_autofree char *path =
			g_strdup_printf("%s/.events.%u", self->folder, i);

		if (!access(path, F_OK))
			return g_steal_pointer(&path);
	}
	g_assert_not_reached();
}

static void append_bytes(Box *self, const char *bytes, gsize len)
{
	g_autofree char *path = newest_path(self);
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	g_assert_cmpint(write(fd, bytes, len), ==, (gssize)len);
	close(fd);
}

static guint64 metric(Box *self, const char *name)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *line = g_strconcat("\n", name, NULL);
	const char *at;

	eventlog_metrics(self->log, out);
	at = strstr(out->str, line);
	g_assert_nonnull(at);
	return g_ascii_strtoull(at + strlen(line), NULL, 10);
}

#define LINES "sessionfs_event_lines_total "
#define DROPPED "sessionfs_event_lines_dropped_total "

/* ---- lines ---- */

static char *line_of(Box *self, News news)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!news.id)
		news.id = "s-1";
	if (!news.from)
		news.from = "";
	if (!news.to)
		news.to = "";
	if (!eventline_append(
		    out, self->cache->cache, &news, 1795222923456000)) {
		g_assert_cmpuint(out->len, ==, 0);
		return NULL;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void check_line(Box *self, News news, const char *rest)
{
	g_autofree char *line = line_of(self, news);
	g_autofree char *want =
		rest ? g_strdup_printf("{\"time\":\"2026-11-21T01:02"
				       ":03.456Z\",\"provider\":"
				       "\"m\",\"workspace\":%s}\n",
			       rest)
		     : NULL;

	g_assert_cmpstr(line, ==, want);
}

static void a_line_tells_what_became_true(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	guint32 in = box->workspace;

	check_line(box,
		(News){.kind = NEWS_APPEARED, .parent = in, .to = "Running"},
		"\"m-1\",\"id\":\"s-1\",\"what\":\"appeared\","
		"\"to\":\"Running\"");
	check_line(box,
		(News){.kind = NEWS_VANISHED, .parent = in, .from = "Stopped"},
		"\"m-1\",\"id\":\"s-1\",\"what\":\"vanished\","
		"\"from\":\"Stopped\"");
	check_line(box,
		(News){.kind = NEWS_CHANGED,
			.parent = in,
			.from = "Idle",
			.to = "Busy",
			.files = 1u << SESSION_STATE | 1u << SESSION_JSON},
		"\"m-1\",\"id\":\"s-1\",\"what\":\"state\","
		"\"files\":[\"state\",\"session.json\"],"
		"\"from\":\"Idle\",\"to\":\"Busy\"");
	check_line(box,
		(News){.kind = NEWS_CHANGED,
			.parent = in,
			.from = "Busy",
			.to = "Busy",
			.files = 1u << SESSION_LOG},
		"\"m-1\",\"id\":\"s-1\",\"what\":\"changed\","
		"\"files\":[\"log\"],\"from\":\"Busy\",\"to\":\"Busy\"");
	check_line(box,
		(News){.kind = NEWS_VANISHED,
			.parent = box->cache->provider,
			.id = "m-2"},
		"\"m-2\",\"what\":\"vanished\"");
}

static void what_is_no_event_makes_no_line(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	guint32 in = box->workspace;

	check_line(box,
		(News){.kind = NEWS_APPEARED, .parent = in, .first = TRUE},
		NULL);
	check_line(box, (News){.kind = NEWS_LISTING, .parent = in}, NULL);
	check_line(box, (News){.kind = NEWS_ON_DEMAND, .parent = in}, NULL);
	check_line(box, (News){.kind = NEWS_TABLE, .parent = in}, NULL);
	check_line(box, (News){.kind = NEWS_APPEARED, .parent = 0}, NULL);
}

/* Parses, and nothing in it synthetic events on a terminal. */
static Json *checked(const char *line)
{
	g_autoptr(GError) error = NULL;
	gsize len = strlen(line);
	Json *json;

	g_assert_cmpuint(len, <=, EVENT_LINE_MAX);
	g_assert_true(g_utf8_validate(line, -1, NULL));
	g_assert_cmpint(line[len - 1], ==, '\n');
	for (const char *at = line; at < line + len - 1;
		at = g_utf8_next_char(at))
		g_assert_false(g_unichar_iscntrl(g_utf8_get_char(at)));
	json = json_parse(line, len, &error);
	g_assert_no_error(error);
	return json;
}

static void hostile_names_stay_in_their_line(void)
{
	static const char *const ids[][2] = {
		{"a\"b\\c", "a\"b\\c"},
		{"a\nb\r\t\033[2J\177", "a\nb\r\t\033[2J\177"},
		{"c1 \302\233 \302\205", "c1 \302\233 \302\205"},
		{"\303\244\360\237\230\200/\342\200\256", NULL},
		{"cut \303", "cut \357\277\275"},
		{"\355\240\200", "\357\277\275\357\277\275\357\277\275"},
		{"\",\"what\":\"x", "\",\"what\":\"x"},
	};
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);

	for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
		News news = {.kind = NEWS_APPEARED,
			.parent = box->workspace,
			.id = ids[i][0],
			.to = ids[i][0]};
		g_autofree char *line = line_of(box, news);
		g_autoptr(Json) json = checked(line);
		const char *want = ids[i][1] ? ids[i][1] : ids[i][0];

		g_assert_cmpstr(
			json_get_text(json, "id", 5000, NULL), ==, want);
		g_assert_cmpstr(
			json_get_text(json, "to", 5000, NULL), ==, want);
		g_assert_cmpstr(
			json_get_text(json, "what", 50, NULL), ==, "appeared");
	}
}

static void no_line_is_longer_than_the_limit(void)
{
	static const char *const pieces[] = {"x", "\001", "\"", "\377", "\\",
		"\303\244", "\360\237\230\200", "\302\205"};
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);

	for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autoptr(GString) id = g_string_new(NULL);
		News news = {.kind = NEWS_CHANGED,
			.parent = box->workspace,
			.files = ~0u};

		while (id->len + strlen(pieces[i]) <= SESSION_ID_MAX)
			g_string_append(id, pieces[i]);
		news.id = news.from = news.to = id->str;
		g_autofree char *line = line_of(box, news);
		g_autoptr(Json) json = checked(line);

		if (i == 0)
			g_assert_cmpstr(json_get_text(json, "id", 5000, NULL),
				==, id->str);
		g_assert_cmpstr(
			json_get_text(json, "what", 50, NULL), ==, "changed");
	}
}

/* ---- generations ---- */

static void a_full_generation_becomes_the_one_before(void)
{
	g_autoptr(Box) box = box_new(1000);
	g_autoptr(EventFile) held = eventlog_file(box->log, 0);
	guint before = slot(box, 0), n = 0;
	gint64 turned = eventlog_turned_ns(box->log);

	g_assert_cmpuint(slot(box, 1), ==, 0);
	while (slot(box, 0) == before)
		appear_number(box, n++);
	g_assert_cmpuint(slot(box, 1), ==, before);
	g_assert_cmpint(eventlog_turned_ns(box->log), >, turned);
	g_autofree char *old = text(box, 1), *new = text(box, 0);
	g_autofree char *kept = file_text(held);

	g_assert_cmpuint(strlen(old), <=, 1000);
	g_assert_cmpuint(strlen(old) + strlen(new), >, 1000);
	g_assert_nonnull(strstr(old, "\"00000000\""));
	g_assert_null(strstr(new, "\"00000000\""));
	g_assert_cmpstr(kept, ==, old);
	g_assert_cmpuint(eventfile_age(held), ==, 1);
}

static void only_two_generations_are_kept(void)
{
	g_autoptr(Box) box = box_new(1000);
	g_autoptr(EventFile) held = eventlog_file(box->log, 0);
	guint first = slot(box, 0), last = first, turns = 0;

	appear_number(box, 0);
	g_autofree char *kept = file_text(held);

	for (guint n = 1; turns < 5; n++) {
		appear_number(box, n);
		turns += slot(box, 0) != last;
		last = slot(box, 0);
		g_assert_cmpuint(count_files(box), <=, 2);
	}
	/* Who had it open reads on, and it is known to be gone. */
	g_autofree char *now = file_text(held);
	g_autoptr(EventFile) found = eventlog_find(box->log, first);

	g_assert_true(g_str_has_prefix(now, kept));
	g_assert_cmpuint(eventfile_age(held), ==, 2);
	g_assert_true(found == held);
	g_clear_pointer(&found, eventfile_unref);
	g_clear_pointer(&held, eventfile_unref);
	found = eventlog_find(box->log, first);
	g_assert_null(found);
}

static void a_batch_larger_than_a_generation_turns_it(void)
{
	g_autoptr(Box) box = box_new(1000);
	News news[100];
	g_autofree char *all = NULL;
	guint files;

	for (guint i = 0; i < G_N_ELEMENTS(news); i++)
		news[i] = (News){.kind = NEWS_APPEARED,
			.parent = box->workspace,
			.id = "s-1",
			.from = "",
			.to = "Running"};
	eventline_log(box->log, box->cache->cache, news, G_N_ELEMENTS(news));
	g_assert_cmpuint(metric(box, LINES), ==, 100);
	g_assert_cmpuint(metric(box, DROPPED), ==, 0);
	all = text(box, 1);
	g_assert_cmpuint(strlen(all), <=, 1000);
	files = count_files(box);
	g_assert_cmpuint(files, ==, 2);
}

static void the_log_goes_on_after_a_restart(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	gint64 time_before, time_after;
	guint before = slot(box, 0);

	appear_number(box, 1);
	appear_number(box, 2);
	g_autofree char *old = text(box, 0);

	time_before = mtime(box);
	box_reopen(box, EVENTLOG_LIMIT);
	g_autofree char *same = text(box, 0);

	time_after = mtime(box);
	g_assert_cmpstr(same, ==, old);
	g_assert_cmpuint(slot(box, 0), ==, before);
	g_assert_cmpint(time_before - time_after, <, 1000);
	appear_number(box, 3);
	g_autofree char *new = text(box, 0);

	g_assert_true(g_str_has_prefix(new, old));
	g_assert_nonnull(strstr(new, "\"00000003\""));
	g_assert_cmpint(mtime(box), >, time_after);
}

static void both_generations_are_there_after_a_restart(void)
{
	g_autoptr(Box) box = box_new(1000);
	guint before = slot(box, 0);

	for (guint n = 0; slot(box, 0) == before; n++)
		appear_number(box, n);
	g_autofree char *old = text(box, 1);

	/* One that a crash left behind. */
	g_autofree char *stale =
		g_build_filename(box->folder, ".events.0", NULL);
	g_autofree char *other =
		g_build_filename(box->folder, ".events.x", NULL);

	g_assert_true(g_file_set_contents(other, "x", 1, NULL));
	g_assert_true(g_file_set_contents(stale, "x", 1, NULL));
	box_reopen(box, 1000);
	g_autofree char *same = text(box, 1);

	g_assert_cmpstr(same, ==, old);
	g_assert_cmpuint(slot(box, 1), ==, before);
}

static void a_torn_line_is_cut_off(void)
{
	static const char zeroes[10000];
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	gint64 before;

	appear_number(box, 1);
	g_autofree char *whole = text(box, 0);

	before = mtime(box);
	append_bytes(box, "{\"time\":\"20", 11);
	append_bytes(box, zeroes, sizeof(zeroes));
	box_reopen(box, EVENTLOG_LIMIT);
	g_autofree char *mended = text(box, 0);

	g_assert_cmpstr(mended, ==, whole);
	g_assert_cmpint(mtime(box), >=, before);
	appear_number(box, 2);
	g_autofree char *after = text(box, 0);

	g_assert_true(g_str_has_prefix(after, whole));
	g_assert_cmpuint(strlen(after), ==, 2 * strlen(whole));
	/* Nothing but a torn line. */
	g_autofree char *path = newest_path(box);

	g_assert_true(g_file_set_contents(path, "{\"ti", 4, NULL));
	box_reopen(box, EVENTLOG_LIMIT);
	g_autofree char *empty = text(box, 0);

	g_assert_cmpstr(empty, ==, "");
}

/* ---- trouble ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	limit.rlim_cur = bytes;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

static void a_full_disk_costs_lines_and_nothing_else(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	gsize line;

	signal(SIGXFSZ, SIG_IGN);
	appear_number(box, 1);
	g_autofree char *one = text(box, 0);

	line = strlen(one);
	limit_files(line + line / 2);
	warnings_keep();
	for (guint n = 2; n < 5; n++)
		appear_number(box, n);
	limit_files(RLIM_INFINITY);
	warnings_expect_one("*events cannot be written into *");
	g_autofree char *still = text(box, 0);

	g_assert_cmpstr(still, ==, one);
	g_assert_cmpuint(metric(box, DROPPED), ==, 3);
	appear_number(box, 5);
	g_autofree char *after = text(box, 0);

	g_assert_cmpuint(strlen(after), ==, 2 * line);
	g_assert_nonnull(strstr(after, "\"00000005\""));
	g_assert_cmpuint(metric(box, DROPPED), ==, 3);
	g_assert_cmpuint(metric(box, LINES), ==, 2);
	box_reopen(box, EVENTLOG_LIMIT);
	g_autofree char *reread = text(box, 0);

	g_assert_cmpstr(reread, ==, after);
}

/* What found room before the disk was full is not lost with the rest. */
static void a_full_disk_keeps_the_lines_that_fit(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	News news[10];
	gsize line;

	appear_number(box, 0);
	g_autofree char *one = text(box, 0);

	line = strlen(one);
	for (guint i = 0; i < G_N_ELEMENTS(news); i++)
		news[i] = (News){.kind = NEWS_APPEARED,
			.parent = box->workspace,
			.id = "00000009",
			.from = "",
			.to = "Running"};
	signal(SIGXFSZ, SIG_IGN);
	limit_files(4 * line + line / 2);
	warnings_keep();
	eventline_log(box->log, box->cache->cache, news, G_N_ELEMENTS(news));
	limit_files(RLIM_INFINITY);
	warnings_expect_one("*events cannot be written into *");
	g_autofree char *kept = text(box, 0);

	g_assert_cmpuint(strlen(kept), ==, 4 * line);
	g_assert_cmpint(kept[4 * line - 1], ==, '\n');
	g_assert_cmpuint(metric(box, DROPPED), ==, 7);
}

static void a_place_that_cannot_be_used_costs_the_lines(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);

	eventlog_free(box->log);
	warnings_keep();
	box->log = eventlog_open("/proc/self/nowhere", EVENTLOG_LIMIT);
	appear_number(box, 1);
	warnings_expect_one("*events cannot be written into *");
	g_assert_null(eventlog_file(box->log, 0));
	g_assert_null(eventlog_file(box->log, 1));
	g_assert_cmpuint(metric(box, DROPPED), ==, 1);
}

static void what_lies_in_the_way_is_not_followed(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	g_autofree char *target = NULL, *link = NULL, *left = NULL;

	target = g_build_filename(box->folder, "target", NULL);
	link = g_build_filename(box->folder, ".events.9", NULL);
	g_assert_true(g_file_set_contents(target, "precious", -1, NULL));
	g_assert_cmpint(symlink(target, link), ==, 0);
	box_reopen(box, EVENTLOG_LIMIT);
	appear_number(box, 1);
	g_assert_cmpuint(metric(box, LINES), ==, 1);
	g_assert_true(g_file_get_contents(target, &left, NULL, NULL));
	g_assert_cmpstr(left, ==, "precious");
}

/* ---- reading while it is written ---- */

#define WRITTEN 20000u

static int done;

static void *write_all(void *data)
{
	for (guint n = 0; n < WRITTEN; n++)
		appear_number(data, n);
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Checks that the lines go on from *next where nothing was lost; returns how many
 * bytes were whole lines. */
static gsize check_lines(const char *bytes, gsize len, guint *next)
{
	gsize used = 0;
	const char *end;

	while ((end = memchr(bytes + used, '\n', len - used))) {
		const char *id = strstr(bytes + used, "\"id\":\"");
		guint number;

		g_assert_true(id && id < end);
		number = (guint)g_ascii_strtoull(id + 6, NULL, 10);
		g_assert_cmpuint(number, >=, *next);
		*next = number + 1;
		used = (gsize)(end - bytes) + 1;
	}
	return used;
}

/* Reads a generation until it is over. */
static void follow(EventFile *file, guint *next)
{
	char bytes[3001];
	off_t at = 0;

	for (;;) {
		gboolean over = eventfile_age(file) > 0 ||
				__atomic_load_n(&done, __ATOMIC_ACQUIRE);
		ssize_t got =
			eventfile_read(file, bytes, sizeof(bytes) - 1, at);
		gsize used;

		g_assert_cmpint(got, >=, 0);
		bytes[got] = '\0';
		used = check_lines(bytes, (gsize)got, next);
		at += (off_t)used;
		if (used)
			continue;
		/* What is there ends with a line. */
		g_assert_cmpint(got, ==, 0);
		if (over)
			return;
	}
}

static void a_reader_sees_whole_lines_in_their_order(void)
{
	g_autoptr(Box) box = box_new(200000);
	pthread_t writer;
	guint next = 0;

	__atomic_store_n(&done, 0, __ATOMIC_RELEASE);
	pthread_create(&writer, NULL, write_all, box);
	while (next < WRITTEN) {
		g_autoptr(EventFile) file = eventlog_file(box->log, 0);

		follow(file, &next);
	}
	pthread_join(writer, NULL);
	g_assert_cmpuint(metric(box, LINES), ==, WRITTEN);
	g_assert_cmpuint(metric(box, DROPPED), ==, 0);
}

static void the_file_is_private(void)
{
	g_autoptr(Box) box = box_new(EVENTLOG_LIMIT);
	g_autofree char *path = newest_path(box);
	struct stat attr;

	g_assert_cmpint(stat(path, &attr), ==, 0);
	g_assert_cmpuint(attr.st_mode & 07777, ==, 0600);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/eventlog/" #name, name)
	ADD(a_line_tells_what_became_true);
	ADD(what_is_no_event_makes_no_line);
	ADD(hostile_names_stay_in_their_line);
	ADD(no_line_is_longer_than_the_limit);
	ADD(a_full_generation_becomes_the_one_before);
	ADD(only_two_generations_are_kept);
	ADD(a_batch_larger_than_a_generation_turns_it);
	ADD(the_log_goes_on_after_a_restart);
	ADD(both_generations_are_there_after_a_restart);
	ADD(a_torn_line_is_cut_off);
	ADD(a_full_disk_costs_lines_and_nothing_else);
	ADD(a_full_disk_keeps_the_lines_that_fit);
	ADD(a_place_that_cannot_be_used_costs_the_lines);
	ADD(what_lies_in_the_way_is_not_followed);
	ADD(a_reader_sees_whole_lines_in_their_order);
	ADD(the_file_is_private);
	return g_test_run();
}
