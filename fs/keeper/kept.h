#pragma once

#include "fs/keeper/kept_types.h"

/*
 * What outlives the process that serves a mount: one memfd, which the keeper
 * (keeper.h) holds and each worker maps.  It has only what cannot be found out again,
 * and what it costs to write is a store or two:
 *
 *   INIT      the kernel's request and our reply: the next worker is given the same
 *             request, and must give the same reply
 *   refs      how many references the kernel has of each node, and how often a
 *             directory was removed (fs/kernel/kernel_refs.h)
 *   handles   what each open file is (fs/ops/handle.h)
 *   areas     one for each thread that talks to the kernel: what it is just doing
 *   answers   how many requests were answered, by which the keeper sees whether a
 *             worker was of any use
 *   beats     how often a worker was well (patience.h)
 *
 * A worker may be killed between any two instructions.  So each of these is true
 * after every single store, or can be made so by kept_attach:
 *
 * A reference is counted before the reply that gives it, since the kernel may give it
 * back at once.  The thread notes which nodes it has counted (kept_gave), and, when
 * the reply is about to go out, the request's number (kept_reply_begin).  What was
 * counted for a reply that did not begin was never given.  Of one that did begin,
 * nobody knows; but then the kernel brings the request again if it has no answer, and
 * kept_resent says what to take back.
 *
 * A FORGET has no reply and is not brought again.  So requests are read into the area
 * itself, and what a dead thread had read and not yet counted (kept_forgot) is
 * counted by kept_attach.
 *
 * Where nothing is to outlive the process there is no Kept: NULL will do for whatever
 * may be called then.
 */
typedef struct Kept Kept;

/* NULL, with errno: there is no memory of that kind. */
Kept *kept_new(void);
/* That of the worker before, which is dead.  Takes fd.  NULL: it is of another
 * version. */
Kept *kept_attach(int fd);
/* For who only wants to know how it goes on: changes nothing.  Takes fd.  NULL: it is of
 * another version. */
Kept *kept_watch(int fd);
void kept_free(Kept *self);
int kept_fd(const Kept *self);

/* ---- INIT; n: bytes ---- */

void kept_init_set(Kept *self, gboolean reply, const void *bytes, gsize n);
/* The bytes and how many there are; 0: none yet. */
gsize kept_init_get(const Kept *self, gboolean reply, const void **ret);

/* ---- references; under the caller's lock ---- */

void kept_refs_set(Kept *self, guint64 node, guint32 count);
void kept_removed_set(Kept *self, guint32 number, guint32 times);
/* All that are not 0.  `node` is a number for removed. */
typedef void (*KeptEach)(guint64 node, guint32 count, void *data);
void kept_refs_each(Kept *self, KeptEach each, void *data);
void kept_removed_each(Kept *self, KeptEach each, void *data);

/* ---- what a thread is doing; each thread for itself ---- */

/* Where the next request is to be read to, KEPT_READ bytes, and what is beyond that,
 * so many bytes at `rest`.  NULL: nowhere in particular. */
void *kept_read_begin(Kept *self);
void kept_read_rest(Kept *self, const void *rest, gsize n);
/* One reference to that node was counted, for the next reply of this thread. */
void kept_gave(Kept *self, guint64 node);
void kept_reply_begin(Kept *self, guint64 unique);
/* counts: among the answers. */
void kept_reply_end(Kept *self, gboolean counts);
/* One more node of this thread's FORGET was counted. */
void kept_forgot(Kept *self);

/* The kernel brings this request again: the nodes (guint64) of which a reference was
 * counted for an answer to it that the kernel never had.  A new array, or NULL. */
GArray *kept_resent(Kept *self, guint64 unique);

/* ---- progress ---- */

guint64 kept_answers(const Kept *self);
/* The worker is well; or, until it says so again, it is not to be judged. */
void kept_beat(Kept *self, gboolean judged);
/* How often it was; 0: it is not to be judged (patience.h). */
guint64 kept_beats(const Kept *self);

/* ---- open files ---- */

/* A new number, under which a handle of that node is kept, where there is room.  Never
 * 0.  Any thread. */
guint64 kept_handle_open(Kept *self, guint64 node);
/* What is kept of it, to be read and written in place by whoever answers its
 * requests; NULL: nothing. */
KeptHandle *kept_handle(Kept *self, guint64 number);
void kept_handle_close(Kept *self, guint64 number);
/* The writes of a handle, which change as a whole.  FALSE: it is not kept. */
gboolean kept_write_get(Kept *self, guint64 number, KeptWrite *ret);
void kept_write_set(Kept *self, guint64 number, const KeptWrite *is);
/* The handle whose writes were last acted on by that request; 0: none. */
guint64 kept_handle_of(const Kept *self, guint64 unique);
/* A handle's text: what was collected of its writes, or what its reads get.  Writes to
 * it at `at`, of KEPT_COLLECTED_MAX bytes at most; how much of it counts is told
 * afterwards, by kept_write_set or by hash and size. */
void kept_text_add(
	Kept *self, guint64 number, gsize at, const void *bytes, gsize n);
/* The first n bytes; a new array.  NULL: they cannot be had. */
GByteArray *kept_text(Kept *self, guint64 number, gsize n);
/* The numbers (guint64) of the kernel for all who polled; a new array. */
GArray *kept_polls(Kept *self);

/* ---- what is still to be told ---- */

/* Notes it: its debt; 0: there was no room, and kept_owes_all says so.  Any thread. */
guint32 kept_owe(Kept *self, const KeptNews *is);
/* What is noted under a debt, to be read and `logged` in place. */
KeptNews *kept_owed(Kept *self, guint32 debt);
/* Everybody was told. */
void kept_paid(Kept *self, guint32 debt);
/* The debts (guint32) that are not paid; a new array. */
GArray *kept_debts(Kept *self);
/* Whether more was owed than can be noted; says no from then on. */
gboolean kept_owes_all(Kept *self);

/* An FNV-1a of 64 bits at a time, for KeptHandle.hash; never 0. */
guint64 kept_hash(const void *bytes, gsize n);
