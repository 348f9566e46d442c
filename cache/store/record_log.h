#pragma once

#include <glib.h>

/*
 * An append-only file of typed records, each with its length and checksum.
 *
 *   file   := "sfsledg1" generation:u32 check:u32 record*
 *   record := check:u32 type:u32 len:u32 payload[len]
 *
 * Numbers are the machine's own; the digit of the first word is the version of
 * the format, and of what its records mean: a file of a newer one is left as it is,
 * and refused.  What follows a record that does not check is
 * dropped when the file is opened, and named by g_warning.  One thread at a
 * time.
 */
typedef struct RecordLog RecordLog;

#define RECORD_LOG_RECORD_MAX 8192u

typedef void (*LedgerVisit)(
	guint32 type, const guint8 *data, gsize len, void *user);

/*
 * Opens and replays an existing file.  NULL without an error when there is
 * none, or when it is no record log: then it is named by g_warning and put aside as
 * "<path>.damaged", in the place of an older one.  Errors: LOCAL, also for a newer
 * version's file, and the file is as it was.
 */
RecordLog *record_log_open(const char *path, LedgerVisit visit, void *user,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Visits what there is to be read, and changes nothing. */
void record_log_peek(const char *path, LedgerVisit visit, void *user);
/* A new, empty file in place of any other (mode 0600).  Errors: LOCAL,
 * NO_ROOM. */
RecordLog *record_log_create(const char *path, guint32 generation,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Puts the file in the place of another name; all or nothing. */
gboolean record_log_rename(RecordLog *self, const char *path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void record_log_free(RecordLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecordLog, record_log_free)

/* Something was dropped when it was opened. */
gboolean record_log_is_damaged(const RecordLog *self);
guint32 record_log_generation(const RecordLog *self);
guint64 record_log_len(const RecordLog *self);

/* Adds a record, made of two pieces, to a batch of them. */
void record_log_record(GByteArray *batch, guint32 type, const void *a,
	gsize a_len, const void *b, gsize b_len);
/* Appends a batch: all or nothing.  Errors: LOCAL, NO_ROOM. */
gboolean record_log_append(RecordLog *self, const GByteArray *batch,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A descriptor of the file, for the caller to close; -1 when there are none. */
/* Closes its file until it is used again. */
void record_log_rest(const RecordLog *self);
int record_log_dup(const RecordLog *self);
gboolean record_log_sync(
	RecordLog *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
