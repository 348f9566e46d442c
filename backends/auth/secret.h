#pragma once

#include <glib.h>

/*
 * A secret string: wiped when the last reference goes, kept out of core files
 * where the kernel allows, never printed.  Immutable, shared between threads.
 */
typedef struct Secret Secret;

Secret *secret_new(const char *text, gssize len); /* copies; len -1: strlen */
/* As secret_new, and wipes and frees the source.  NULL gives NULL. */
Secret *secret_take(char *text);
Secret *secret_ref(Secret *secret);
void secret_unref(Secret *secret); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secret_unref)

/* NUL-terminated, borrowed. */
const char *secret_peek(const Secret *secret);
gsize secret_len(const Secret *secret);

/* Bytes that are wiped when the last reference goes; takes text. */
GBytes *secret_bytes(char *text, gsize len);

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *memory, gsize len);
/* Wipes a string up to its end, and frees it.  NULL is fine. */
void secret_free_text(char *text);
