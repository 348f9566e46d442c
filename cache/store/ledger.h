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
typedef struct Ledger Ledger;

#define LEDGER_RECORD_MAX 8192u

typedef void (*LedgerVisit)(
	guint32 type, const guint8 *data, gsize len, void *user);

/*
 * Opens and replays an existing file.  NULL without an error when there is
 * none, or when it is no ledger: then it is named by g_warning and put aside as
 * "<path>.damaged", in the place of an older one.  Errors: LOCAL, also for a newer
 * version's file, and the file is as it was.
 */
Ledger *ledger_open(const char *path, LedgerVisit visit, void *user,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Visits what there is to be read, and changes nothing. */
void ledger_peek(const char *path, LedgerVisit visit, void *user);
/* A new, empty file in place of any other (mode 0600).  Errors: LOCAL,
 * NO_ROOM. */
Ledger *ledger_create(const char *path, guint32 generation,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Puts the file in the place of another name; all or nothing. */
gboolean ledger_rename(Ledger *self, const char *path,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ledger_free(Ledger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)

/* Something was dropped when it was opened. */
gboolean ledger_is_damaged(const Ledger *self);
guint32 ledger_generation(const Ledger *self);
guint64 ledger_len(const Ledger *self);

/* Adds a record, made of two pieces, to a batch of them. */
void ledger_record(GByteArray *batch, guint32 type, const void *a, gsize a_len,
	const void *b, gsize b_len);
/* Appends a batch: all or nothing.  Errors: LOCAL, NO_ROOM. */
gboolean ledger_append(Ledger *self, const GByteArray *batch,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A descriptor of the file, for the caller to close; -1 when there are none. */
int ledger_dup(const Ledger *self);
gboolean ledger_sync(Ledger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
