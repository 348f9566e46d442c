#pragma once

#include "auth/credentials.h"
#include "net/http.h"
#include "net/json.h"

/*
 * What the sources of Alibaba's credential chain share.  Private to the files
 * auth/alibaba_*.c.  A source that is not set up fails with
 * AUTH and says in a few words what is missing; the chain puts these together.
 */
typedef struct {
	char *profile;      /* NULL: as the vendor chooses */
	HttpClient *sts;    /* as the section says */
	HttpClient *nearby; /* the metadata service: no proxy, 1 s to connect */
	gint stopped;       /* atomic */

	/* Of the last success, by the one thread that fetches. */
	guint last;       /* its source, counted from 1; 0: none yet */
	char *last_print; /* fingerprint then */
	gboolean on_ecs;  /* the metadata service has answered */
} AlibabaAuth;

/* ---- texts that hold secrets ---- */

#define ALIBABA_FILE_MAX (1024 * 1024)

/* An environment variable's value, NULL when unset or empty. */
const char *alibaba_env(const char *name);
gboolean alibaba_env_true(const char *name);
char *alibaba_home_path(const char *rest);

/* A whole regular file, NUL-terminated; NULL with AUTH and why.  The buffer is
 * given back to alibaba_wipe_text. */
char *alibaba_read_file(const char *path, gsize *ret_len,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void alibaba_wipe_text(char *text, gsize len);
/* json_free, wiping every string first. */
void alibaba_wipe_json(Json *document);

/* Sends, waits at most `limit_ms` (0: to the deadline), and wipes the request,
 * which it takes.  The answer is given back to alibaba_wipe_answer. */
HttpAnswer *alibaba_send(HttpClient *client, HttpRequest *request,
	gint64 limit_ms, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
void alibaba_wipe_answer(HttpAnswer *answer);

/* ---- credentials out of JSON ---- */

typedef struct {
	const char *id, *secret, *token, *expiry; /* members' names */
	gboolean temporary;                       /* the token must be there */
} AlibabaKeyNames;

extern const AlibabaKeyNames alibaba_sts_names; /* AccessKeyId, ... */
extern const AlibabaKeyNames alibaba_cli_names; /* access_key_id, ... */

/* Errors: AUTH, naming the member that is missing. */
Credentials *alibaba_keys_read(const Json *object, const AlibabaKeyNames *names,
	const char *origin, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ---- sources ---- */

/* Borrowed texts; NULL where not given. */
typedef struct {
	const char *arn, *session_name, *policy, *external_id;
	const char *sts_region, *sts_endpoint;
	gint64 seconds; /* 0: 3600 */
	gboolean vpc;
} AlibabaRole;

Credentials *alibaba_assume_role(const AlibabaAuth *auth,
	const AlibabaRole *role, const Credentials *base, const char *origin,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Credentials *alibaba_assume_role_oidc(const AlibabaAuth *auth,
	const AlibabaRole *role, const char *provider_arn,
	const char *token_file, const char *origin, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* role NULL: the one that the metadata service names. */
Credentials *alibaba_metadata(const AlibabaAuth *auth, const char *role,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
Credentials *alibaba_uri(const AlibabaAuth *auth, const char *uri,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

Credentials *alibaba_cli_profile(const AlibabaAuth *auth, gint64 deadline_us,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
Credentials *alibaba_credentials_file(const AlibabaAuth *auth,
	gint64 deadline_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The profile to use: the section's, ALIBABA_CLOUD_PROFILE's, or fallback. */
const char *alibaba_profile_name(const AlibabaAuth *auth, const char *fallback);
/* region_id of a profile; NULL when there is none.  New string. */
char *alibaba_cli_region(const char *profile);
char *alibaba_cli_path(void);
char *alibaba_credentials_path(void);
gboolean alibaba_cli_enabled(void);
