#pragma once

#include "fs/base/daemon.h"

/* Appends what this news says, for a trace: name=value pairs, without a newline or
 * control characters. */
void newsline_append(GString *out, Daemon *daemon, const News *news);
