#pragma once

#include "route.h"

/*
 * What came in: a count for each action of each provider, and the last requests
 * themselves.  Thread-safe.
 */
typedef struct Ledger Ledger;

#define LEDGER_LOG 256
#define LEDGER_BODY_MAX (256 * 1024) /* what is kept of a body */

/* providers: ended by NULL, borrowed for ever. */
Ledger *ledger_new(const Provider *const *providers);
void ledger_free(Ledger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ledger, ledger_free)

/* Counts a call and keeps its request; route NULL: it is only kept. */
void ledger_note(Ledger *ledger, const Provider *provider, const Route *route,
	Request *request);
/* Forgets both. */
void ledger_reset(Ledger *ledger);

/* Appends {"alibaba":{"ListSessionClusters":3,...}}. */
void ledger_counts(Ledger *ledger, GString *out);
/* Appends an array of {method,target,headers,body,provider,action}, oldest
 * first. */
void ledger_requests(Ledger *ledger, GString *out);
