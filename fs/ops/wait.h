#pragma once

#include "fs/base/lowlevel.h"
#include "fs/base/daemon.h"

/*
 * One open of .wait/<phase> of a session.  A read at its start takes until the
 * session is in that phase (for `idle`, busy will do) and gives its state and a
 * newline; what follows is read from that answer.  There is no deadline, as long as
 * the provider says what the state means.
 * ECANCELED: the session has ended, or is gone, and was not waited for to be so; or
 * it has been in a state that the provider does not document for ten minutes, so
 * that it may be in it for ever (.last_error says that).
 * ENOENT: its workspace or section is not shown any more.  Any signal ends it.
 */
typedef struct Wait Wait;

/* number: of the open file; see handles_number. */
Wait *wait_new(Daemon *daemon, guint32 session, Phase phase, guint64 number);
/* The file was closed for the last time; who reads meanwhile has its own. */
void wait_unref(Wait *self);

/* Answers its request, at once or later. */
void wait_read(Wait *self, fuse_req_t req, gsize size, off_t off);

typedef enum { WAIT_MET, WAIT_ON, WAIT_IN_VAIN } WaitVerdict;

/* What a session that is in phase `now` means for who waits for `phase`. */
WaitVerdict wait_judge(Phase phase, Phase now);
/* When who waits in that state gives up, in ms since the epoch; G_MAXINT64: never. */
gint64 wait_until_ms(const SessionState *state);
