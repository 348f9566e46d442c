#pragma once

#include "fs/command/command_line.h"

/* Where the sessionfs are that the operands name, or without an operand all: char *.
 * NULL: at one of them none is mounted, which was said.  Asks nothing of the mounts
 * themselves. */
GPtrArray *places_named(const CommandLine *line);
