#pragma once

#include "fs/base/daemon.h"

/*
 * Whoever uses a section that another configuration takes away gets an errno and
 * nothing else: the place where its reason would stand has gone, too.  So the log
 * and .sessionfs/status say what has ended, and why.
 */
typedef struct SectionUse SectionUse;

/* Who uses it now.  Before it is changed or dropped. */
SectionUse *section_use_of(Daemon *daemon, const char *section);
/* Says what of that has ended with the change, if any has; where the section is shown
 * again, nothing is said of it any more. */
void section_use_tell(const SectionUse *self);
void section_use_free(SectionUse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SectionUse, section_use_free)
