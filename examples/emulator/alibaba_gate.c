#include "alibaba.h"

#include <string.h>

#include "backends/auth/sign.h"
#include "backends/base/digest.h"
#include "claim.h"

/*
 * The gateway in front of the product.  In this order: the Authorization
 * header, the headers that every call must have, key, security token, version
 * and action, clock, body hash and signature, nonce.  A nonce counts as used
 * only once the signature proved whose it is.
 */

#define ALGORITHM "ACS3-HMAC-SHA256 "
#define WINDOW_MS (15 * 60 * 1000)

static gboolean refuse(
	Exchange *x, guint status, const char *code, const char *message)
{
	alibaba_put_refusal(x, status, code, message);
	return FALSE;
}

static gboolean refuse_missing(Exchange *x, const char *name)
{
	g_autofree char *message =
		g_strdup_printf("%s is mandatory for this action.", name);

	return refuse(x, 400, "MissingParameter", message);
}

static gboolean read_claim(Exchange *x, Claim *claim)
{
	const char *header = request_header(x->request, "Authorization");

	if (!header)
		return refuse_missing(x, "Authorization");
	if (!claim_read(claim, header, ALGORITHM, "Credential"))
		return refuse(x, 400, "IncompleteSignature",
			"The request signature does not conform to Aliyun "
			"standards.");
	return TRUE;
}

static gboolean check_headers(Exchange *x)
{
	static const char *const needed[] = {"x-acs-action", "x-acs-version",
		"x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"};

	for (guint i = 0; i < G_N_ELEMENTS(needed); i++) {
		const char *value = request_header(x->request, needed[i]);

		if (!value || !*value)
			return refuse_missing(x, needed[i]);
	}
	return TRUE;
}

static gboolean check_key(Exchange *x, const Claim *claim)
{
	const Settings *settings = &x->emulator->settings;
	const char *token = request_header(x->request, "x-acs-security-token");

	if (strcmp(claim->id, settings->access_key_id))
		return refuse(x, 404, "InvalidAccessKeyId.NotFound",
			"Specified access key is not found.");
	if (!token && settings->security_token)
		return refuse_missing(x, "SecurityToken");
	if (token && g_strcmp0(token, settings->security_token))
		return refuse(x, 400,
			"InvalidSecurityToken.MismatchWithAccessKey",
			"Specified SecurityToken mismatch with the AccessKey.");
	return TRUE;
}

static gboolean check_action(Exchange *x, const Route *route)
{
	const char *version = request_header(x->request, "x-acs-version");
	const char *action = request_header(x->request, "x-acs-action");

	if (strcmp(version, ALIBABA_VERSION))
		return refuse(x, 400, "InvalidVersion",
			"Specified parameter Version is not valid.");
	if (strcmp(action, route->action))
		return refuse(x, 404, "InvalidApi.NotFound",
			"Specified api is not found, please check your url and "
			"method.");
	return TRUE;
}

static gboolean check_clock(Exchange *x)
{
	const char *text = request_header(x->request, "x-acs-date");
	gint64 date = strchr(text, '-') ? claim_time(text) : -1;
	gint64 off = date - demo_clock_wall_ms(&x->emulator->clock);

	if (date < 0)
		return refuse(x, 400, "InvalidTimeStamp.Format",
			"Specified time stamp or date value is not well "
			"formatted.");
	if (ABS(off) > WINDOW_MS)
		return refuse(x, 400, "InvalidTimeStamp.Expired",
			"Specified time stamp or date value is expired.");
	return TRUE;
}

static gboolean must_sign(const char *name)
{
	return g_str_has_prefix(name, "x-acs-") || !strcmp(name, "host") ||
	       !strcmp(name, "content-type");
}

/* Whether no header that had to be signed was left out. */
static gboolean all_signed(const Request *request, const Claim *claim)
{
	for (guint i = 0; i < request->headers->len; i++) {
		const char *header = request->headers->pdata[i];
		g_autofree char *name =
			g_ascii_strdown(header, strcspn(header, ":"));

		if (must_sign(name) && !claim_has(claim, name))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_signature(Exchange *x, const Claim *claim)
{
	const Request *request = x->request;
	const char *nonce = request_header(request, "x-acs-signature-nonce");
	SignScope scope = {.nonce = nonce, .now = 0};
	g_autoptr(HttpRequest) copy = claim_request(claim, request);
	g_autofree char *hash =
		digest_sha256_hex(request->body->data, request->body->len);
	g_autofree char *message = NULL;
	g_auto(Signed) good = {0};

	if (!all_signed(request, claim))
		return refuse(x, 400, "SignatureDoesNotMatch",
			"The header host, content-type or an x-acs- header is "
			"not "
			"among the signed ones.");
	if (strcmp(hash, request_header(request, "x-acs-content-sha256")))
		return refuse(x, 400, "SignatureDoesNotMatch",
			"x-acs-content-sha256 is not the hash of the body.");
	sign_compute(SIGN_ACS3, copy, x->emulator->credentials, &scope,
		(const char *const *)claim->signed_headers, &good);
	if (!strcmp(good.signature, claim->signature))
		return TRUE;
	message = g_strdup_printf("Specified signature is not matched with our "
				  "calculation. server string to sign is:%s",
		good.string_to_sign);
	return refuse(x, 400, "SignatureDoesNotMatch", message);
}

gboolean alibaba_admit(Exchange *x, const Route *route)
{
	g_auto(Claim) claim = {0};

	if (!read_claim(x, &claim) || !check_headers(x) ||
		!check_key(x, &claim) || !check_action(x, route) ||
		!check_clock(x) || !check_signature(x, &claim))
		return FALSE;
	if (nonces_add(x->emulator->nonces,
		    request_header(x->request, "x-acs-signature-nonce")))
		return TRUE;
	return refuse(x, 400, "SignatureNonceUsed",
		"Specified signature nonce was used already.");
}
