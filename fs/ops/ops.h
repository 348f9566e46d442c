#pragma once

#include "fs/base/lowlevel.h"

/* The kernel's questions, one row each. */
extern const struct fuse_lowlevel_ops ops_table;
