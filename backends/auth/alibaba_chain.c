/*
 * The chain itself.  As in the vendor's SDK every source is tried in turn, a
 * source that fails makes way for the next, and only when none is left is there
 * an error, which then says what was wrong with each.  A profile that is named
 * in the configuration is the user's choice: only the two files are asked then.
 *
 * The order is asked for an identity once.  After that the source that gave it
 * comes first, until a file has changed; and while what it gave is good, one
 * that is out of reach ends the round, lest an hour's outage turn the account
 * into another.
 */
#include "auth/alibaba_chain.h"

#include <stdint.h>
#include <sys/stat.h>

#include "auth/alibaba_auth.h"

#define REFRESH_MS (15 * 60 * 1000)
#define NEARBY_CONNECT_MS 1000

/* ---- sources that need no file of their own ---- */

static Credentials *not_set(const char *name, GError **error)
{
	backend_error_set(error, BACKEND_ERROR_AUTH, "%s is not set", name);
	return NULL;
}

static Credentials *from_environment(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const char *id = alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_ID");
	const char *secret = alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
	const char *token = alibaba_env("ALIBABA_CLOUD_SECURITY_TOKEN");

	if (!id)
		return not_set("ALIBABA_CLOUD_ACCESS_KEY_ID", error);
	if (!secret)
		return not_set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", error);
	return credentials_new(id, secret_new(secret, -1),
		token ? secret_new(token, -1) : NULL, 0, "environment");
}

static Credentials *from_oidc(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const AlibabaRole role = {.arn = alibaba_env("ALIBABA_CLOUD_ROLE_ARN")};
	const char *provider = alibaba_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN");
	const char *file = alibaba_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE");

	if (!role.arn)
		return not_set("ALIBABA_CLOUD_ROLE_ARN", error);
	if (!provider)
		return not_set("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", error);
	if (!file)
		return not_set("ALIBABA_CLOUD_OIDC_TOKEN_FILE", error);
	return alibaba_assume_role_oidc(auth, &role, provider, file,
		"OIDC role of the environment", deadline_us, error);
}

/* Most machines are no ECS instances: that nobody answers there is a plain
 * "not here", unless the environment says that somebody should. */
static Credentials *from_metadata(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const char *role = alibaba_env("ALIBABA_CLOUD_ECS_METADATA");
	g_autoptr(GError) cause = NULL;

	if (alibaba_env_true("ALIBABA_CLOUD_ECS_METADATA_DISABLED")) {
		backend_error_set(error, BACKEND_ERROR_AUTH,
			"ALIBABA_CLOUD_ECS_METADATA_DISABLED is set");
		return NULL;
	}
	Credentials *found = alibaba_metadata(auth, role, deadline_us, &cause);
	if (found)
		return found;
	if (role || auth->on_ecs)
		g_propagate_error(error, g_steal_pointer(&cause));
	else
		backend_error_set(
			error, BACKEND_ERROR_AUTH, "%s", cause->message);
	return NULL;
}

static Credentials *from_uri(
	const AlibabaAuth *auth, gint64 deadline_us, GError **error)
{
	const char *uri = alibaba_env("ALIBABA_CLOUD_CREDENTIALS_URI");

	if (!uri)
		return not_set("ALIBABA_CLOUD_CREDENTIALS_URI", error);
	return alibaba_uri(auth, uri, deadline_us, error);
}

/* ---- what can be told without the network ---- */

/* Size and inode besides the time: tools that replace a file may keep that. */
static void append_stat(GString *out, char *path)
{
	g_autofree char *owned = path;
	struct stat st;

	if (stat(owned, &st) != 0)
		return;
	g_string_append_printf(out, "%s %ju %jd %jd.%09ld\n", owned,
		(uintmax_t)st.st_ino, (intmax_t)st.st_size,
		(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static char *chain_fingerprint(void *self)
{
	GString *out = g_string_new(NULL);

	append_stat(out, alibaba_cli_path());
	append_stat(out, alibaba_credentials_path());
	return g_string_free(out, FALSE);
}

static gboolean is_file(char *path)
{
	g_autofree char *owned = path;

	return g_file_test(owned, G_FILE_TEST_IS_REGULAR);
}

static gboolean is_pair_set(void)
{
	return alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_ID") &&
	       alibaba_env("ALIBABA_CLOUD_ACCESS_KEY_SECRET");
}

static gboolean is_oidc_set(void)
{
	return alibaba_env("ALIBABA_CLOUD_ROLE_ARN") &&
	       alibaba_env("ALIBABA_CLOUD_OIDC_PROVIDER_ARN") &&
	       alibaba_env("ALIBABA_CLOUD_OIDC_TOKEN_FILE");
}

static gboolean is_cli_there(void)
{
	return alibaba_cli_enabled() && is_file(alibaba_cli_path());
}

static gboolean is_section_there(void)
{
	return is_file(alibaba_credentials_path());
}

/* Nobody knows without asking. */
static gboolean may_be_on_ecs(void)
{
	return !alibaba_env_true("ALIBABA_CLOUD_ECS_METADATA_DISABLED");
}

static gboolean is_uri_set(void)
{
	return alibaba_env("ALIBABA_CLOUD_CREDENTIALS_URI") != NULL;
}

gboolean alibaba_chain_in_sight(void)
{
	return is_pair_set() || is_oidc_set() || is_cli_there() ||
	       is_section_there() || is_uri_set();
}

char *alibaba_chain_region(const char *profile)
{
	char *region = alibaba_cli_region(profile);

	return region ? region
		      : g_strdup(alibaba_env("ALIBABA_CLOUD_REGION_ID"));
}

/* ---- the chain ---- */

static const struct {
	const char *what;
	Credentials *(*get)(
		const AlibabaAuth *auth, gint64 deadline_us, GError **error);
	gboolean (*may_be)(void); /* whether it is worth the time */
	gboolean profiled;        /* knows profiles */
} sources[] = {
	{"the environment", from_environment, is_pair_set, FALSE},
	{"OIDC", from_oidc, is_oidc_set, FALSE},
	{"the aliyun CLI's profile", alibaba_cli_profile, is_cli_there, TRUE},
	{"the credentials file", alibaba_credentials_file, is_section_there,
		TRUE},
	{"ECS metadata", from_metadata, may_be_on_ecs, FALSE},
	{"the credentials URI", from_uri, is_uri_set, FALSE},
};

/* One look through the sources. */
typedef struct {
	AlibabaAuth *auth;
	gboolean again; /* what there is can still be used */
	gint64 deadline_us;
	GString *looked; /* what was wrong with each */
	int code;        /* the first that says more than "not here" */
} Round;

static gboolean is_out_of_reach(const GError *cause)
{
	switch (cause->code) {
	case BACKEND_ERROR_TIMEOUT:
	case BACKEND_ERROR_UNREACHABLE:
	case BACKEND_ERROR_REMOTE:
	case BACKEND_ERROR_THROTTLED:
	case BACKEND_ERROR_BAD_ANSWER:
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean is_asked(const AlibabaAuth *auth, gsize i)
{
	return !auth->profile || sources[i].profiled;
}

/* Half of what is left, so that a source that hangs leaves the others time; all
 * of it where there are no others, or where they will not be asked then. */
static gint64 share_us(const Round *round, gsize i)
{
	gint64 now_us = g_get_monotonic_time();

	for (gsize other = i + 1; other < G_N_ELEMENTS(sources); other++)
		if (!round->again && is_asked(round->auth, other) &&
			sources[other].may_be())
			return now_us + (round->deadline_us - now_us) / 2;
	return round->deadline_us;
}

/* Asks one source; *ret_over: the others are not to be asked. */
static Credentials *round_ask(Round *round, gsize i, gboolean *ret_over)
{
	g_autoptr(GError) cause = NULL;
	Credentials *found =
		sources[i].get(round->auth, share_us(round, i), &cause);

	if (found) {
		round->auth->last = i + 1;
		if (sources[i].get == from_metadata)
			round->auth->on_ecs = TRUE;
		return found;
	}
	g_string_append_printf(round->looked, "%s%s (%s)",
		round->looked->len ? "; " : "", sources[i].what,
		cause->message);
	if (round->code == BACKEND_ERROR_AUTH)
		round->code = cause->code;
	*ret_over = g_atomic_int_get(&round->auth->stopped) ||
		    (round->again && is_out_of_reach(cause));
	return NULL;
}

/* first: the source to begin with, counted from 1; 0: in order. */
static Credentials *round_run(Round *round, gsize first)
{
	gboolean over = FALSE;
	Credentials *found =
		first > 0 ? round_ask(round, first - 1, &over) : NULL;

	for (gsize i = 0; !found && !over && i < G_N_ELEMENTS(sources); i++)
		if (i + 1 != first && is_asked(round->auth, i))
			found = round_ask(round, i, &over);
	return found;
}

static Credentials *chain_fetch(
	void *data, gboolean again, gint64 deadline_us, GError **error)
{
	AlibabaAuth *auth = data;
	g_autofree char *print = chain_fingerprint(auth);
	g_autoptr(GString) looked = g_string_new(NULL);
	Round round = {auth, again, deadline_us, looked, BACKEND_ERROR_AUTH};
	gboolean same = g_strcmp0(print, auth->last_print) == 0;
	Credentials *found = round_run(&round, same ? auth->last : 0);

	if (found) {
		g_free(auth->last_print);
		auth->last_print = g_steal_pointer(&print);
		return found;
	}
	backend_error_set(error, round.code,
		"no credentials for Alibaba Cloud; looked in %s", looked->str);
	return NULL;
}

/* ---- construction ---- */

static void chain_free(void *data)
{
	AlibabaAuth *auth = data;

	http_client_free(auth->sts);
	http_client_free(auth->nearby);
	g_free(auth->profile);
	g_free(auth->last_print);
	g_free(auth);
}

static void chain_abort(void *data)
{
	AlibabaAuth *auth = data;

	g_atomic_int_set(&auth->stopped, 1);
	http_client_abort(auth->sts);
	http_client_abort(auth->nearby);
}

static const CredentialClass alibaba_chain_class = {
	.name = "alibaba",
	.refresh_ms = REFRESH_MS,
	.fetch = chain_fetch,
	.fingerprint = chain_fingerprint,
	.free = chain_free,
	.abort = chain_abort,
};

CredentialSource *alibaba_chain_new(
	const char *profile, const HttpSettings *http)
{
	static const HttpSettings none;
	HttpSettings nearby = http ? *http : none;
	AlibabaAuth *auth = g_new0(AlibabaAuth, 1);

	nearby.proxy = "";
	nearby.connect_ms = NEARBY_CONNECT_MS;
	auth->profile = g_strdup(profile && *profile ? profile : NULL);
	auth->sts = http_client_new(http ? http : &none);
	auth->nearby = http_client_new(&nearby);
	return credential_source_new(&alibaba_chain_class, auth);
}
