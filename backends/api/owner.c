#include "backends/api/owner.h"

static char *account_of(const Owner *self, Credentials *credentials,
	gint64 deadline_us, GError **error)
{
	const ApiProtocol *protocol = self->protocol;

	return protocol->account
		       ? protocol->account(credentials, protocol->data, error)
		       : credential_source_account(
				 self->source, credentials, deadline_us, error);
}

gboolean owner_asks(const Owner *self, Credentials *credentials,
	gint64 deadline_us, char **ret_account, GError **error)
{
	const Call *call = self->call;

	if (!call->owned)
		return TRUE;
	g_free(*ret_account);
	*ret_account = account_of(self, credentials, deadline_us, error);
	return *ret_account && call->owned(*ret_account, call, error);
}

gboolean owner_accepts(
	const Owner *self, const char *account, gboolean safe, GError **error)
{
	const Call *call = self->call;

	if (!call->accepted || call->accepted(account, call) || !safe)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"the answer was dropped: it is of another account, %s, than "
		"what is shown here",
		account);
}
