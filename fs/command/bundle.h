#pragma once

#include "fs/command/command_line.h"

/* The command that collects what a bug report needs, without secrets. */
extern const Flag bundle_flags[];
int bundle_run(const CommandLine *line);
