#pragma once

#include <glib.h>

/*
 * What a credential helper says on standard error, fit to be quoted: its last
 * line that says something, of COMPLAINT_MAX bytes at most, without escape
 * sequences and control characters, and without what may be a secret:
 *
 *   what follows "password=", "token: " and their kin, "Bearer" or "Basic"
 *   the user of a URL
 *   long words that are made as keys and tokens are
 *   long words that stand in `output`, what the program printed (may be NULL)
 *   the values of such arguments and environment variables as are called so
 *
 * New string, UTF-8; NULL when nothing is said.  Any thread.
 */
#define COMPLAINT_MAX 240

char *complaint_quote(
	const char *said, gsize len, char *const *argv, const char *output);
