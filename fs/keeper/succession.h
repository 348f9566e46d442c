#pragma once

#include "fs/keeper/handover.h"

/*
 * How a mount gets another program without an unmount.  The kernel's connection and what
 * is kept of it (kept.h) are descriptors, and a process that executes a program has
 * them as before.
 *
 *   asker ----- "take that one": three descriptors -----> keeper
 *                                                           |
 *   trial <---------- fork, execute the new program --------+
 *     | could it?  It reads the configuration, knows the layout of what is kept,
 *     | and agrees with the kernel on the same.  It says why not to the asker.
 *     +---- exit 0 ----> keeper kills the worker, and executes the new program in
 *                        its own process, which starts a worker that takes over
 *   five of its workers fail before one serves
 *     +----------------> it executes the program before again
 *
 * Until the trial ends well nothing has changed.  The state lock goes along.  The number
 * of the process stays, by which a service manager knows it.
 */

/* What a program has from the one before, by a command line of its own. */
typedef struct {
	Handover given;    /* without a socket */
	int before;        /* the program before, to go back to; -1: none */
	int asker;         /* is told how it ends; -1: nobody */
	gboolean trial;    /* it only says whether it could: its exit status */
	gboolean returned; /* the one after it could not serve */
	gboolean background; /* nobody reads standard error */
	const char *here;    /* where relative paths of the options begin */
	const char *mountpoint;
} Succession;

#define SUCCESSION_NONE                                                        \
	{                                                                      \
		.given = HANDOVER_NONE, .before = -1, .asker = -1              \
	}

/* Whether a program is executed for that. */
gboolean succession_is(int argc, char **argv);
/* Takes it out of the command line, of which it borrows, and goes to `here`.  FALSE: it
 * is another version's, or that place is gone. */
gboolean succession_take(int *argc, char ***argv, Succession *ret);
/*
 * Executes the program of that descriptor with these arguments (argv[0] first, ended by
 * NULL), which have the mount point in full, since nobody may look at it.  Returns, with
 * errno, only if that failed.
 */
void succession_exec(Succession *self, int program, char *const *args);

/* ---- who asks for it ---- */

/* The file that this process executes, as it was then, and where it was. */
typedef struct ProgramFile ProgramFile;
ProgramFile *program_file_own(void);
void program_file_free(ProgramFile *self);
/* A descriptor of what is there now, if that is another file, as after an upgrade of a
 * package; else -1. */
int program_file_replaced(const ProgramFile *self);
/* A descriptor of the program that this process executes, though it was replaced; -1. */
int program_own(void);

/* What an asker says in the end. */
enum { SUCCESSION_DONE = 'y', SUCCESSION_REFUSED = 'n', SUCCESSION_BUSY = 'b' };

typedef struct {
	int program; /* to be executed */
	int words;   /* the trial's standard error */
	int answer;  /* one of the letters above, then it is closed */
} SuccessionRequest;

/* A socket to be asked by, and its name: one that nobody guesses.  -1: none. */
int succession_listen(char **ret_name);
/* The next request, of our user or root; its descriptors are the caller's.  FALSE: there
 * is none. */
gboolean succession_hear(int socket, SuccessionRequest *ret);
/* Asks the keeper that listens under that name for this very program, whose standard
 * error is ours.  Returns a descriptor to read the answer from; -1, with errno. */
int succession_ask(const char *name);
