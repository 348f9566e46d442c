#pragma once

#include "fs/start/config.h"

/* The emulator that serves --demo: a direct child that dies with us. */
typedef struct {
	int pid;
	char *url;
	int place_fd; /* the directory that is locked; 0: none is */
} Demo;

/* Takes the place for this demo alone, until demo_end: of two that are started at one
 * moment the second waits until the first has mounted there, or given up.  Errors:
 * LOCAL: something is mounted there; EXISTS: the other one does neither. */
gboolean demo_claim(Demo *demo, const char *mountpoint,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Starts sessionfs-emulator, from beside this program, from the build tree, or
 * from PATH, and adds one provider section for each type it speaks.  To be
 * called before any thread starts.  Errors: LOCAL.
 */
gboolean demo_start(
	Demo *ret, Config *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ends it and waits for it. */
void demo_end(Demo *demo);
