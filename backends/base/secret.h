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

/*
 * The text with every secret that is alive replaced by "***", wherever it
 * stands: the texts of foreign libraries and of servers quote what they were
 * given, in forms that no parser foresees.  Those under eight bytes (of a login four) are left
 * alone, since they would tear words apart.  All errors and log lines pass here.
 * A new string; any thread.
 */
char *secret_mask(const char *text);
/* Whether secret_mask would change it.  Allocates nothing; any thread. */
gboolean secret_is_in(const char *text);

/*
 * What a URL of a proxy or server bears as login, USER:PASSWORD before an "@", is
 * a secret from now on, and so are its parts: a password with "#", "?" or "/" makes
 * a text that is no URL, of which libraries quote pieces.  Of very many, as reloads
 * may bring, the last few hundred are kept.  Does nothing for a text without a login, and for NULL.
 */
void secret_keep_login(const char *url);

/* Bytes that are wiped when the last reference goes; takes text. */
GBytes *secret_bytes(char *text, gsize len);
GBytes *secret_string_bytes(GString *text);

/* Overwrites memory in a way that the compiler keeps. */
void secret_wipe(void *memory, gsize len);
/* Wipes a string up to its end, and frees it.  NULL is fine. */
void secret_free_text(gpointer text);
/* A string that goes so: g_autoptr(SecretText). */
typedef char SecretText;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretText, secret_free_text)
