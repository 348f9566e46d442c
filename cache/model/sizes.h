#pragma once

#include <glib.h>

#include "backends/session.h"

/*
 * How long the content files of recently seen sessions are, so that a stat does
 * not read and render each time.  Any thread.
 */
typedef struct Sizes Sizes;

Sizes *sizes_new(void);
void sizes_free(Sizes *self);
/* The sizes that go with a body, if they are remembered. */
gboolean sizes_get(Sizes *self, guint32 number, guint64 body_hash,
	guint32 ret_sizes[N_SESSION_FILES]);
void sizes_put(Sizes *self, guint32 number, guint64 body_hash,
	const guint32 sizes[N_SESSION_FILES]);
