#pragma once

#include "backend.h"
#include "tiny_server.h"

/* DLI in front of a scripted server, with invented credentials of the
 * environment. */
typedef struct {
	TinyServer *server;
	TinyServer *iam; /* where the project is looked up; NULL: it is given */
	Backend *dli;
} DliFixture;

#define DLI_TEST_PROJECT "0123456789abcdef0123456789abcdef"

/* Once, before the first test. */
void dli_fixture_environment(void);
void dli_fixture_set_up(DliFixture *f, const void *unused);
void dli_fixture_set_up_clusters(DliFixture *f, const void *unused);
void dli_fixture_set_up_lookup(DliFixture *f, const void *unused);
void dli_fixture_tear_down(DliFixture *f, const void *unused);

/* A call's grant that ends in good time. */
Call dli_soon(void);
void dli_answer(DliFixture *f, guint status, const char *body);
SessionPage *dli_list(DliFixture *f, const char *token, GError **error);

/* The nth request of a server begins with that method and target, its body is
 * that, and its signature is of the bytes that the server saw.  NULL project:
 * it names none. */
void dli_saw(TinyServer *server, guint n, const char *line, const char *body,
	const char *project);
/* Its header of that name; NULL: it has none.  New string. */
char *dli_sent_header(TinyServer *server, guint n, const char *name);
