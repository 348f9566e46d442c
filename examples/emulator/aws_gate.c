#include "aws.h"

#include <string.h>

#include "backends/auth/sign.h"
#include "backends/base/digest.h"

/*
 * The front of both services.  In this order: the Authorization header and its
 * scope, date, key and session token, what had to be signed, clock, body hash
 * and signature.  REST-JSON refuses with 403 where JSON 1.1 does with 400.
 */

#define ALGORITHM "AWS4-HMAC-SHA256 "
#define WINDOW_MS (15 * 60 * 1000)

enum { SCOPE_KEY, SCOPE_DAY, SCOPE_REGION, SCOPE_SERVICE, SCOPE_END, SCOPE_N };

char *aws_region_only;

typedef struct {
	Claim claim;
	char **scope; /* SCOPE_N of them */
	const char *date;
} Call;

static void call_clear(Call *call)
{
	claim_clear(&call->claim);
	g_strfreev(call->scope);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Call, call_clear)

static gboolean refuse(Exchange *x, const char *code, const char *message)
{
	if (x->provider->target)
		aws_refuse_json(
			x, 400, code, "com.amazon.coral.service#", message);
	else
		aws_refuse_rest(x, 403, code,
			":http://internal.amazon.com/coral/"
			"com.amazon.coral.service/",
			message);
	return FALSE;
}

static gboolean refuse_signature(Exchange *x, char *message)
{
	g_autofree char *owned = message;

	return refuse(x, "InvalidSignatureException", owned);
}

static gboolean read_scope(const Request *request, Call *call)
{
	const char *header = request_header(request, "Authorization");

	if (!header ||
		!claim_read(&call->claim, header, ALGORITHM, "Credential"))
		return FALSE;
	call->scope = g_strsplit(call->claim.id, "/", SCOPE_N + 1);
	return g_strv_length(call->scope) == SCOPE_N &&
	       !strcmp(call->scope[SCOPE_END], "aws4_request");
}

gboolean aws_scoped(const Request *request, const char *service)
{
	g_auto(Call) call = {0};

	return read_scope(request, &call) &&
	       !strcmp(call.scope[SCOPE_SERVICE], service);
}

char *aws_region(const Request *request)
{
	g_auto(Call) call = {0};

	return g_strdup(read_scope(request, &call) ? call.scope[SCOPE_REGION]
						   : AWS_REGION);
}

static gboolean check_form(Exchange *x, Call *call)
{
	if (!request_header(x->request, "Authorization"))
		return refuse(x, "MissingAuthenticationTokenException",
			"Missing Authentication Token");
	if (!read_scope(x->request, call))
		return refuse(x, "IncompleteSignature",
			"Authorization header requires 'Credential' parameter "
			"with a whole scope. Authorization header requires "
			"'Signature' parameter. Authorization header requires "
			"'SignedHeaders' parameter.");
	call->date = request_header(x->request, "X-Amz-Date");
	if (!call->date || strchr(call->date, '-') ||
		claim_time(call->date) < 0)
		return refuse(x, "IncompleteSignature",
			"Date must be in ISO-8601 'basic format'.");
	return TRUE;
}

static gboolean check_scope(Exchange *x, const Call *call, const char *service)
{
	const char *region = call->scope[SCOPE_REGION];

	if (!*region || (aws_region_only && strcmp(region, aws_region_only)))
		return refuse(x, "InvalidSignatureException",
			"Credential should be scoped to a valid region.");
	if (strcmp(call->scope[SCOPE_SERVICE], service))
		return refuse_signature(
			x, g_strdup_printf("Credential should be scoped to "
					   "correct service: '%s'.",
				   service));
	if (strlen(call->scope[SCOPE_DAY]) != 8 ||
		strncmp(call->date, call->scope[SCOPE_DAY], 8))
		return refuse_signature(x,
			g_strdup_printf("Date in Credential scope does not "
					"match YYYYMMDD from ISO-8601 version "
					"of date from HTTP: '%s' != '%.8s', "
					"from '%s'.",
				call->scope[SCOPE_DAY], call->date,
				call->date));
	return TRUE;
}

static gboolean check_key(Exchange *x, const Call *call)
{
	const Settings *settings = &x->emulator->settings;
	const char *token = request_header(x->request, "X-Amz-Security-Token");

	/* So that an end of temporary keys can be played. */
	if (token && g_str_has_prefix(token, "expired"))
		return refuse(x, "ExpiredTokenException",
			"The security token included in the request is "
			"expired");
	if (strcmp(call->scope[SCOPE_KEY], settings->access_key_id) ||
		g_strcmp0(token, settings->security_token))
		return refuse(x, "UnrecognizedClientException",
			"The security token included in the request is "
			"invalid.");
	return TRUE;
}

/* The services demand no more than this of what may be left out. */
static gboolean check_names(Exchange *x, const Call *call)
{
	if (!claim_has(&call->claim, "host"))
		return refuse(x, "InvalidSignatureException",
			"'Host' or ':authority' must be a 'SignedHeader' in "
			"the AWS Authorization.");
	for (guint i = 0; i < x->request->headers->len; i++) {
		const char *header = x->request->headers->pdata[i];
		g_autofree char *name =
			g_ascii_strdown(header, strcspn(header, ":"));
		gboolean needed = g_str_has_prefix(name, "x-amz-") ||
				  !strcmp(name, "content-type");

		if (needed && !claim_has(&call->claim, name))
			return refuse_signature(x,
				g_strdup_printf("'%s' must be a 'SignedHeader' "
						"in the AWS Authorization.",
					name));
	}
	return TRUE;
}

static char *basic_time(gint64 ms)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(ms / 1000);

	return g_date_time_format(time, "%Y%m%dT%H%M%SZ");
}

static gboolean check_clock(Exchange *x, const Call *call)
{
	gint64 now = demo_clock_wall_ms(&x->emulator->clock);
	gint64 off = claim_time(call->date) - now;
	g_autofree char *said = NULL, *limit = NULL;

	if (ABS(off) <= WINDOW_MS)
		return TRUE;
	said = basic_time(now);
	limit = basic_time(off < 0 ? now - WINDOW_MS : now + WINDOW_MS);
	return refuse_signature(
		x, g_strdup_printf("Signature %s: %s is %s than %s (%s %c 15 "
				   "min.)",
			   off < 0 ? "expired" : "not yet current", call->date,
			   off < 0 ? "now earlier" : "still later", limit, said,
			   off < 0 ? '-' : '+'));
}

static gboolean check_signature(Exchange *x, const Call *call)
{
	const GByteArray *body = x->request->body;
	const char *hash = request_header(x->request, "X-Amz-Content-Sha256");
	SignScope scope = {.region = call->scope[SCOPE_REGION],
		.service = call->scope[SCOPE_SERVICE],
		.now = claim_time(call->date) / 1000};
	g_autoptr(HttpRequest) copy = claim_request(&call->claim, x->request);
	g_autofree char *true_hash = digest_sha256_hex(body->data, body->len);
	g_auto(Signed) good = {0};

	if (hash && strcmp(hash, true_hash))
		return refuse(x, "InvalidSignatureException",
			"The value of x-amz-content-sha256 is not the hash of "
			"the request's body.");
	sign_compute(SIGN_SIGV4, copy, x->emulator->credentials, &scope,
		(const char *const *)call->claim.signed_headers, &good);
	if (!strcmp(good.signature, call->claim.signature))
		return TRUE;
	return refuse_signature(x,
		g_strdup_printf("The request signature we calculated does not "
				"match the signature you provided. Check your "
				"AWS Secret Access Key and signing method. "
				"Consult the service documentation for "
				"details.\n\nThe Canonical String for this "
				"request should have been\n'%s'\n\nThe "
				"String-to-Sign should have been\n'%s'\n",
			good.canonical_request, good.string_to_sign));
}

gboolean aws_admit(Exchange *x, const char *service)
{
	g_auto(Call) call = {0};

	return check_form(x, &call) && check_scope(x, &call, service) &&
	       check_key(x, &call) && check_names(x, &call) &&
	       check_clock(x, &call) && check_signature(x, &call);
}
