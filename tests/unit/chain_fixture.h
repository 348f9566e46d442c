#pragma once

#include <glib.h>

#include "backends/auth/credentials.h"
#include "tiny_server.h"

/* What a chain of credentials is tried in: a home directory of its own, an
 * environment that names no vendor but says that this machine is no instance
 * (no test may leave it), and a server that plays whoever is asked. */
typedef struct {
	char *home;
	TinyServer *server;
} ChainFixture;

void chain_fixture_set_up(ChainFixture *f, const void *unused);
void chain_fixture_tear_down(ChainFixture *f, const void *unused);

/* Writes a file below the home.  New string: its path. */
char *chain_fixture_put(ChainFixture *f, const char *rest, const char *text);

/* A test in such a fixture; `data` is its second argument. */
#define chain_fixture_add(path, function, data)                                \
	g_test_add(path, ChainFixture, data, chain_fixture_set_up, function,   \
		chain_fixture_tear_down)

/* What the source finds within that time. */
Credentials *chain_ask(CredentialSource *source, gint64 ms, GError **error);

/* Takes the source.  It finds "id/secret/token". */
void chain_finds(CredentialSource *source, const char *wanted);

/* Takes the source.  Nothing is found, and the sentence says that, and no
 * secret: tests call theirs "sesame". */
void chain_fails(
	CredentialSource *source, BackendErrorCode code, const char *say);

/* A thread's main: asks until somebody aborts the source. */
void *chain_ask_until_aborted(void *source);
