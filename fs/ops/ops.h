#pragma once

#include "lowlevel.h"

/* The kernel's questions, one row each. */
extern const struct fuse_lowlevel_ops ops_table;
