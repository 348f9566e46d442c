/*
 * Asks a vendor's credential chain and prints what it found as JSON, for
 * flows.py to compare: a line for each of "get" and "refused" on standard input,
 * the latter after telling the chain that what it gave last was refused.
 *
 * usage: flow_client VENDOR CA_FILE [PROFILE]
 */
#include <stdio.h>
#include <string.h>

#include "backends/alibaba/alibaba_chain.h"
#include "backends/aws/aws_chain.h"
#include "backends/base/json.h"
#include "backends/dataproc/google_chain.h"
#include "backends/dli/huawei_chain.h"
#include "backends/dli/huawei_region.h"

static CredentialSource *open_alibaba(
	const char *profile, const HttpSettings *http)
{
	return chain_new(&alibaba_chain, profile, NULL, NULL, http);
}

static CredentialSource *open_aws(const char *profile, const HttpSettings *http)
{
	return chain_new(&aws_chain, profile, NULL, NULL, http);
}

static CredentialSource *open_huawei(
	const char *profile, const HttpSettings *http)
{
	g_autofree char *iam = huawei_iam_endpoint(NULL, profile, "cn-north-4");

	return chain_new(&huawei_chain, profile, NULL, iam, http);
}

/* A profile is a credentials file here. */
static CredentialSource *open_google(
	const char *profile, const HttpSettings *http)
{
	return chain_new(&google_chain, NULL, profile, NULL, http);
}

static const struct {
	const char *name; /* as the flows' `provider` */
	CredentialSource *(*open)(
		const char *profile, const HttpSettings *http);
} vendors[] = {
	{"aliyun", open_alibaba},
	{"aws", open_aws},
	{"google", open_google},
	{"huawei", open_huawei},
};

static CredentialSource *vendor_open(
	const char *name, const char *ca_file, const char *profile)
{
	const HttpSettings http = {.ca_file = ca_file};

	for (gsize i = 0; i < G_N_ELEMENTS(vendors); i++)
		if (strcmp(vendors[i].name, name) == 0)
			return vendors[i].open(profile, &http);
	return NULL;
}

static void print_found(const Credentials *found, const GError *error)
{
	g_autoptr(Json) out = json_object();

	if (found) {
		json_set_text(out, "id", found->access_key_id);
		json_set_text(out, "secret",
			found->secret ? secret_peek(found->secret) : "");
		json_set_text(out, "token",
			found->token ? secret_peek(found->token) : "");
		json_set_text(out, "origin", found->origin);
		json_set_int(out, "expires", found->expires_ms / 1000);
	} else {
		json_set_text(out, "error", error->message);
		json_set_int(out, "code", error->code);
	}
	g_autofree char *text = json_print(out, FALSE);
	puts(text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	g_autoptr(CredentialSource) source =
		vendor_open(argv[1], argv[2], argc > 3 ? argv[3] : NULL);
	g_autoptr(Credentials) last = NULL;
	char line[32];

	while (source && fgets(line, sizeof(line), stdin)) {
		g_autoptr(GError) error = NULL;

		if (strcmp(line, "refused\n") == 0 && last)
			credential_source_reject(source, last);
		g_clear_pointer(&last, credentials_unref);
		last = credential_source_get(source,
			g_get_monotonic_time() + 20 * G_USEC_PER_SEC, &error);
		print_found(last, error);
	}
	return source ? 0 : 2;
}
