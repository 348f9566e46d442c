/*
 * What lies on disk.  Checksums would keep nearly all inputs out, so that those are
 * put right first: what follows them is what a newer version, or somebody who knows
 * the format, could have written.
 */
#include "fuzz.h"

#include <string.h>

#include <glib/gstdio.h>

#include "cache/base/hash.h"
#include "cache/store/dirlog.h"
#include "cache/store/disk.h"
#include "cache/store/journal.h"
#include "cache/store/journal_form.h"
#include "fs/tree/eventlog.h"

/* ---- record logs ---- */

static void note(guint32 type, const guint8 *data, gsize len, void *user)
{
	guint64 *sum = user;

	*sum = *sum * 31 + hash_bytes(data, len) + type;
}

/* As it was cut off at the first open, it is whole at the second. */
static void log_opens_again(const char *path, guint64 before)
{
	g_autoptr(GByteArray) batch = g_byte_array_new();
	g_autoptr(GError) error = NULL;
	guint64 sum = 0, peeked = 0, want = before;
	RecordLog *log = record_log_open(path, note, &sum, &error);

	g_assert_no_error(error);
	g_assert_nonnull(log);
	g_assert_cmpuint(sum, ==, before);
	g_assert_false(record_log_is_damaged(log));
	record_log_record(batch, 7, "abc", 3, NULL, 0);
	g_assert_true(record_log_append(log, batch, NULL));
	record_log_free(log);
	note(7, (const guint8 *)"abc", 3, &want);
	record_log_peek(path, note, &peeked);
	g_assert_cmpuint(peeked, ==, want);
}

void fuzz_log_file(const char *bytes, gsize len)
{
	g_autofree char *path = fuzz_path("log");
	g_autoptr(GError) error = NULL;
	guint64 sum = 0, peeked = 0;
	RecordLog *log;

	g_assert_true(fuzz_write("log", bytes, len));
	record_log_peek(path, note, &peeked);
	log = record_log_open(path, note, &sum, &error);
	if (!log) {
		if (error)
			fuzz_is_sentence(error);
		return;
	}
	record_log_free(log);
	g_assert_cmpuint(peeked, ==, sum);
	log_opens_again(path, sum);
}

/* A record is a byte for its type, two for its length, and so many bytes. */
static void write_records(const char *path, const char *bytes, gsize len)
{
	g_autoptr(RecordLog) log = record_log_create(path, 1, NULL);
	g_autoptr(GByteArray) batch = g_byte_array_new();
	gsize at = 0;

	g_assert_nonnull(log);
	while (len - at >= 3) {
		guint32 type = (guint8)bytes[at];
		gsize n = (guint8)bytes[at + 1] | (gsize)(guint8)bytes[at + 2]
							  << 8;

		at += 3;
		n = MIN(MIN(n, len - at), RECORD_LOG_RECORD_MAX);
		record_log_record(batch, type, bytes + at, n, NULL, 0);
		at += n;
	}
	g_assert_true(record_log_append(log, batch, NULL));
}

static void rows_are(const DiskLoaded *loaded)
{
	guint32 before = 0;

	for (guint i = 0; i < loaded->rows->len; i++) {
		const Row *row = &g_array_index(loaded->rows, Row, i);

		g_assert_cmpuint(row->number, >, before);
		before = row->number;
		g_assert_cmpint(row->phase, <, N_PHASES);
		g_assert_nonnull(row->id);
		g_assert_true(
			ids_find(loaded->ids, id_name(row->id)) == row->id);
		g_assert_cmpint(row_newest_ns(row), >=, 0);
		state_names_get(loaded->state_names, row->word);
	}
}

static void load_index(const char *folder)
{
	g_autoptr(Disk) disk = disk_new(g_strdup(folder));
	DiskLoaded loaded = {.ids = ids_new(NULL),
		.state_names = state_names_new(),
		.node_ids = node_ids_new(NULL, NULL)};
	g_autoptr(GError) error = NULL;

	loaded.owner = &loaded;
	if (disk_load(disk, &loaded, &error)) {
		rows_are(&loaded);
		g_assert_cmpint(loaded.complete_ms, >=, 0);
		g_assert_cmpint(loaded.mtime_ns, >=, 0);
	} else {
		fuzz_is_sentence(error);
	}
	disk_loaded_clear(&loaded);
	ids_free(loaded.ids);
	state_names_free(loaded.state_names);
	node_ids_free(loaded.node_ids);
}

void fuzz_index(const char *bytes, gsize len)
{
	g_autofree char *folder = fuzz_path("w");
	g_autofree char *index = fuzz_path("w/index");

	g_assert_true(fuzz_write("w/bodies.1", "{}", 2));
	write_records(index, bytes, len);
	disk_highest(index);
	load_index(folder);
	load_index(folder); /* as the first left it */
}

/* ---- the upper directories ---- */

static void entry_is(const DirLogEntry *entry, void *data)
{
	g_assert_true(entry->id && *entry->id);
	g_assert_true(dirlog_find(data, entry->parent, entry->id) != NULL);
}

static void load_tree(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(DirLog) log = dirlog_open(fuzz_folder(), &error);

	if (!log) {
		fuzz_is_sentence(error);
		return;
	}
	for (guint32 parent = 0; parent < 8; parent++)
		dirlog_foreach(log, parent, entry_is, log);
	dirlog_limit(log);
	g_assert_true(dirlog_put(log, 5, 1, "w", 1, NULL));
	g_assert_true(dirlog_reserve(log, 100, NULL));
}

void fuzz_tree(const char *bytes, gsize len)
{
	g_autofree char *path = fuzz_path(".tree");

	write_records(path, bytes, len);
	load_tree();
	load_tree();
}

/* ---- the journal ---- */

#define RID "20260101T000000.000Z-abcdef"
#define SLOT 8192

typedef struct {
	char magic[8];
	guint64 check;
	guint32 len, slots;
} FileHead;

typedef struct {
	guint64 check, sequence;
	guint32 len, zero;
} SlotHead;

/* As journal.h has it; the parts are an intent and the outcomes of both slots. */
static GByteArray *journal_file(FuzzParts parts)
{
	GByteArray *file = g_byte_array_new();
	FileHead head = {.magic = {'s', 'f', 's', 'r', 'e', 'q', '0', '1'}};
	gsize len;
	g_autofree char *intent = fuzz_part(&parts, &len);

	head.len = (guint32)len;
	head.slots = (guint32)(sizeof(head) + len + 511) / 512 * 512;
	g_byte_array_append(file, (const guint8 *)&head, sizeof(head));
	g_byte_array_append(file, (const guint8 *)intent, (guint)len);
	head.check = hash_bytes(file->data + 16, file->len - 16);
	memcpy(file->data + 8, &head.check, 8);
	g_byte_array_set_size(file, head.slots + 2 * SLOT);
	memset(file->data + sizeof(head) + len, 0,
		file->len - sizeof(head) - len);
	for (guint i = 0; i < 2; i++) {
		gsize slot_len;
		g_autofree char *outcome = fuzz_part(&parts, &slot_len);
		guint8 *at = file->data + head.slots + i * SLOT;
		SlotHead slot = {.sequence = i + 1};

		slot.len = (guint32)MIN(slot_len, SLOT - sizeof(slot));
		memcpy(at, &slot, sizeof(slot));
		memcpy(at + sizeof(slot), outcome, slot.len);
		slot.check = hash_bytes(at + 8, sizeof(slot) - 8 + slot.len);
		memcpy(at, &slot.check, 8);
	}
	return file;
}

static void visit(Intent *intent, Outcome *outcome, void *data)
{
	guint *seen = data;

	g_assert_cmpstr(intent->rid, ==, RID);
	g_assert_true((intent->plan == NULL) != (intent->verb == NULL));
	g_assert_cmpint(outcome->state, <, N_REQUEST_STATES);
	g_assert_cmpuint(strlen(outcome->id), <=, SESSION_ID_MAX);
	g_assert_true(intent->provider && intent->workspace && intent->text &&
		      intent->token && intent->session && outcome->name &&
		      outcome->error);
	/* What was read can be written, and is the same. */
	g_autoptr(GVariant) packed =
		g_variant_ref_sink(journal_pack_intent(intent));
	g_autoptr(Intent) again = journal_unpack_intent(packed, RID);
	g_assert_nonnull(again);
	g_assert_cmpstr(again->text, ==, intent->text);
	g_assert_cmpint(again->made_ms, ==, intent->made_ms);
	*seen += 1;
	intent_free(intent);
	outcome_free(outcome);
}

static guint load_journal(void)
{
	g_autoptr(Journal) journal = journal_open(fuzz_folder(), NULL);
	g_autoptr(GError) error = NULL;
	guint seen = 0;

	g_assert_nonnull(journal);
	if (!journal_load(journal, visit, &seen, &error))
		fuzz_is_sentence(error);
	g_assert_cmpuint(seen + journal_damaged(journal), <=, 2);
	return seen;
}

void fuzz_journal(const char *bytes, gsize len)
{
	g_autofree char *damaged = fuzz_path(".requests/" RID ".damaged");
	g_autoptr(GByteArray) file = journal_file(fuzz_parts(bytes, len));

	g_assert_true(fuzz_write(".requests/" RID, file->data, file->len));
	g_assert_cmpuint(load_journal(), ==, load_journal());
	g_unlink(damaged);
	g_assert_true(fuzz_write(".requests/" RID, bytes, len));
	load_journal();
	g_unlink(damaged);
}

/* ---- the event log ---- */

/* What lies there, and a line behind it, is what is read. */
void fuzz_event_log(const char *bytes, gsize len)
{
	static const char line[] = "{\"what\":\"x\"}\n";
	g_autofree char *folder = fuzz_path("events");
	char tail[sizeof(line) - 1];
	EventLog *log;
	gsize size;
	gint64 mtime_ns;

	g_assert_true(fuzz_write("events/.events.1", bytes, len));
	log = eventlog_open(folder, EVENTLOG_LIMIT);
	eventlog_add(log, line, sizeof(tail));
	eventlog_flush(log);
	EventFile *file = eventlog_file(log, 0);
	g_assert_nonnull(file);
	eventfile_stat(file, &size, &mtime_ns);
	g_assert_cmpuint(size, >=, sizeof(tail));
	g_assert_cmpint(eventfile_read(file, tail, sizeof(tail),
				(off_t)(size - sizeof(tail))),
		==, sizeof(tail));
	g_assert_cmpmem(tail, sizeof(tail), line, sizeof(line) - 1);
	if (size > sizeof(tail)) {
		g_assert_cmpint(eventfile_read(file, tail, 1,
					(off_t)(size - sizeof(tail) - 1)),
			==, 1);
		g_assert_cmpint(*tail, ==, '\n');
	}
	eventfile_unref(file);
	eventlog_free(log);
}
