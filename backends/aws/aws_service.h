#pragma once

#include "backends/aws/aws_chain.h"
#include "backends/provider/api_backend.h"

/*
 * What the services of AWS have in common: where they answer, how calls are
 * signed (SigV4), how refusals are read, and the words of a session's life.
 * A provider is an Aws whose AwsService says what is its own.
 */
/* A call about one session. */
typedef Json *AwsAsk(Backend *base, const char *workspace, const char *id,
	const Call *call, GError **error);

typedef struct {
	const char *name;   /* first label of its host, and in signatures */
	const char *env;    /* AWS_ENDPOINT_URL_<env> */
	const char *target; /* JSON 1.1: X-Amz-Target is this, ".", the action;
	                       NULL: REST-JSON */

	/* Members of a spec: that names the workspace, which is sent in the body
	 * of a create or else stands in its path; and the ARN of a role. */
	const char *workspace;
	gboolean workspace_sent;
	const char *role;
	/* The rules for specs that are the service's own. */
	gboolean (*check)(const Json *spec, GError **error);

	/* Of `endpoint`: who is asked where a session has one, and the members of
	 * the answer. */
	const char *state; /* of a record */
	AwsAsk *ask_endpoint;
	const char *url, *token, *expires;
	const char *login; /* that holds a user and a password; NULL: none */

	/* Of `webui` likewise. */
	AwsAsk *ask_webui;
	const char *webui;
	const char *ready; /* that says whether it is good yet; NULL: it is */
	gint64 webui_ms,
		retry_ms; /* that long it is good, or asked for again */
} AwsService;

typedef struct {
	Backend base;
	const AwsService *service;
} Aws;

extern const BackendKey aws_keys[];     /* region, profile, ... */
extern const BackendState aws_states[]; /* of a session */
extern const BackendVerb aws_verbs[];   /* terminate */

/* The slots of BackendClass; service lives as long as the program. */
gboolean aws_open(Backend *base, const AwsService *service, GHashTable *keys,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
CreatePlan *aws_service_plan(Backend *base, const char *workspace, Json *spec,
	const char *token, const Call *call, GError **error);
GBytes *aws_service_describe(Backend *base, const char *workspace,
	const char *id, const char *body, SessionFile file, const Call *call,
	gint64 *ret_until_ms, GError **error);
gboolean aws_service_check(
	Backend *base, const char *workspace, const Json *spec, GError **error);

/* What the classes of both have in common. */
#define AWS_SLOTS                                                              \
	.keys = aws_keys, .states = aws_states, .verbs = aws_verbs,            \
	.described = 1 << SESSION_WEBUI | 1 << SESSION_ENDPOINT,               \
	.secret_files = 1 << SESSION_WEBUI | 1 << SESSION_ENDPOINT,            \
	.end_verb = "terminate", .list_lag_ms = 10000, .size = sizeof(Aws),    \
	.chain = &aws_chain, .plan = aws_service_plan,                         \
	.describe = aws_service_describe, .check_spec = aws_service_check
