#pragma once

#include "fs/keeper/succession.h"

/*
 * The process that outlives the one that serves.  The worker may crash, be killed or
 * run out of memory; the kernel's connection lives as long as somebody has its
 * descriptor open.  The keeper has it, and so there is no moment without a mount: who
 * asks meanwhile waits for the next worker, some milliseconds, and gets an answer.
 *
 *   keeper ---- fork ----> worker: configuration, lock, cache, mount
 *     ^                      |
 *     +-- three descriptors -+   /dev/fuse, the memory (kept.h), the lock of the
 *     |                          state directory
 *     +-- "ready" -----------+
 *   worker dies by a signal, and nobody asked for its end
 *     |
 *     +--- fork ----> worker: has the three, and takes over (wire.h)
 *
 * It has one thread, no network, and nothing of libfuse, GLib's threads or the
 * configuration: there is little that could end it.  A worker is a fork of it and
 * no new program, so that a program that was replaced on disk changes nothing until it is
 * asked for (succession.h).
 *
 * What may happen, and what comes of it:
 *
 *   a worker is killed or crashes    the next one takes over at once; after one that
 *                                    answered nothing, with a pause
 *   a worker lives and hangs         it is killed, and so replaced (patience.h)
 *   five in a row answer nothing     the keeper gives up: it closes the connection, so
 *   and live for less than 10 s      that whoever waits has an error, and unmounts
 *   a hundred in a row live for      each of the next ones waits for a second
 *   less than a second
 *   a worker ends by itself          the mount is over: so does the keeper, with the
 *                                    same status
 *   a signal that asks for the end   is passed on, and whatever the worker dies of then
 *                                    is the end; one that dies of a signal, or that has
 *                                    to be killed after 20 s, has its mount taken away
 *   a thread of a dead worker waits  in the kernel, for an answer that only the next
 *                                    can give: that one is started though the dead is
 *                                    not gone
 *   the keeper is killed             the worker has a SIGTERM, unmounts and ends
 *   both are killed                  a dead mount is left, as without a keeper
 */

typedef struct {
	/* In each worker; the descriptors of the handover are its own.  Returns its
	 * exit status. */
	int (*serve)(Handover *handover, void *data);
	/* In the keeper, once: the mount is served. */
	void (*ready)(void *data);
	/* In the keeper: the mount, which nobody serves any more, is to be taken
	 * away. */
	void (*abandon)(void *data);
	/* In the keeper: another program is about to have this process, or, FALSE, that
	 * has failed. */
	void (*leaves)(gboolean leaves, void *data);
	void *data;
	/* SIGHUP asks for the configuration to be read again, or for the program if its
	 * file was replaced; else it is an end as others. */
	gboolean hangup_reloads;
	/* The command line for another program (succession_exec). */
	char *const *args;
	/* What the program before has left, if there was one, and, in any case, what is
	 * the same for the next one: place, mount point, background. */
	Succession as;
} KeeperTask;

/* The keeper's life, in a process of one thread.  Returns its exit status. */
int keeper_run(const KeeperTask *task);

/* In a worker: how its keeper is asked for another program (succession_ask).  NULL: there
 * is no keeper, or it cannot be asked. */
const char *keeper_address(void);
