/*
 * Asks Alibaba's credential chain once and prints what it found as JSON, for
 * flows.py to compare.
 *
 * usage: flow_client CA_FILE [PROFILE]
 */
#include <stdio.h>

#include "auth/alibaba_chain.h"
#include "net/json.h"

int main(int argc, char **argv)
{
	const HttpSettings http = {.ca_file = argc > 1 ? argv[1] : NULL};
	g_autoptr(CredentialSource) source =
		alibaba_chain_new(argc > 2 ? argv[2] : NULL, &http);
	g_autoptr(GError) error = NULL;
	g_autoptr(Credentials) found = credential_source_get(
		source, g_get_monotonic_time() + 20 * G_USEC_PER_SEC, &error);
	g_autoptr(Json) out = json_object();

	if (found) {
		json_set_text(out, "accessKeyId", found->access_key_id);
		json_set_text(
			out, "accessKeySecret", secret_peek(found->secret));
		json_set_text(out, "securityToken",
			found->token ? secret_peek(found->token) : "");
		json_set_text(out, "origin", found->origin);
		json_set_int(out, "expires", found->expires_ms / 1000);
	} else {
		json_set_text(out, "error", error->message);
		json_set_int(out, "code", error->code);
	}
	g_autofree char *text = json_print(out, TRUE);
	fputs(text, stdout);
	return 0;
}
