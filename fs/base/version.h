#pragma once

#include <glib.h>

/* Lines: this program with its commit, if it was built from one, and the versions of
 * the libraries that it runs with (beside that of http_library).  A new string. */
char *version_text(void);
