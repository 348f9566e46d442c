#pragma once

#include <glib.h>

/* Whether the limits of the process leave what a mount needs, so that it does not fail
 * half way, in words of a library, or when somebody reads it.  Errors: LOCAL, with
 * the limit, what there is and what is needed. */
gboolean limits_are_enough(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Calls and the files of workspaces want many descriptors; and a core file would hold
 * the environment, where secrets are.  Once, before there are threads. */
void limits_set(void);
