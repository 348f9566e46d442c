#pragma once

#include "backends/backend.h"
#include "backends/http/http.h"
#include "tiny_server.h"

/* A provider in front of a scripted server. */
typedef struct {
	TinyServer *server;
	TinyServer *iam; /* where its account is looked up; NULL: nowhere */
	Backend *backend;
	char *workspace; /* that the calls below are about; owned */
} ProviderFixture;

/* Sets a key of a section; both are borrowed. */
void provider_set_key(GHashTable *keys, const char *name, const char *value);

/* Opens a provider with those keys, and the server as its endpoint where they
 * name no `url`.  The server is made where there is none. */
void provider_open(ProviderFixture *f, const BackendClass *class,
	GHashTable *keys, const char *workspace);
void provider_close(ProviderFixture *f, const void *unused);

/* A call's grant that ends in good time. */
Call provider_soon(void);
void provider_answer(ProviderFixture *f, guint status, const char *body);

SessionPage *provider_list(
	ProviderFixture *f, const char *token, GError **error);
Session *provider_get(ProviderFixture *f, const char *id, GError **error);
/* With the token of this name. */
#define PROVIDER_TOKEN "0123456789abcdef0123456789abcdef"
CreatePlan *provider_plan(ProviderFixture *f, const char *spec, GError **error);
/* Plans twice, which makes the same, and sends it: what it says is what the
 * server sees.  answer: of the one call that this is. */
CreatePlan *provider_plan_sent(
	ProviderFixture *f, const char *spec, const char *answer);
/* Plans and sends. */
char *provider_create(ProviderFixture *f, const char *spec, GError **error);

GError *provider_check(ProviderFixture *f, const char *spec);
char *provider_render(ProviderFixture *f, SessionFile file, const char *body);
/* "ACTION CALLS FAILED;" each. */
char *provider_counted(ProviderFixture *f);
/* How many of the listings of several threads at once had one session. */
guint provider_list_often(ProviderFixture *f, guint threads, guint rounds);

/* The answer is not taken for a page of sessions: BAD_ANSWER. */
void provider_makes_no_sense(ProviderFixture *f, const char *body);
/* A test: no call is made once the provider was aborted. */
void provider_aborts(ProviderFixture *f, const void *unused);

/* ---- what a server was sent ---- */

/* The lines of the nth request's head; *ret_body: a new string. */
char **provider_sent(TinyServer *server, guint n, char **ret_body);
/* Its header of that name; NULL: it has none.  New string. */
char *provider_sent_header(TinyServer *server, guint n, const char *name);
/* It begins with that line and holds that text (NULL: any). */
void provider_saw(
	TinyServer *server, guint n, const char *line, const char *text);
/* It as a server has it before it checks the signature. */
HttpRequest *provider_sent_request(TinyServer *server, guint n);
