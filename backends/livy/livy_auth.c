#include "backends/livy/livy_auth.h"

#include <string.h>
#include <sys/stat.h>

#include "backends/auth/tools.h"
#include "backends/base/text.h"
#include "backends/base/utc.h"

#define REFRESH_MS (60 * 1000)
#define LINE_MAX_LEN 65536
#define EXPIRY_MAX 64
#define NAME_LEN 512

typedef struct {
	const char *word;     /* as `auth` begins */
	const char *argument; /* what follows the colon, for people; NULL: no */
	gboolean named;       /* of it a header's name comes first */
	gboolean (*prepare)(LivyAuth *, GError **);
	Credentials *(*fetch)(LivyAuth *, gint64 deadline_us, GError **);
	const char *scheme; /* before the secret */
} Kind;

struct LivyAuth {
	const Kind *kind;
	char *header;    /* that bears the secret; NULL: none does */
	char *file;      /* or the command line */
	char **argv;     /* of a command */
	const char *key; /* of the section, that names the file or command */
	gint stopped;    /* atomic */
	gboolean warned; /* of a file that all may read; by who fetches */
};

/* ---- what is read ---- */

static gboolean is_plain(const char *text, gboolean blanks)
{
	for (const guchar *c = (const guchar *)text; *c; c++)
		if (g_ascii_iscntrl((char)*c) || (*c == ' ' && !blanks))
			return FALSE;
	return *text != '\0';
}

static void warn_once(LivyAuth *self)
{
	struct stat st;

	/* Of what credentials_file names, the start tells. */
	if (self->warned || strcmp(self->key, "auth") != 0 ||
		stat(self->file, &st) != 0 || !(st.st_mode & S_IROTH))
		return;
	self->warned = TRUE;
	g_warning("%s holds a secret, and everybody may read it: chmod 600",
		self->file);
}

/* A file's first line. */
static SecretText *first_line(LivyAuth *self, GError **error)
{
	g_autoptr(SecretText) text = auth_read_file(self->file, error);

	if (!text)
		return NULL;
	warn_once(self);
	gsize end = strcspn(text, "\r\n");
	return g_strndup(text, end <= LINE_MAX_LEN ? end : 0);
}

static Credentials *unusable(
	const LivyAuth *self, const char *why, GError **error)
{
	return backend_error_null(
		error, BACKEND_ERROR_AUTH, "%s: %s", self->file, why);
}

static char *origin_of(const LivyAuth *self)
{
	return g_strdup_printf("%s %s", self->kind->word, self->file);
}

/* ---- kinds ---- */

static Credentials *fetch_none(
	LivyAuth *self, gint64 deadline_us, GError **error)
{
	return credentials_new("", NULL, NULL, 0, "none are sent");
}

static Credentials *fetch_ticket(
	LivyAuth *self, gint64 deadline_us, GError **error)
{
	return credentials_new("", NULL, NULL, 0, "Kerberos ticket cache");
}

static Credentials *basic_of(
	const LivyAuth *self, const char *line, GError **error)
{
	g_autofree char *origin = origin_of(self);
	const char *colon = strchr(line, ':');

	if (!colon || colon == line || !is_plain(line, TRUE))
		return unusable(
			self, "the first line is not user:password", error);
	char *encoded = g_base64_encode((const guchar *)line, strlen(line));
	/* The password stands beside its encoded form, so that neither is
	 * shown when a server quotes it. */
	return credentials_new(
		"", secret_take(encoded), secret_new(colon + 1, -1), 0, origin);
}

static Credentials *fetch_basic(
	LivyAuth *self, gint64 deadline_us, GError **error)
{
	g_autoptr(SecretText) line = first_line(self, error);

	return line ? basic_of(self, line, error) : NULL;
}

static Credentials *secret_of(const LivyAuth *self, const char *word,
	gint64 expires_ms, GError **error)
{
	g_autofree char *origin = origin_of(self);

	/* A header's value may be of several words, a token is one. */
	if (!is_plain(word, self->kind->named))
		return unusable(self, "no usable token in it", error);
	return credentials_new(
		"", secret_new(word, -1), NULL, expires_ms, origin);
}

static Credentials *fetch_line(
	LivyAuth *self, gint64 deadline_us, GError **error)
{
	g_autoptr(SecretText) line = first_line(self, error);

	return line ? secret_of(self, g_strstrip(line), 0, error) : NULL;
}

/* Milliseconds since the epoch; 0 where there is none, -1 for what is no time. */
static gint64 expiry_of(const Json *answer)
{
	const Json *value = json_get(answer, "expires_at");
	const char *text = json_get_text(answer, "expires_at", EXPIRY_MAX, "");
	gint64 seconds = json_int(value, 1, G_MAXINT64 / G_USEC_PER_SEC, -1);
	gint64 ms = utc_ms(text);

	if (!value || json_type(value) == JSON_NULL)
		return 0;
	if (ms > 0)
		return ms;
	return seconds < 0 ? -1 : seconds * 1000;
}

static Credentials *token_of(
	const LivyAuth *self, const Json *answer, GError **error)
{
	gint64 expires_ms = expiry_of(answer);

	if (expires_ms < 0)
		return unusable(self, "expires_at is no time", error);
	return secret_of(self, json_get_text(answer, "token", LINE_MAX_LEN, ""),
		expires_ms, error);
}

static Credentials *fetch_command(
	LivyAuth *self, gint64 deadline_us, GError **error)
{
	g_autofree char *said = NULL;
	g_autoptr(SecretJson) answer = auth_run_json(self->argv, self->file,
		deadline_us, &self->stopped, &said, error);

	if (!answer)
		return NULL;
	Credentials *found = token_of(self, answer, error);
	if (!found)
		auth_quote(error, said);
	return found;
}

/* ---- setting up ---- */

static gboolean refuse(GError **error, const char *why)
{
	return backend_error_false(
		error, BACKEND_ERROR_CONFIG, "auth: %s", why);
}

/* A path below the home, for one that begins with ~/. */
static void expand(char **path)
{
	char *whole;

	if (!g_str_has_prefix(*path, "~/"))
		return;
	whole = auth_home_path(*path + 2);
	g_free(*path);
	*path = whole;
}

/* A daemon's own folder is nobody's. */
static gboolean prepare_file(LivyAuth *self, GError **error)
{
	expand(&self->file);
	return g_path_is_absolute(self->file) ||
	       refuse(error, "the file's path must begin with a slash");
}

static gboolean prepare_command(LivyAuth *self, GError **error)
{
	if (!g_shell_parse_argv(self->file, NULL, &self->argv, NULL))
		return refuse(error, "the command cannot be split into words");
	expand(&self->argv[0]);
	if (strchr(self->argv[0], '/') && !g_path_is_absolute(self->argv[0]))
		return refuse(error, "the program's path must begin with a "
				     "slash, unless it is found in PATH");
	/* Its arguments are not for everybody's eyes. */
	g_free(self->file);
	self->file = g_strdup(self->argv[0]);
	return TRUE;
}

static gboolean prepare_ticket(LivyAuth *self, GError **error)
{
	return http_can_negotiate() ||
	       refuse(error, "this libcurl was built without SPNEGO (GSSAPI), "
			     "which negotiate needs");
}

static const Kind kinds[] = {
	{"none", NULL, FALSE, NULL, fetch_none, NULL},
	{"basic", "FILE", FALSE, prepare_file, fetch_basic, "Basic "},
	{"bearer", "FILE", FALSE, prepare_file, fetch_line, "Bearer "},
	{"header", "NAME:FILE", TRUE, prepare_file, fetch_line, ""},
	{"exec", "COMMAND", FALSE, prepare_command, fetch_command, "Bearer "},
	{"negotiate", NULL, FALSE, prepare_ticket, fetch_ticket, NULL},
};

static gboolean is_token(const char *text)
{
	return *text && text_is_made_of(text, "!#$%&'*+-.^_`|~");
}

/* Those that say where a request goes, or where it ends. */
static gboolean is_reserved(const char *name)
{
	static const char *const reserved[] = {"host", "content-length",
		"transfer-encoding", "connection", "content-type", "expect",
		"x-requested-by", NULL};
	g_autofree char *lower = g_ascii_strdown(name, -1);

	return g_strv_contains(reserved, lower);
}

/* Moves the header's name from the front of the argument. */
static gboolean take_name(LivyAuth *self, GError **error)
{
	char *colon = strchr(self->file, ':');

	if (!self->kind->named) {
		self->header = g_strdup("Authorization");
		return TRUE;
	}
	if (!colon)
		return refuse(error, "header needs NAME:FILE");
	self->header = g_strndup(self->file, colon - self->file);
	memmove(self->file, colon + 1, strlen(colon + 1) + 1);
	if (!is_token(self->header) || is_reserved(self->header))
		return refuse(error, "this header cannot bear a secret");
	return TRUE;
}

static const Kind *kind_find(const char *text, gsize len)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strlen(kinds[i].word) == len &&
			strncmp(kinds[i].word, text, len) == 0)
			return &kinds[i];
	return NULL;
}

/* `auth` with the file that credentials_file names, where it may name one; new
 * string. */
static char *with_file(const char *text, const char *file, GError **error)
{
	const Kind *kind = kind_find(text, strcspn(text, ":"));
	const char *rest = strchr(text, ':');

	if (!kind || kind->prepare != prepare_file ||
		(kind->named && (!rest || !rest[1])))
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"credentials_file needs auth = basic, bearer or "
			"header:NAME beside it");
	if (kind->named ? strchr(rest + 1, ':') != NULL : rest != NULL)
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"credentials_file names a file, and so does auth: "
			"leave one out");
	return g_strconcat(text, ":", file, NULL);
}

LivyAuth *livy_auth_new(const char *text, const char *file, GError **error)
{
	g_autoptr(LivyAuth) self = g_new0(LivyAuth, 1);
	const char *said = text && *text ? text : "none";
	g_autofree char *all =
		file ? with_file(said, file, error) : g_strdup(said);

	if (!all)
		return NULL;
	gsize len = strcspn(all, ":");
	const char *rest = all[len] ? all + len + 1 : NULL;

	self->kind = kind_find(all, len);
	if (!self->kind || (self->kind->argument != NULL) != (rest && *rest)) {
		return backend_error_null(error, BACKEND_ERROR_CONFIG,
			"auth must be none, basic:FILE, bearer:FILE, "
			"header:NAME:FILE, exec:COMMAND or negotiate");
	}
	self->key = file ? "credentials_file" : "auth";
	self->file = g_strdup(rest);
	if (rest && !take_name(self, error))
		return NULL;
	if (self->kind->prepare && !self->kind->prepare(self, error))
		return NULL;
	return g_steal_pointer(&self);
}

void livy_auth_free(LivyAuth *self)
{
	if (!self)
		return;
	g_free(self->header);
	g_free(self->file);
	g_strfreev(self->argv);
	g_free(self);
}

/* ---- whose ---- */

/* The part of a JWT that tells whose it is; NULL: it is none. */
static Json *claims_of(const char *token)
{
	g_auto(GStrv) parts = g_strsplit(token, ".", 4);
	g_autofree guchar *bytes = NULL;
	gsize len = 0;

	if (g_strv_length(parts) != 3)
		return NULL;
	g_strdelimit(parts[1], "-", '+');
	g_strdelimit(parts[1], "_", '/');
	gsize rest = strlen(parts[1]) % 4;
	g_autofree char *padded =
		g_strconcat(parts[1], &"==="[rest > 0 ? rest - 1 : 3], NULL);
	bytes = g_base64_decode(padded, &len);
	return json_parse((const char *)bytes, len, NULL);
}

/* A token is renewed and stays somebody's. */
static char *account_of_token(const Credentials *credentials)
{
	g_autoptr(Json) claims = claims_of(secret_peek(credentials->secret));
	const char *subject = json_get_text(claims, "sub", NAME_LEN, "");
	const char *issuer = json_get_text(claims, "iss", NAME_LEN, "");

	if (!*subject)
		return NULL;
	return *issuer ? g_strconcat(subject, " of ", issuer, NULL)
		       : g_strdup(subject);
}

/* The line of the file is user:password, encoded. */
static char *account_of_basic(const Credentials *credentials)
{
	g_autoptr(SecretText) line = g_strdup(secret_peek(credentials->secret));
	gsize len = 0;
	const char *colon;

	g_base64_decode_inplace(line, &len);
	colon = memchr(line, ':', len);
	return colon ? g_strndup(line, colon - line) : NULL;
}

static char *auth_account(void *data, const Credentials *credentials,
	gint64 deadline_us, GError **error)
{
	const LivyAuth *self = data;
	char *account = NULL;

	if (credentials->secret && self->kind->fetch == fetch_basic)
		account = account_of_basic(credentials);
	else if (credentials->secret)
		account = account_of_token(credentials);
	return account ? account : credentials_account(credentials);
}

static void auth_place(void *data, GString *out)
{
	const LivyAuth *self = data;

	g_string_append(out, self->kind->word);
	if (self->file)
		g_string_append_printf(out, " %s", self->file);
}

/* ---- the source ---- */

static Credentials *auth_fetch(
	void *self, gboolean again, gint64 deadline_us, GError **error)
{
	LivyAuth *auth = self;
	Credentials *found = auth->kind->fetch(auth, deadline_us, error);

	if (!found)
		g_prefix_error(error, "%s: ", auth->key);
	return found;
}

static char *auth_fingerprint(void *data)
{
	const LivyAuth *self = data;
	GString *out = g_string_new(NULL);

	if (self->file && !self->argv)
		auth_append_stat(out, g_strdup(self->file));
	return g_string_free(out, FALSE);
}

static void auth_abort(void *data)
{
	g_atomic_int_set(&((LivyAuth *)data)->stopped, 1);
}

CredentialSource *livy_auth_source(LivyAuth *self)
{
	static const CredentialClass class = {
		.name = "livy",
		.refresh_ms = REFRESH_MS,
		.fetch = auth_fetch,
		.fingerprint = auth_fingerprint,
		.abort = auth_abort,
		.account = auth_account,
		.place = auth_place,
	};

	return credential_source_new(&class, self, &clock_real);
}

gboolean livy_auth_is_none(const LivyAuth *self)
{
	return self->kind->fetch == fetch_none;
}

void livy_auth_sign(const LivyAuth *self, HttpRequest *request,
	const Credentials *credentials)
{
	if (credentials->secret && self->header) {
		g_autoptr(SecretText) value = g_strconcat(self->kind->scheme,
			secret_peek(credentials->secret), NULL);

		http_request_set(request, self->header, value);
	}
	request->negotiate = self->kind->fetch == fetch_ticket;
}
