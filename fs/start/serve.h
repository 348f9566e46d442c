#pragma once

#include "backends/error.h"
#include "fs/keeper/keeper.h"
#include "fs/start/background.h"
#include "fs/start/options.h"

/*
 * A process that serves a mount, from its configuration to its end: what it is made of
 * is built in one order, and taken down in the opposite one.
 */

/* Mounts there, or takes over what the handover has, and serves it until it is
 * unmounted or a signal asks for the end.  Returns the exit status; what failed was
 * said.  Once, before there are threads. */
int serve_mount(Options *options, char *mountpoint, Background *background,
	Handover *handover);

/* Whether this program could take over what the handover has, which another process
 * serves meanwhile: nothing of it is changed, and the mount is not looked at.  Returns
 * the exit status; why not was said. */
int serve_try(Options *options, char *mountpoint, const Handover *handover);

/* Says that error; returns the exit status that its kind has (exit_status.h). */
int serve_failed(const GError *error);
