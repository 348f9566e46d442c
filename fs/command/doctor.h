#pragma once

#include "fs/command/command_line.h"

/* The command that looks whether all is as a mount needs it; it changes nothing. */
extern const Flag doctor_flags[];
int doctor_run(const CommandLine *line);
