#pragma once

/* The libfuse API that this daemon is written against. */
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
