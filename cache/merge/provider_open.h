#pragma once

#include "cache/model/account.h"

/*
 * A section's directory of one account, which is loaded, or made where there is
 * none yet; nobody sees it before it stands in the root.  Before the start, or with
 * the apply lock of the root.  Errors: LOCAL, NO_ROOM, CONFIG.
 */
Dir *provider_open(Provider *provider, Account *account,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
