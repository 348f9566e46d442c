#pragma once

#include "fs/command/command_line.h"

/* `sessionfs upgrade`: the program that runs it takes over mounts that have a keeper. */
extern const Flag upgrade_flags[];
int upgrade_run(const CommandLine *line);
