#pragma once

#include <glib.h>
#include <sys/types.h>

/* Starting programs. */

#define SPAWN_NULL (-1) /* /dev/null */
#define SPAWN_KEEP (-2) /* ours */

typedef struct {
	const char *program; /* NULL: argv[0], which is looked up in PATH */
	int files[3];        /* its standard input, output and error: SPAWN_*,
	                        or descriptors above 2, since they are replaced one
	                        after another */
	gboolean apart; /* in a process group of its own, so that what it starts
	                   can be killed with it, and with the signals' usual
	                   effects: but one that we were started to ignore, and
	                   that ends programs, it ignores too */
} Spawn;

/* Starts a program that inherits nothing else of ours: no other descriptor, though a
 * library may open files without O_CLOEXEC, and no blocked signal.  No shell.  Any
 * thread.  0, or an errno. */
int spawn_program(const Spawn *how, char **argv, pid_t *ret_pid);
