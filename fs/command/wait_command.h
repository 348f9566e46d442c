#pragma once

#include "backends/session.h"
#include "fs/command/command_line.h"

/* `sessionfs wait SESSION [PHASE]` */
extern const Flag wait_flags[];
int wait_run(const CommandLine *line);

/* A phase by its name.  FALSE: there is none of that name, which was said. */
gboolean wait_phase(const CommandLine *line, const char *word, Phase *ret);
/* The value of --timeout in ms, or for ever.  FALSE: it is wrong, which was said. */
gboolean wait_limit(const CommandLine *line, gint64 *ret_ms);

/* Waits until the session whose directory that is is in the phase, and says on
 * standard error why not.  ret_state is its state, a new string; may be NULL.
 * Returns an exit status. */
int wait_session(
	const char *session, Phase phase, gint64 limit_ms, char **ret_state);
