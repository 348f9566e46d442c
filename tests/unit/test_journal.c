#include "cache/store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "warnings.h"

static char *dir;
static gboolean directories_fail;

/* In place of libc's. */
int fsync(int fd)
{
	struct stat st;

	if (!directories_fail || fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode))
		return (int)syscall(SYS_fsync, fd);
	errno = EIO;
	return -1;
}

static Intent *intent_sample(const char *spec)
{
	Intent *intent = intent_new(g_get_real_time() / 1000);

	intent->number = 77;
	intent->watermark = 70;
	intent->until_ms = intent->made_ms + 5000;
	intent->provider = g_strdup("ali");
	intent->workspace = g_strdup("w-\xff/1");
	intent->text = g_strdup(spec);
	intent->token = g_strdup("mine");
	intent->session = g_strdup("");
	intent->plan = create_plan_new();
	g_free(intent->plan->body);
	intent->plan->body = g_strdup("{\"name\":\"x\"}");
	g_free(intent->plan->name);
	intent->plan->name = g_strdup("x");
	intent->plan->repeatable = intent->plan->fresh = TRUE;
	return intent;
}

static Journal *journal(void)
{
	g_autoptr(GError) error = NULL;
	Journal *self = journal_open(dir, &error);

	g_assert_no_error(error);
	return self;
}

static void must_put(Journal *self, const Intent *intent, RequestState state)
{
	g_autoptr(Outcome) outcome = outcome_new(state);
	g_autoptr(GError) error = NULL;

	g_assert_true(journal_put(self, intent, NULL, outcome, &error));
	g_assert_no_error(error);
}

static void must_note(Journal *self, const Intent *intent, RequestState state,
	const char *id, const char *sentence)
{
	g_autoptr(Outcome) outcome = outcome_new(state);
	g_autoptr(GError) error = NULL;

	g_free(outcome->id);
	outcome->id = g_strdup(id);
	g_free(outcome->name);
	outcome->name = g_strdup(id);
	g_free(outcome->error);
	outcome->error = g_strdup(sentence);
	outcome->session = 99;
	g_assert_true(journal_note(self, intent->rid, outcome, TRUE, &error));
	g_assert_no_error(error);
}

typedef struct {
	guint n;
	Intent *intent;
	Outcome *outcome;
} Loaded;

static void loaded_clear(Loaded *self)
{
	g_clear_pointer(&self->intent, intent_free);
	g_clear_pointer(&self->outcome, outcome_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Loaded, loaded_clear)

static void visit(Intent *intent, Outcome *outcome, void *data)
{
	Loaded *self = data;

	loaded_clear(self);
	*self = (Loaded){self->n + 1, intent, outcome};
}

/* As another run finds it. */
static void load(Loaded *ret)
{
	g_autoptr(Journal) self = journal();

	g_autoptr(GError) error = NULL;

	g_assert_true(journal_load(self, visit, ret, &error));
	g_assert_no_error(error);
}

static char *file_of(const Intent *intent)
{
	return g_build_filename(dir, ".requests", intent->rid, NULL);
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	char byte;

	g_assert_cmpint(pread(fd, &byte, 1, at), ==, 1);
	byte ^= 0x55;
	g_assert_cmpint(pwrite(fd, &byte, 1, at), ==, 1);
	close(fd);
}

static void all_comes_back(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample(" {\"name\": \"x\"}\n");
	g_auto(Loaded) got = {0};

	must_put(self, intent, REQUEST_SENT);
	load(&got);
	g_assert_cmpuint(got.n, ==, 1);
	g_assert_cmpstr(got.intent->rid, ==, intent->rid);
	g_assert_cmpuint(got.intent->number, ==, 77);
	g_assert_cmpuint(got.intent->watermark, ==, 70);
	g_assert_cmpint(got.intent->made_ms, ==, intent->made_ms);
	g_assert_cmpint(got.intent->until_ms, ==, intent->until_ms);
	g_assert_cmpstr(got.intent->workspace, ==, "w-\xff/1");
	g_assert_cmpstr(got.intent->text, ==, " {\"name\": \"x\"}\n");
	g_assert_cmpstr(got.intent->token, ==, "mine");
	g_assert_null(got.intent->verb);
	g_assert_true(create_plan_equal(got.intent->plan, intent->plan));
	g_assert_cmpint(got.outcome->state, ==, REQUEST_SENT);
	journal_drop(self, intent->rid);
}

static void a_verb_comes_back(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("stop");
	g_auto(Loaded) got = {0};

	create_plan_free(g_steal_pointer(&intent->plan));
	intent->verb = g_strdup("stop");
	must_put(self, intent, REQUEST_SENT);
	load(&got);
	g_assert_null(got.intent->plan);
	g_assert_cmpstr(got.intent->verb, ==, "stop");
	journal_drop(self, intent->rid);
}

static void the_last_outcome_counts(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_auto(Loaded) got = {0};

	must_put(self, intent, REQUEST_SENT);
	for (guint i = 0; i < 7; i++) {
		g_autofree char *id = g_strdup_printf("sc-%u", i);

		must_note(self, intent, REQUEST_CREATED, id, "");
		load(&got);
		g_assert_cmpstr(got.outcome->id, ==, id);
	}
	must_note(self, intent, REQUEST_DONE, "sc-9", "late");
	load(&got);
	g_assert_cmpint(got.outcome->state, ==, REQUEST_DONE);
	g_assert_cmpuint(got.outcome->session, ==, 99);
	g_assert_cmpstr(got.outcome->error, ==, "late");
	journal_drop(self, intent->rid);
}

/* There is room for the longest from the beginning: the file never grows. */
static void an_outcome_needs_no_room(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_autofree char *path = file_of(intent);
	g_autofree char *id = g_strnfill(SESSION_ID_MAX, 'i');
	g_autofree char *sentence = g_strnfill(3 * REQUEST_ERROR_MAX, 's');
	struct stat before, after;
	g_auto(Loaded) got = {0};

	must_put(self, intent, REQUEST_SENT);
	g_assert_cmpint(stat(path, &before), ==, 0);
	g_assert_cmpint(before.st_mode & 07777, ==, 0600);
	must_note(self, intent, REQUEST_UNKNOWN, id, sentence);
	must_note(self, intent, REQUEST_UNKNOWN, id, sentence);
	g_assert_cmpint(stat(path, &after), ==, 0);
	g_assert_cmpint(after.st_size, ==, before.st_size);
	g_assert_cmpint(after.st_blocks, ==, before.st_blocks);
	load(&got);
	g_assert_cmpstr(got.outcome->id, ==, id);
	g_assert_cmpstr(got.outcome->name, ==, id);
	g_assert_cmpuint(strlen(got.outcome->error), ==, REQUEST_ERROR_MAX);
	journal_drop(self, intent->rid);
}

/* Whatever byte is damaged: the intent is whole or named, and an outcome is one
 * that was written. */
static void any_flipped_byte_is_noticed(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{\"name\":\"x\"}");
	g_autofree char *path = file_of(intent);
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);
	struct stat st;

	warnings_keep();
	must_put(self, intent, REQUEST_SENT);
	g_assert_cmpint(stat(path, &st), ==, 0);
	for (off_t at = 0; at < st.st_size; at += at < 1024 ? 1 : 997) {
		g_auto(Loaded) got = {0};

		must_put(self, intent, REQUEST_SENT);
		must_note(self, intent, REQUEST_CREATED, "sc-1", "");
		flip(path, at);
		load(&got);
		if (got.n == 0) {
			g_assert_cmpint(g_unlink(aside), ==, 0);
			continue;
		}
		g_assert_cmpstr(got.intent->text, ==, intent->text);
		g_assert_true(got.outcome->state == REQUEST_SENT ||
			      g_str_equal(got.outcome->id, "sc-1"));
	}
	warnings_drop();
	journal_drop(self, intent->rid);
}

static void a_file_that_was_cut_is_settled_or_named(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{\"name\":\"x\"}");
	g_autofree char *path = file_of(intent);
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);
	struct stat st;
	guint whole = 0, named = 0;

	must_put(self, intent, REQUEST_SENT);
	g_assert_cmpint(stat(path, &st), ==, 0);
	for (off_t len = 0; len < st.st_size; len += 61) {
		g_auto(Loaded) got = {0};

		must_put(self, intent, REQUEST_SENT);
		g_assert_cmpint(truncate(path, len), ==, 0);
		warnings_keep();
		load(&got);
		if (got.n == 0) {
			g_autofree char *rid =
				g_strdup_printf("*%s*", intent->rid);

			warnings_expect_one(rid);
			g_assert_cmpint(g_unlink(aside), ==, 0);
			named++;
			continue;
		}
		warnings_drop();
		g_assert_cmpint(got.outcome->state, ==, REQUEST_SENT);
		whole++;
	}
	g_assert_cmpuint(whole, >, 0);
	g_assert_cmpuint(named, >, 0);
	journal_drop(self, intent->rid);
}

/* A file that is another's, and one that never got its name. */
static void what_is_no_request_is_none(void)
{
	g_autoptr(Journal) self G_GNUC_UNUSED = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_autofree char *part =
		g_strconcat(dir, "/.requests/", intent->rid, ".part", NULL);
	g_autofree char *other =
		g_build_filename(dir, ".requests", "notes", NULL);
	g_auto(Loaded) got = {0};

	g_assert_true(g_file_set_contents(part, "half", -1, NULL));
	g_assert_true(g_file_set_contents(other, "mine", -1, NULL));
	load(&got);
	g_assert_cmpuint(got.n, ==, 0);
	g_assert_false(g_file_test(part, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(other, G_FILE_TEST_EXISTS));
	g_unlink(other);
}

static void a_copy_under_another_name_is_not_believed(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_autofree char *path = file_of(intent);
	g_autofree char *copy =
		g_build_filename(dir, ".requests", "20000101T000000", NULL);
	g_autofree char *aside = g_strconcat(copy, ".damaged", NULL);
	g_auto(Loaded) got = {0};

	must_put(self, intent, REQUEST_SENT);
	g_assert_cmpint(link(path, copy), ==, 0);
	warnings_keep();
	load(&got);
	warnings_expect_one("*20000101T000000*");
	g_assert_cmpuint(got.n, ==, 1);
	g_assert_cmpint(g_unlink(aside), ==, 0);
	journal_drop(self, intent->rid);
}

/* Its name is there, and may not last. */
static void what_may_not_last_was_not_sent(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_autoptr(Outcome) sent = outcome_new(REQUEST_SENT);
	g_autoptr(Outcome) unknown =
		outcome_saying(REQUEST_UNKNOWN, g_strdup("why"));
	g_autofree char *path = file_of(intent);
	g_auto(Loaded) got = {0};

	for (guint again = 0; again < 2; again++) {
		g_autoptr(GError) error = NULL;

		directories_fail = TRUE;
		g_assert_false(journal_put(
			self, intent, again ? unknown : NULL, sent, &error));
		directories_fail = FALSE;
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
		g_assert_cmpint(
			g_file_test(path, G_FILE_TEST_EXISTS), ==, again);
		if (!again)
			must_put(self, intent, REQUEST_UNKNOWN);
	}
	load(&got);
	g_assert_cmpint(got.outcome->state, ==, REQUEST_UNKNOWN);
	g_assert_cmpstr(got.outcome->error, ==, "why");
	journal_drop(self, intent->rid);
}

static void a_file_that_is_gone_is_an_error(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_autoptr(Outcome) outcome = outcome_new(REQUEST_DONE);
	g_autoptr(GError) error = NULL;

	g_assert_false(journal_note(self, intent->rid, outcome, TRUE, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
}

/* The newer one of two slots: the older counts, and that is said. */
static void a_damaged_last_outcome_is_named(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Journal) next = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_autofree char *path = file_of(intent);
	g_autofree char *named = g_strdup_printf("*%s*created*", intent->rid);
	g_auto(Loaded) got = {0};
	struct stat st;

	must_put(self, intent, REQUEST_SENT);
	must_note(self, intent, REQUEST_CREATED, "sc-1", "");
	must_note(self, intent, REQUEST_DONE, "sc-1", "");
	g_assert_cmpint(stat(path, &st), ==, 0);
	/* The third is where the first was; a slot takes half of 16 KiB. */
	flip(path, st.st_size - 2 * 8192 + 40);
	warnings_keep();
	g_assert_true(journal_load(next, visit, &got, NULL));
	warnings_expect_one(named);
	g_assert_cmpint(got.outcome->state, ==, REQUEST_CREATED);
	g_assert_cmpuint(journal_damaged(next), ==, 1);
	journal_drop(self, intent->rid);
}

static void a_newer_version_is_left_alone(void)
{
	g_autoptr(Journal) self = journal();
	g_autoptr(Intent) intent = intent_sample("{}");
	g_autofree char *path = file_of(intent);
	g_autofree char *before = NULL, *after = NULL;
	g_autoptr(GError) error = NULL;
	gsize len, len_after;
	Loaded got = {0};
	int fd;

	must_put(self, intent, REQUEST_SENT);
	fd = open(path, O_RDWR);
	g_assert_cmpint(pwrite(fd, "sfsreq02", 8, 0), ==, 8);
	close(fd);
	g_assert_true(g_file_get_contents(path, &before, &len, NULL));
	g_assert_false(journal_load(self, visit, &got, &error));
	g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_LOCAL);
	g_assert_nonnull(strstr(error->message, "newer version"));
	g_assert_nonnull(strstr(error->message, intent->rid));
	g_assert_true(g_file_get_contents(path, &after, &len_after, NULL));
	g_assert_cmpmem(before, len, after, len_after);
	journal_drop(self, intent->rid);
}

static void nobody_waits_for_what_is_no_file(void)
{
	g_autoptr(Journal) self = journal();
	g_autofree char *fifo = g_build_filename(
		dir, ".requests", "20000101T000000.fifo", NULL);
	g_auto(Loaded) got = {0};

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	warnings_keep();
	g_assert_true(journal_load(self, visit, &got, NULL));
	warnings_expect_one("*20000101T000000.fifo*");
	g_assert_cmpuint(got.n, ==, 0);
	g_assert_cmpint(g_unlink(fifo), ==, 0);
	g_assert_cmpint(symlink("/dev/zero", fifo), ==, 0);
	warnings_keep();
	g_assert_true(journal_load(self, visit, &got, NULL));
	warnings_expect_one("*20000101T000000.fifo*");
	g_assert_cmpint(g_unlink(fifo), ==, 0);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	dir = g_dir_make_tmp("journal-XXXXXX", NULL);
#define ADD(name) g_test_add_func("/journal/" #name, name)
	ADD(all_comes_back);
	ADD(a_verb_comes_back);
	ADD(the_last_outcome_counts);
	ADD(an_outcome_needs_no_room);
	ADD(any_flipped_byte_is_noticed);
	ADD(a_file_that_was_cut_is_settled_or_named);
	ADD(what_is_no_request_is_none);
	ADD(a_copy_under_another_name_is_not_believed);
	ADD(what_may_not_last_was_not_sent);
	ADD(a_file_that_is_gone_is_an_error);
	ADD(a_damaged_last_outcome_is_named);
	ADD(a_newer_version_is_left_alone);
	ADD(nobody_waits_for_what_is_no_file);
	status = g_test_run();
	g_autofree char *requests = g_build_filename(dir, ".requests", NULL);
	g_rmdir(requests);
	g_rmdir(dir);
	g_free(dir);
	return status;
}
