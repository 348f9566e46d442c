#pragma once

#include <glib.h>

/* The nonces of the last half hour, which may not come again.  Thread-safe. */
typedef struct Nonces Nonces;

Nonces *nonces_new(void);
void nonces_free(Nonces *nonces);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Nonces, nonces_free)

/* Remembers a nonce; FALSE when it came before. */
gboolean nonces_add(Nonces *nonces, const char *nonce);
