#include "backends/dli/dli_account.h"

#include "backends/auth/sign.h"
#include "backends/dli/dli_error.h"
#include "backends/dli/huawei_chain.h"

/* ---- opening ---- */

/* data: the project, for calls that name it. */
static gboolean account_sign(const ApiRequest *call, HttpRequest *request,
	const Credentials *credentials, gint64 now, void *data, GError **error)
{
	const char *project = data ? dli_project_peek(data) : NULL;
	const SignScope scope = {.now = now};

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

static const char *const account_domains[] = {
	"myhuaweicloud.com", "myhuaweicloud.eu", NULL};

static const ApiProtocol account_protocol = {
	.domains = account_domains,
	.sign = account_sign,
	.refuse = dli_refuse,
	.accept = dli_accept,
	.is_skew = dli_is_skew,
};

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
	return api_backend_connect(own, settings->iam, &huawei_chain,
		settings->iam, &account_protocol, error);
}

/* IAM is needed only where the project must be looked up. */
static gboolean open_with(Dli *self, GHashTable *keys,
	const DliSettings *settings, GError **error)
{
	ApiProtocol protocol = account_protocol;

	self->kind = settings->kind;
	self->base.region = g_strdup(settings->region);
	self->base.project = g_strdup(settings->project);
	if (!settings->project)
		self->base.iam = iam_new(keys, settings, error);
	if (!settings->project && !self->base.iam)
		return FALSE;
	self->lookup = dli_project_new(settings->project, settings->region,
		self->base.iam, &clock_real);
	protocol.data = self->lookup;
	protocol.account = account_of;
	self->base.api = api_backend_connect(keys, settings->endpoint,
		&huawei_chain, settings->iam, &protocol, error);
	return self->base.api != NULL;
}

gboolean dli_open(Backend *base, GHashTable *keys, GError **error)
{
	g_auto(DliSettings) settings = {NULL};

	return dli_settings_read(keys, &settings, error) &&
	       open_with((Dli *)base, keys, &settings, error);
}

void dli_close(Backend *base)
{
	dli_project_free(((Dli *)base)->lookup);
}

/* ---- slots ---- */

Json *dli_ask(Dli *self, const DliQuestion *question, const Call *call,
	GByteArray **ret_text, GError **error)
{
	g_autofree char *key = api_key_id(self->base.api, call->deadline_us);
	const char *project = dli_project_get(self->lookup, key, call, error);

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
		.safe = !question->method};
	return question->size ? api_backend_get_page(&self->base, &request,
					question->size, call, ret_text, error)
			      : api_call(self->base.api, &request, call,
					ret_text, error);
}

void dli_report(Backend *base, GString *out)
{
	const Dli *self = (Dli *)base;
	const char *project = dli_project_peek(self->lookup);

	g_string_append_printf(out, "region: %s\nproject: %s\n",
		self->base.region, project ? project : "not looked up yet");
	api_report(self->base.api, out);
}
