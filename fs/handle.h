#pragma once

#include "control.h"

/*
 * What one open of a file without a page cache holds: one of the two.  All that
 * are open are known, since the kernel releases none of them when a mount ends
 * under its users.
 */
typedef struct {
	GBytes *snapshot;
	Control *control;
} Handle;

typedef struct Handles Handles;

Handles *handles_new(void);
/* Closes those that are still open. */
void handles_free(Handles *handles);

/* Takes what is given.  Any thread. */
Handle *handles_open(Handles *handles, GBytes *snapshot, Control *control);
/* NULL is fine. */
void handles_close(Handles *handles, Handle *handle);
