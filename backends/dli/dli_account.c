#include "backends/dli/dli_account.h"

#include "backends/auth/sign.h"
#include "backends/dli/dli_error.h"
#include "backends/dli/dli_project.h"
#include "backends/dli/huawei_chain.h"
#include "backends/provider/api_backend.h"

struct DliAccount {
	DliSettings settings;
	DliProject *project;
	Api *api;
};

/* ---- construction ---- */

/* data: the project, for calls that name it. */
static gboolean account_sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	const char *project = data ? dli_project_peek(data) : NULL;
	const SignScope scope = {.now = now};

	http_request_set(request, "accept", "application/json");
	http_request_set(request, "content-type", "application/json");
	if (project)
		http_request_set(request, "x-project-id", project);
	sign_request(SIGN_SDK_HMAC, request, credentials, &scope);
	return TRUE;
}

/* A project is one account's, and its sessions are what keys reach. */
static char *account_of(
	const Credentials *credentials, void *data, GError **error)
{
	return dli_project_of(data, credentials->access_key_id, error);
}

static const ApiProtocol account_protocol = {
	.sign = account_sign,
	.refuse = dli_refuse,
	.accept = dli_accept,
	.is_skew = dli_is_skew,
};

static CredentialSource *source_new(
	GHashTable *keys, const DliSettings *settings)
{
	const HttpSettings http = api_backend_http(keys, NULL);

	return huawei_chain_new(settings->profile, settings->iam, &http);
}

/* IAM is asked as DLI is, but for the section's endpoint. */
static Api *iam_new(
	GHashTable *keys, const DliSettings *settings, GError **error)
{
	g_autoptr(GHashTable) own = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter at;
	gpointer name, value;

	g_hash_table_iter_init(&at, keys);
	while (g_hash_table_iter_next(&at, &name, &value))
		if (!g_str_equal(name, "endpoint"))
			g_hash_table_insert(own, name, value);
	return api_new(own, settings->iam, source_new(keys, settings),
		&account_protocol, error);
}

/* IAM is needed only where the project must be looked up. */
static gboolean account_project(
	DliAccount *self, GHashTable *keys, GError **error)
{
	const DliSettings *settings = &self->settings;
	Api *iam = settings->project ? NULL : iam_new(keys, settings, error);

	if (!settings->project && !iam)
		return FALSE;
	self->project =
		dli_project_new(settings->project, settings->region, iam);
	return TRUE;
}

static gboolean account_api(DliAccount *self, GHashTable *keys, GError **error)
{
	ApiProtocol protocol = account_protocol;

	protocol.data = self->project;
	protocol.account = account_of;
	self->api = api_new(keys, self->settings.endpoint,
		source_new(keys, &self->settings), &protocol, error);
	return self->api != NULL;
}

DliAccount *dli_account_new(GHashTable *keys, GError **error)
{
	DliAccount *self = g_new0(DliAccount, 1);

	if (dli_settings_read(keys, &self->settings, error) &&
		account_project(self, keys, error) &&
		account_api(self, keys, error))
		return self;
	dli_account_free(self);
	return NULL;
}

void dli_account_free(DliAccount *self)
{
	if (!self)
		return;
	g_clear_pointer(&self->api, api_free);
	dli_project_free(self->project);
	dli_settings_clear(&self->settings);
	g_free(self);
}

const DliKind *dli_account_kind(const DliAccount *self)
{
	return self->settings.kind;
}

/* ---- calls ---- */

Json *dli_account_ask(DliAccount *self, const DliQuestion *question,
	const Call *call, GByteArray **ret_text, GError **error)
{
	g_autofree char *key = api_key_id(self->api, call->deadline_us);
	const char *project = dli_project_get(self->project, key, call, error);

	if (!project)
		return NULL;
	g_autofree char *path =
		g_strconcat("/", question->version ? question->version : "v2.0",
			"/", project, question->path, NULL);
	const ApiRequest request = {.action = question->action,
		.method = question->method ? question->method : "GET",
		.path = path,
		.query = question->query,
		.body = question->body,
		.safe = !question->method,
		.outline = ret_text != NULL};
	return api_call(self->api, &request, call, ret_text, error);
}

/* ---- the account ---- */

void dli_account_found(DliAccount *self, BackendFound tell, void *data)
{
	tell("region", self->settings.region, data);
	if (self->settings.project)
		tell("project", self->settings.project, data);
}

void dli_account_identify(DliAccount *self, GString *place, GString *source)
{
	static const char *const domains[] = {
		"myhuaweicloud.com", "myhuaweicloud.eu", NULL};

	g_string_append_printf(place, ", region %s", self->settings.region);
	if (self->settings.project)
		g_string_append_printf(
			place, ", project %s", self->settings.project);
	api_identify(self->api, domains, place, source);
}

void dli_account_report(DliAccount *self, GString *out)
{
	const char *project = dli_project_peek(self->project);

	g_string_append_printf(out, "region: %s\nproject: %s\n",
		self->settings.region, project ? project : "not looked up yet");
	api_report(self->api, out);
}

gboolean dli_account_clock(DliAccount *self, gint64 *ret_ahead_ms)
{
	return api_clock(self->api, ret_ahead_ms);
}

void dli_account_count(DliAccount *self,
	void (*visit)(
		const char *action, guint64 calls, guint64 failed, void *data),
	void *data)
{
	Api *iam = dli_project_iam(self->project);

	if (iam)
		api_count(iam, visit, data);
	api_count(self->api, visit, data);
}

void dli_account_observe(DliAccount *self, CallObserver observer, void *data)
{
	Api *iam = dli_project_iam(self->project);

	if (iam)
		api_observe(iam, observer, data);
	api_observe(self->api, observer, data);
}

void dli_account_abort(DliAccount *self)
{
	Api *iam = dli_project_iam(self->project);

	if (iam)
		api_abort(iam);
	api_abort(self->api);
}
