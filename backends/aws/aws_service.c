#include "backends/aws/aws_service.h"

#include <string.h>

#include "backends/api/api_settings.h"
#include "backends/auth/sign.h"
#include "backends/aws/aws_content.h"
#include "backends/aws/aws_endpoint.h"
#include "backends/aws/aws_error.h"
#include "backends/aws/aws_files.h"
#include "backends/aws/aws_spec.h"
#include "backends/base/clock.h"
#include "backends/provider/plan.h"
#include "backends/provider/record.h"
#include "backends/provider/refusal.h"
#include "backends/provider/spec_rule.h"

/* ---- tables ---- */

const BackendKey aws_keys[] = {
	{"region", KEY_STRING, "such as eu-west-1"},
	{"profile", KEY_STRING, "profile of the AWS configuration files"},
	{"credentials_file", KEY_PATH,
		"read this instead of ~/.aws/credentials and ~/.aws/config"},
	{"fips", KEY_BOOL, "use the FIPS endpoint"},
	{"dual_stack", KEY_BOOL, "use the endpoint that speaks IPv6 too"},
	{NULL},
};

const BackendState aws_states[] = {
	{"SUBMITTED", PHASE_PENDING},
	{"STARTING", PHASE_STARTING},
	/* Up, and before the first verdict on idle or busy. */
	{"STARTED", PHASE_IDLE},
	{"IDLE", PHASE_IDLE},
	{"BUSY", PHASE_BUSY},
	{"TERMINATING", PHASE_STOPPING},
	{"TERMINATED", PHASE_STOPPED},
	{"FAILED", PHASE_FAILED},
	{NULL},
};

const BackendVerb aws_verbs[] = {
	{"terminate", "end a session; its record stays for a while",
		1 << PHASE_PENDING | 1 << PHASE_STARTING | 1 << PHASE_IDLE |
			1 << PHASE_BUSY},
	{NULL},
};

static const char *const aws_domains[] = {"amazonaws.com", "amazonaws.com.cn",
	"amazonaws.eu", "api.aws", "api.amazonwebservices.com.cn", "c2s.ic.gov",
	"sc2s.sgov.gov", "hci.ic.gov", "adc-e.uk", NULL};

/* ---- signing ---- */

static gboolean aws_sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	const Aws *self = data;
	const SignScope scope = {.region = self->base.region,
		.service = self->service->name,
		.now = now};

	if (self->service->target) {
		g_autofree char *target = g_strjoin(
			".", self->service->target, call->action, NULL);

		http_request_set(request, "x-amz-target", target);
	}
	sign_request(SIGN_SIGV4, request, credentials, &scope);
	return TRUE;
}

/* ---- opening ---- */

/* A profile may name one in a file that cannot be read. */
static char *region_choose(GHashTable *keys, GError **error)
{
	g_autofree char *found =
		g_hash_table_lookup(keys, "region")
			? NULL
			: aws_region(g_hash_table_lookup(keys, "profile"));
	g_autoptr(GError) cause = NULL;
	g_autoptr(AwsFiles) files G_GNUC_UNUSED =
		found ? NULL : aws_files_read(NULL, &cause);
	g_autofree char *advice = g_strdup_printf(
		", region in the AWS profile%s%s%s, or AWS_REGION",
		cause ? " (" : "", cause ? cause->message : "",
		cause ? ")" : "");

	return api_backend_region(keys, found, "us-east-1", advice, error);
}

/* The section's key, or else what AWS's own settings say. */
static gboolean flag_choose(GHashTable *keys, const char *name, const char *env,
	const char *setting, gboolean *ret, GError **error)
{
	const char *key = g_hash_table_lookup(keys, name);

	if (key && *key)
		return api_key_bool(keys, name, ret, error);
	*ret = aws_flag(g_hash_table_lookup(keys, "profile"), env, setting);
	return TRUE;
}

/* Where the service answers; the key `endpoint`, which api_new heeds, makes the
 * rest idle. */
static char *endpoint_choose(const AwsService *service, GHashTable *keys,
	const char *region, GError **error)
{
	const char *key = g_hash_table_lookup(keys, "endpoint");
	AwsEndpoint wanted = {.service = service->name,
		.env = service->env,
		.region = region,
		.profile = g_hash_table_lookup(keys, "profile")};
	g_autoptr(GError) cause = NULL;

	if (!flag_choose(keys, "fips", "AWS_USE_FIPS_ENDPOINT",
		    "use_fips_endpoint", &wanted.fips, error) ||
		!flag_choose(keys, "dual_stack", "AWS_USE_DUALSTACK_ENDPOINT",
			"use_dualstack_endpoint", &wanted.dual_stack, error))
		return NULL;
	if (key && *key)
		return g_strdup(key);
	char *endpoint = aws_endpoint(&wanted, &cause);
	if (!endpoint)
		backend_error_set(
			error, BACKEND_ERROR_CONFIG, "%s", cause->message);
	return endpoint;
}

/* IAM's name of an action is that of the API. */
static void aws_permission(
	const char *action, BackendErrorDetail *detail, void *data)
{
	const Aws *self = data;

	if (refusal_code_fits(detail->provider_code, "AccessDenied*") ||
		refusal_code_fits(detail->provider_code, "NotAuthorized*") ||
		refusal_code_fits(
			detail->provider_code, "UnauthorizedOperation"))
		detail->permission =
			g_strdup_printf("%s:%s", self->service->name, action);
}

static Api *api_open(
	Aws *self, GHashTable *keys, const char *endpoint, GError **error)
{
	const char *profile = g_hash_table_lookup(keys, "profile");
	g_autofree char *ca_file = aws_ca_file(profile);
	g_autofree char *name = g_strdup_printf(
		"the endpoint configured for %s", self->service->name);
	const ApiProtocol protocol = {
		.sign = aws_sign,
		.content_type = self->service->target
					? "application/x-amz-json-1.1"
					: NULL,
		.domains = aws_domains,
		.endpoint_key = name,
		.refuse = self->service->target ? aws_refuse_json
						: aws_refuse_rest,
		.permission = aws_permission,
		.is_skew = aws_is_skew,
		.ca_file = ca_file,
		.data = self,
	};

	return api_backend_connect(keys, endpoint, &aws_chain,
		self->base.region, &protocol, error);
}

gboolean aws_open(Backend *base, const AwsService *service, GHashTable *keys,
	GError **error)
{
	Aws *self = (Aws *)base;

	base->region = region_choose(keys, error);
	g_autofree char *endpoint =
		base->region
			? endpoint_choose(service, keys, base->region, error)
			: NULL;
	if (!endpoint)
		return FALSE;
	self->service = service;
	base->api = api_open(self, keys, endpoint, error);
	return base->api != NULL;
}

/* ---- creating ---- */

static const AwsService *service_of(const Backend *base)
{
	return ((const Aws *)base)->service;
}

gboolean aws_service_check(
	Backend *base, const char *workspace, const Json *spec, GError **error)
{
	const AwsService *service = service_of(base);

	return spec_agrees(spec, service->workspace, workspace, error) &&
	       aws_spec_role(spec, service->role, error) &&
	       service->check(spec, error);
}

CreatePlan *aws_service_plan(Backend *base, const char *workspace, Json *spec,
	const char *token, const Call *call, GError **error)
{
	const AwsService *service = service_of(base);

	if (!service->workspace_sent)
		json_remove(spec, service->workspace);
	else if (!json_get(spec, service->workspace))
		json_set_text(spec, service->workspace, workspace);
	create_plan_token(base, spec, token);
	CreatePlan *plan = create_plan_of(base, spec);
	plan->repeatable = TRUE;
	return plan;
}

/* ---- described files ---- */

/* It has ended or is not up yet.  One whose state is unknown may have. */
static gboolean has_no_endpoint(const AwsService *service, const char *body)
{
	g_autoptr(Json) record =
		body ? json_parse(body, strlen(body), NULL) : NULL;
	const char *state = json_get_text(record, service->state, 64, "");

	for (const BackendState *row = aws_states; row->word; row++)
		if (g_ascii_strcasecmp(row->word, state) == 0)
			return row->phase != PHASE_IDLE &&
			       row->phase != PHASE_BUSY;
	return FALSE;
}

static GBytes *describe_endpoint(const AwsService *service, const Json *answer,
	gint64 *ret_until_ms, GError **error)
{
	const Json *pair = service->login
				   ? json_get(json_get(answer, service->login),
					     "UsernamePassword")
				   : NULL;
	const AwsAccess access = {
		.url = json_text(json_get(answer, service->url)),
		.token = json_text(json_get(answer, service->token)),
		.user = json_text(json_get(pair, "Username")),
		.password = json_text(json_get(pair, "Password")),
		.expires_ms = record_time(answer, service->expires),
	};
	GBytes *bytes = aws_access_text(&access, error);

	if (bytes)
		*ret_until_ms = aws_access_until_ms(&access);
	return bytes;
}

static GBytes *describe_webui(
	const AwsService *service, const Json *answer, gint64 *ret_until_ms)
{
	gboolean ready =
		!service->ready || json_get_bool(answer, service->ready, TRUE);
	const char *url = json_text(json_get(answer, service->webui));
	GBytes *bytes = aws_url_text(ready ? url : NULL);

	*ret_until_ms = clock_wall_ms(&clock_real) +
			(g_bytes_get_size(bytes) > 0 ? service->webui_ms
						     : service->retry_ms);
	return bytes;
}

/* A refusal of a call that asked for an endpoint by nothing but ids, for which the
 * services have no code: the session is not ready. */
static void refuse_endpoint(GError *cause, GError **error)
{
	if (cause->code == BACKEND_ERROR_INVALID) {
		cause->code = BACKEND_ERROR_CONFLICT;
		g_prefix_error(
			&cause, "the session is not ready for clients: ");
	}
	g_propagate_error(error, cause);
}

GBytes *aws_service_describe(Backend *base, const char *workspace,
	const char *id, const char *body, SessionFile file, const Call *call,
	gint64 *ret_until_ms, GError **error)
{
	const AwsService *service = service_of(base);
	GError *cause = NULL;

	if (file == SESSION_WEBUI) {
		g_autoptr(Json) answer =
			service->ask_webui(base, workspace, id, call, error);

		return answer ? describe_webui(service, answer, ret_until_ms)
			      : NULL;
	}
	if (has_no_endpoint(service, body)) {
		*ret_until_ms = 0;
		return aws_url_text(NULL);
	}
	g_autoptr(Json) answer =
		service->ask_endpoint(base, workspace, id, call, &cause);
	if (answer)
		return describe_endpoint(service, answer, ret_until_ms, error);
	refuse_endpoint(cause, error);
	return NULL;
}
