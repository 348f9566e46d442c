#pragma once

#include "cache/store/request.h"

/*
 * The journal of creates and verbs: a directory `.requests` in the state directory
 * (mode 0700) with one file (mode 0600) a request, called by its rid, so that
 * damage to one costs no other.
 *
 *   file   := "sfsreq01" check:u64 len:u32 slots:u32 intent[len] 0* slot slot
 *   slot   := check:u64 sequence:u64 len:u32 outcome[len] 0*    (SLOT bytes)
 *
 * at the offset `slots`; numbers are the machine's own, and the two digits are the
 * version of the format: a file of a newer one is left as it is, and not served.
 * intent and outcome are GVariants of the types in journal.c.  Of the two slots the
 * whole one with the higher sequence is the truth; a new outcome is written over the other one, so
 * that there is always room for it and the last one survives a torn write.
 *
 * A file comes by rename, whole or not at all.  One thread at a time for a
 * request; any for different ones.
 */
typedef struct Journal Journal;

/* Makes the directory where it is missing.  Errors: LOCAL, NO_ROOM. */
Journal *journal_open(
	const char *state_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void journal_free(Journal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)

/* Both are taken. */
typedef void (*JournalVisit)(Intent *intent, Outcome *outcome, void *data);
/*
 * Visits what can be read.  A file whose intent is damaged is named by g_warning
 * and put aside as "<rid>.damaged"; one without a readable outcome is named, and
 * visited as SENT; where only the last outcome is damaged, that is named, and the one
 * before it is visited; one that cannot be opened or read now, or is no file, is named
 * and left alone.  Errors: LOCAL, when the directory cannot be read, or a newer
 * version wrote one of the files.
 */
gboolean journal_load(Journal *self, JournalVisit visit, void *data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How many files were damaged. */
guint journal_damaged(const Journal *self);

/*
 * Writes a file anew, with room for every outcome to come; it is on the medium when
 * this returns TRUE.  On failure the outcome is what it was before or, where before
 * is NULL, there is no file.  Errors: LOCAL, NO_ROOM.
 */
gboolean journal_put(Journal *self, const Intent *intent, const Outcome *before,
	const Outcome *outcome, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes another outcome into a file that is there.  Errors: LOCAL. */
gboolean journal_note(Journal *self, const char *rid, const Outcome *outcome,
	gboolean sync, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void journal_drop(Journal *self, const char *rid);
