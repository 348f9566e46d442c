#pragma once

#include "backends/api/api_protocol.h"
#include "backends/backend.h"

/*
 * Whether a call is for the account whose credentials sign it.  On the thread that
 * makes the call, with no lock held.
 */
typedef struct {
	const ApiProtocol *protocol;
	CredentialSource *source;
	const Call *call;
} Owner;

/* Call.owned; *ret_account (freed first) gets whose they are.  TRUE where nobody
 * asks. */
gboolean owner_asks(const Owner *self, Credentials *credentials,
	gint64 deadline_us, char **ret_account,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Call.accepted.  The answer of a call that changes something is of use to its
 * caller in any case.  Errors: AUTH. */
gboolean owner_accepts(const Owner *self, const char *account, gboolean safe,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
