#pragma once

#include "fs/command/command_line.h"

/* The command that writes a first configuration, without secrets. */
extern const Flag init_flags[];
int init_run(const CommandLine *line);
