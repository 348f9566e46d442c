#pragma once

#include "fs/command/command_line.h"

/* `sessionfs umount MOUNTPOINT...` */
extern const Flag umount_flags[];
int umount_run(const CommandLine *line);
