#pragma once

#include "fs/base/daemon.h"

/* Texts of the files in .sessionfs; new strings, any thread. */
char *self_version(Daemon *daemon);
char *self_config(Daemon *daemon);
char *self_metrics(Daemon *daemon);
char *self_log(Daemon *daemon);
/* The report of the run before and where it lies; "" if that left none. */
char *self_crash(Daemon *daemon);
/* .status of each section and workspace; see cache_overview. */
char *self_status(Daemon *daemon);

/* What self_status says of a section that a configuration has taken away, or of what
 * went in one, in one line; NULL: nothing any more.  The last ones are kept. */
void self_set_gone(const char *section, const char *text);

/* What self_config shows from now on; taken. */
void self_set_config(char *text);
