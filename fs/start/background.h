#pragma once

#include <glib.h>

/*
 * Going into the background.  The parent stays until the child's mount answers
 * (it asks itself, since a daemon must not be a client of its own mount) and
 * exits with status 0, or until the child has failed, with the child's status.
 */
typedef struct {
	int ready_fd; /* -1: in the foreground */
} Background;

/* Forks; returns in the child alone.  Before any thread. */
Background background_start(const char *mountpoint);
/* Tells the parent to look, and lets go of the terminal. */
void background_ready(Background *background);
