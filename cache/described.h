#pragma once

#include "cache.h"

/*
 * The bytes that only a call of their own gets, in memory and in bounds: 4096
 * files and 64 MiB, of which the one that was used longest ago goes first.  All
 * are wiped as secrets are when they come so.  Any thread.
 *
 * Who asks for what is the caller's business: this says whether to ask, and that
 * at most one asks for one thing at a time.
 */
typedef struct Described Described;

/* In the place of a file: the whole record of a session, which is shown by
 * other means; its bytes are of no interest. */
#define DESCRIBED_WHOLE N_SESSION_FILES
/* One answer. */
#define DESCRIBED_MAX (16 * 1024 * 1024)

Described *described_new(void);
void described_free(Described *self);

/*
 * YES with a reference, when the last answer is still good or only just came;
 * FAILED with the error, when there was one just now; else NOT_YET, and when
 * *ret_begin is set, the caller has to ask, and then to call one of the three
 * functions below.
 */
Known described_open(Described *self, guint32 number, guint file, GBytes **ret,
	gboolean *ret_begin, GError **error);
/* Whether described_open would say now that the caller has to ask. */
gboolean described_would_begin(Described *self, guint32 number, guint file);
/* Takes the bytes.  until_ms as `describe` gives it; mtime_ns: of bytes that are
 * the first.  Whether they are others than before. */
gboolean described_settle(Described *self, guint32 number, guint file,
	GBytes *bytes, gint64 until_ms, gint64 mtime_ns);
/* Takes the error. */
void described_fail(Described *self, guint32 number, guint file, GError *error);
void described_forget(Described *self, guint32 number);

/* FALSE when nothing is known of the file. */
gboolean described_stat(
	Described *self, guint32 number, guint file, ContentStat *ret);
/* The last bytes; NULL: none. */
GBytes *described_read(Described *self, guint32 number, guint file);

/* The session changed: drops what was good until then, or, when it ended, all.
 * Returns the files whose bytes went, or may have gone before to make room. */
guint described_changed(Described *self, guint32 number, gboolean ended);
