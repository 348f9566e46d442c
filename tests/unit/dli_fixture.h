#pragma once

#include "provider_fixture.h"

#define DLI_TEST_PROJECT "0123456789abcdef0123456789abcdef"

/* Once, before the first test: invented credentials in the environment. */
void dli_fixture_environment(void);
/* The workspace is q-1. */
void dli_fixture_set_up(ProviderFixture *f, const void *unused);
void dli_fixture_set_up_clusters(ProviderFixture *f, const void *unused);
void dli_fixture_set_up_lookup(ProviderFixture *f, const void *unused);

/* The nth request of a server begins with that method and target, its body is
 * that, and its signature is of the bytes that the server saw.  NULL project:
 * it names none. */
void dli_saw(TinyServer *server, guint n, const char *line, const char *body,
	const char *project);
