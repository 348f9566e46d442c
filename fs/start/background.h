#pragma once

#include <glib.h>

/*
 * Going into the background.  The parent stays until the child's mount answers
 * (it asks itself, since a daemon must not be a client of its own mount), tells how
 * far a first listing is (progress.h), and exits with status 0; or it stays until
 * the child has failed, and has the child's status.
 */
typedef struct {
	int ready_fd; /* -1: in the foreground */
} Background;

/* Forks; returns in the child alone.  Before any thread. */
Background background_start(const char *mountpoint);
/* Tells the parent to look, and lets go of the terminal. */
void background_ready(Background *background);
/* Another process tells it: lets go of the terminal here too. */
void background_leave(Background *background);
/* In a program that goes on where another one had left them. */
void background_again(void);
