#pragma once

#include "cache/model/dir.h"

/* The directory of the workspace of that id, with its requests and what its files
 * hold: the one that there is, or a new one, which nobody sees before its row stands in
 * the provider's directory.  With the apply lock of the latter, or before the start. */
Dir *workspace_open(Dir *provider, Id *id);
