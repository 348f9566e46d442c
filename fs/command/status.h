#pragma once

#include "fs/command/command_line.h"

/* `sessionfs status [MOUNTPOINT...]` */
extern const Flag status_flags[];
int status_run(const CommandLine *line);
