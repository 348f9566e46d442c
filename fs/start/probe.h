#pragma once

#include <sys/stat.h>

#include <glib.h>

/*
 * Asking a mount that may be dead or may hang: a process of its own does, which is
 * killed when its time is over.
 */
typedef struct Probe Probe;

/* What that process does: it writes to `out`, and returns 0 or an errno.  It is a
 * fork, and has all that its parent has, but for standard output and error. */
typedef int (*ProbeRun)(const void *data, int out);

/* Begins to run it. */
Probe *probe_run(ProbeRun run, const void *data);
/* Begins to read a file below a mount point. */
Probe *probe_start(const char *mountpoint, const char *file);

/* Waits for all of them (Probe *), but not longer than so many ms together. */
void probe_wait(GPtrArray *probes, gint64 limit_ms);

/* 0, or the errno of the read: ENOTCONN for a dead mount, ETIMEDOUT for one that
 * did not answer. */
int probe_error(const Probe *self);
/* What was read until then: borrowed, NUL-terminated; and its size. */
const char *probe_text(const Probe *self);
gsize probe_size(const Probe *self);
void probe_free(Probe *self);

/* ---- one question ---- */

/* How long a mount is given that needs no provider for its answer. */
#define PROBE_LIMIT_MS 2000

/* What it writes, a new string; NULL and *ret_error. */
char *probe_ask(
	ProbeRun run, const void *data, gint64 limit_ms, int *ret_error);
/* One mount, one file, PROBE_LIMIT_MS: likewise. */
char *probe_read(const char *mountpoint, const char *file, int *ret_error);
/* stat(2) of what may be a mount point, likewise: 0 or an errno. */
int probe_stat(const char *path, struct stat *ret);
