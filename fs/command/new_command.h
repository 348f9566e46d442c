#pragma once

#include "fs/command/command_line.h"

/* `sessionfs new WORKSPACE < spec` */
extern const Flag new_flags[];
int new_run(const CommandLine *line);
