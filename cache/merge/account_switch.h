#pragma once

#include "cache/model/account.h"

/*
 * Whose credentials a call has, and what follows: another account than the one that is
 * shown takes its place, and the state of the latter is set aside (see account.h).
 */

/*
 * For Call.owned; call->owner: the Dir that the call is about.  Another account than
 * the one that is shown is shown instead once it is proved, and the call is not
 * made.  On a worker, with no lock held.  Errors: AUTH, and those of the question.
 */
gboolean account_owned(
	const char *account, const struct Call *call, GError **error);
/* For Call.accepted, likewise.  The first account that is proved here names the
 * one that is shown. */
gboolean account_accepted(const char *account, const struct Call *call);
