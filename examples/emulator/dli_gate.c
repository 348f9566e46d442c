#include "dli.h"

#include <string.h>

#include "backends/auth/sign.h"
#include "claim.h"

/*
 * The gateway in front of the product and of IAM.  In this order: the
 * Authorization header, the signed headers, key, security token, clock,
 * signature, project.
 */

#define ALGORITHM "SDK-HMAC-SHA256 "
#define WINDOW_MS (15 * 60 * 1000)

static gboolean refuse(Exchange *x, const char *why)
{
	g_autofree char *message = g_strdup_printf(
		"Incorrect IAM authentication information: %s", why);

	dli_put_refusal(x, 401, "APIGW.0301", message);
	return FALSE;
}

static gboolean check_claim(Exchange *x, Claim *claim)
{
	const char *header = request_header(x->request, "Authorization");

	if (!header)
		return refuse(x, "Authorization is missing");
	if (!claim_read(claim, header, ALGORITHM, "Access"))
		return refuse(x, "Authorization cannot be read");
	if (!claim_has(claim, "host") || !claim_has(claim, "x-sdk-date"))
		return refuse(x, "host and x-sdk-date must be signed");
	return TRUE;
}

static gboolean check_key(Exchange *x, const Claim *claim)
{
	const Settings *settings = &x->emulator->settings;
	const char *token = request_header(x->request, "X-Security-Token");

	if (strcmp(claim->id, settings->access_key_id))
		return refuse(x, "the access key does not exist");
	if (g_strcmp0(token, settings->security_token))
		return refuse(x, "the security token is not the key's");
	return TRUE;
}

static gboolean check_clock(Exchange *x)
{
	const char *text = request_header(x->request, "X-Sdk-Date");
	gint64 date = text && !strchr(text, '-') ? claim_time(text) : -1;
	gint64 off = date - demo_clock_wall_ms(&x->emulator->clock);

	if (date < 0)
		return refuse(x, "x-sdk-date cannot be read");
	if (ABS(off) > WINDOW_MS)
		return refuse(x, "the signature has expired");
	return TRUE;
}

static gboolean check_signature(Exchange *x, const Claim *claim)
{
	const SignScope scope = {.now = 0};
	g_autoptr(HttpRequest) copy = claim_request(claim, x->request);
	g_auto(Signed) good = {0};

	sign_compute(SIGN_SDK_HMAC, copy, x->emulator->credentials, &scope,
		(const char *const *)claim->signed_headers, &good);
	if (!strcmp(good.signature, claim->signature))
		return TRUE;
	g_autofree char *why = g_strdup_printf(
		"verify aksk signature fail, canonicalRequest: %s",
		good.canonical_request);
	return refuse(x, why);
}

/* The header goes with the path, where a call has a project at all. */
static gboolean check_project(Exchange *x)
{
	const char *header = request_header(x->request, "X-Project-Id");
	const char *part = x->request->parts[0];

	if ((!part || !strcmp(part, DLI_PROJECT)) &&
		(!header || !strcmp(header, DLI_PROJECT)))
		return TRUE;
	dli_put_refusal(x, 403, "APIGW.0302",
		"The IAM user is not authorized to access the API: the project "
		"is not of this account.");
	return FALSE;
}

gboolean dli_admit(Exchange *x, const Route *route)
{
	g_auto(Claim) claim = {0};

	return check_claim(x, &claim) && check_key(x, &claim) &&
	       check_clock(x) && check_signature(x, &claim) && check_project(x);
}
