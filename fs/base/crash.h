#pragma once

#include <glib.h>

/*
 * What is left of a run that ends by a fault (SIGSEGV, SIGBUS, SIGILL, SIGFPE,
 * SIGABRT, SIGTRAP, SIGSYS): a report of a page in the state directory, mode 0600.
 * It has the signal, the thread, raw addresses with the build ids of the programs
 * that they lie in, and the last operations of the trace.  There is no core file,
 * since that would hold secrets, and there is no secret in the report.
 *
 * The fault may be anywhere, within malloc or in a stack that is full.  So all that
 * can be done before it happens is done by crash_install: the file is open, the
 * modules are listed, the unwinder is loaded, and each thread has a stack for the
 * handler (thread.h).  The handler makes system calls and nothing else; the
 * unwinder, which is the least certain part, comes last, with an alarm set.  Then
 * the signal does what it would have done.
 *
 * In builds with a sanitizer all of it is nothing: they report faults themselves,
 * and better, and their own handlers must stay.
 */
/* Appends to the report, in the handler, by crash_out.h alone. */
typedef void (*CrashTell)(int fd, void *data);

/*
 * Makes the file in that directory, and sets the handlers.  Once, on the thread
 * that builds the daemon, before there are others.  data: for tell; stays until
 * crash_remove.  What cannot be made is logged, and the daemon goes on without it.
 */
void crash_install(const char *state_dir, CrashTell tell, void *data);
/* The run ended in order: handlers and the empty file go. */
void crash_remove(void);

/*
 * The path of the report that the run before left, which gets the name .crash-TIME;
 * NULL: it left none.  Keeps the newest CRASH_KEPT of them.  New string.  Before
 * crash_install.
 */
char *crash_found(const char *state_dir);
#define CRASH_KEPT 5
