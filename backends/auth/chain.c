#include "backends/auth/chain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backends/base/clock.h"

#define NEARBY_CONNECT_MS 1000

/* One look through the sources. */
typedef struct {
	Chain *chain;
	gboolean again; /* what there is can still be used */
	gint64 deadline_us;
	GString *looked; /* what was wrong with each */
	int code;        /* the first that says more than "none" or "wrong" */
} Round;

static gboolean is_out_of_reach(const GError *cause)
{
	if (backend_error_is_unsent(cause))
		return TRUE;
	switch (cause->code) {
	case BACKEND_ERROR_TIMEOUT:
	case BACKEND_ERROR_REMOTE:
	case BACKEND_ERROR_THROTTLED:
	case BACKEND_ERROR_BAD_ANSWER:
		return TRUE;
	default:
		return FALSE;
	}
}

static gboolean is_asked(const Chain *chain, const ChainSource *source)
{
	return (!chain->profile || source->profiled) &&
	       (!chain->file || source->filed);
}

/* A variable that it needs and that is not set; NULL: none is. */
static const char *missing(const ChainSource *source)
{
	for (gsize i = 0; i < G_N_ELEMENTS(source->needs); i++)
		if (source->needs[i] && !auth_env(source->needs[i]))
			return source->needs[i];
	return NULL;
}

static gboolean is_off(const ChainSource *source)
{
	return source->off && auth_env_true(source->off);
}

static gboolean may_be(const Chain *chain, const ChainSource *source)
{
	return !missing(source) && !is_off(source) &&
	       (!source->may_be || source->may_be(chain));
}

/* Whether nobody takes its place when it fails. */
static gboolean is_final(const Chain *chain, const ChainSource *source)
{
	return chain->class->strict && !source->metadata &&
	       may_be(chain, source);
}

/* Half of what is left, so that a source that hangs leaves the others time; all
 * of it where there are no others, or where they will not be asked then. */
static gint64 share_us(const Round *round, const ChainSource *source)
{
	gint64 now_us = clock_now_us(&clock_real);

	if (is_final(round->chain, source))
		return round->deadline_us;
	for (source++; source->what; source++)
		if (!round->again && is_asked(round->chain, source) &&
			may_be(round->chain, source))
			return now_us + (round->deadline_us - now_us) / 2;
	return round->deadline_us;
}

/* Whether nobody else is to be asked after this failure. */
static gboolean is_over(
	const Round *round, const ChainSource *source, const GError *cause)
{
	const Chain *chain = round->chain;

	if (g_atomic_int_get(&chain->stopped))
		return TRUE;
	return is_final(chain, source) ||
	       (round->again && is_out_of_reach(cause));
}

/* A source that is not set up has nothing, rather than something wrong. */
static int code_of(
	const Chain *chain, const ChainSource *source, const GError *cause)
{
	gboolean meant = source->variable && auth_env(source->variable);

	if (source->metadata && !chain->on_site &&
		(!meant || backend_error_is_unsent(cause)))
		return BACKEND_ERROR_NO_KEY;
	if (!chain->profile && !chain->file &&
		cause->code == BACKEND_ERROR_AUTH && !may_be(chain, source))
		return BACKEND_ERROR_NO_KEY;
	return cause->code;
}

static void note_code(Round *round, int code)
{
	if (round->code == BACKEND_ERROR_NO_KEY ||
		(round->code == BACKEND_ERROR_AUTH &&
			code != BACKEND_ERROR_NO_KEY))
		round->code = code;
}

static Credentials *source_get(const Chain *chain, const ChainSource *source,
	gint64 deadline_us, GError **error)
{
	const char *unset = missing(source);

	if (unset)
		backend_error_set(
			error, BACKEND_ERROR_AUTH, "%s is not set", unset);
	else if (is_off(source))
		backend_error_set(
			error, BACKEND_ERROR_NO_KEY, "%s is set", source->off);
	else if (source->get)
		return source->get(chain, deadline_us, error);
	else
		return auth_pair_new(auth_env(source->needs[0]),
			auth_env(source->needs[1]), auth_env(source->token),
			"environment", error);
	return NULL;
}

/* Asks one source; *ret_over: the others are not to be asked. */
static Credentials *round_ask(
	Round *round, const ChainSource *source, gboolean *ret_over)
{
	Chain *chain = round->chain;
	g_autoptr(GError) cause = NULL;
	Credentials *found =
		source_get(chain, source, share_us(round, source), &cause);

	if (found) {
		chain->last = source - chain->class->sources + 1;
		chain->on_site |= source->metadata;
		return found;
	}
	g_string_append_printf(round->looked, "%s%s (%s)",
		round->looked->len ? "; " : "",
		chain->file ? "that file" : source->what, cause->message);
	cause->code = code_of(chain, source, cause);
	note_code(round, cause->code);
	*ret_over = is_over(round, source, cause);
	return NULL;
}

/* first: the source to begin with, counted from 1; 0: in order. */
static Credentials *round_run(Round *round, guint first)
{
	const ChainSource *sources = round->chain->class->sources;
	gboolean over = FALSE;
	Credentials *found =
		first > 0 ? round_ask(round, sources + first - 1, &over) : NULL;

	for (guint i = 0; !found && !over && sources[i].what; i++)
		if (i + 1 != first && is_asked(round->chain, sources + i))
			found = round_ask(round, sources + i, &over);
	return found;
}

static char *chain_fingerprint(void *self)
{
	const Chain *chain = self;
	GString *out = g_string_new(NULL);

	chain->class->fingerprint(chain, out);
	return g_string_free(out, FALSE);
}

/* " (profile = a, credentials_file = b)"; "" where neither is named.  New string. */
static char *named_keys(const Chain *chain)
{
	GString *out = g_string_new(NULL);

	if (chain->profile)
		g_string_append_printf(
			out, "%s = %s", chain->class->key, chain->profile);
	if (chain->file)
		g_string_append_printf(out, "%s%s = %s", out->len ? ", " : "",
			chain->class->file_key, chain->file);
	if (out->len) {
		g_string_prepend(out, " (");
		g_string_append_c(out, ')');
	}
	return g_string_free(out, FALSE);
}

static Credentials *chain_fetch(
	void *data, gboolean again, gint64 deadline_us, GError **error)
{
	Chain *chain = data;
	g_autofree char *print = chain_fingerprint(chain);
	g_autoptr(GString) looked = g_string_new(NULL);
	Round round = {chain, again, deadline_us, looked, BACKEND_ERROR_NO_KEY};
	gboolean same = g_strcmp0(print, chain->last_print) == 0;
	Credentials *found = round_run(&round, same ? chain->last : 0);

	if (found) {
		g_free(chain->last_print);
		chain->last_print = g_steal_pointer(&print);
		return found;
	}
	g_autofree char *keys = named_keys(chain);
	return backend_error_null(error, round.code,
		"no credentials for %s%s; looked in %s", chain->class->vendor,
		keys, looked->str);
}

/* ---- whose ---- */

static char *chain_account(void *data, const Credentials *credentials,
	gint64 deadline_us, GError **error)
{
	const Chain *chain = data;

	return chain->class->account ? chain->class->account(chain, credentials,
					       deadline_us, error)
				     : credentials_account(credentials);
}

/* The first that would be asked, as far as is known without the network. */
static const ChainSource *first_source(const Chain *chain)
{
	const ChainSource *first = chain->class->sources;

	while (first->what &&
		(!is_asked(chain, first) || !may_be(chain, first)))
		first++;
	return first;
}

static void chain_place(void *data, GString *out)
{
	const Chain *chain = data;
	const ChainSource *first = first_source(chain);

	if (chain->profile)
		g_string_append_printf(out, "profile %s, ", chain->profile);
	if (chain->file)
		g_string_append_printf(
			out, "%s %s, ", chain->class->file_key, chain->file);
	g_string_append(out, first->what ? first->what : "nothing");
	if (first->what && chain->class->place)
		chain->class->place(chain, first, out);
}

/* ---- construction ---- */

static void chain_free(void *data)
{
	Chain *chain = data;

	http_client_free(chain->remote);
	http_client_free(chain->nearby);
	g_free(chain->profile);
	g_free(chain->file);
	g_free(chain->region);
	g_free(chain->last_print);
	g_free(chain);
}

static void chain_abort(void *data)
{
	Chain *chain = data;

	g_atomic_int_set(&chain->stopped, 1);
	http_client_abort(chain->remote);
	http_client_abort(chain->nearby);
}

/* The class that a source keeps is the chain's own, since the vendor's name and
 * patience are in it. */
typedef struct {
	Chain chain;
	CredentialClass class;
} Whole;

static char *text_or_null(const char *text)
{
	return g_strdup(text && *text ? text : NULL);
}

CredentialSource *chain_new(const ChainClass *class, const char *profile,
	const char *file, const char *region, const HttpSettings *http)
{
	static const HttpSettings none;
	HttpSettings nearby = http ? *http : none;
	Whole *whole = g_new0(Whole, 1);

	nearby.proxy = "";
	nearby.connect_ms = NEARBY_CONNECT_MS;
	whole->chain.class = class;
	whole->chain.profile = text_or_null(profile);
	whole->chain.file = text_or_null(file);
	whole->chain.region = text_or_null(region);
	whole->chain.remote = http_client_new(http ? http : &none);
	whole->chain.nearby = http_client_new(&nearby);
	whole->class = (CredentialClass){
		.name = class->name,
		.refresh_ms = class->refresh_ms,
		.fetch = chain_fetch,
		.fingerprint = chain_fingerprint,
		.free = chain_free,
		.abort = chain_abort,
		.account = chain_account,
		.place = chain_place,
	};
	return credential_source_new(&whole->class, whole, &clock_real);
}

/* ---- what looks wrong ---- */

/* Who chooses the profile; NULL: nobody. */
static const char *profile_chooser(const Chain *chain)
{
	const char *const *variables = chain->class->profile_variables;

	if (chain->profile)
		return chain->class->key;
	for (gsize i = 0; i < G_N_ELEMENTS(chain->class->profile_variables);
		i++)
		if (variables[i] && auth_env(variables[i]))
			return variables[i];
	return NULL;
}

static char *doubt_profile(const Chain *chain)
{
	const char *who = profile_chooser(chain);
	const ChainSource *first = first_source(chain);
	g_autoptr(GString) files = g_string_new(NULL);
	const char *name;

	/* One that knows no profiles and comes before them needs none. */
	if (!who || !chain->class->lacks ||
		(!chain->profile && first->what && !first->profiled &&
			!first->metadata) ||
		(chain->file && !auth_is_file(chain->file)))
		return NULL;
	name = chain->profile ? chain->profile : auth_env(who);
	return chain->class->lacks(chain, name, files)
		       ? g_strdup_printf("%s: there is no profile %.64s in %s",
				 who, name, files->str)
		       : NULL;
}

/* What the section names is looked at by whoever reads it. */
static char *doubt_named(const Chain *chain)
{
	const ChainSource *source = chain->class->sources;

	for (; source->what; source++) {
		const char *path =
			source->named ? auth_env(source->named) : NULL;
		g_autofree char *whole = path ? auth_whole_path(path) : NULL;

		if (path && !chain->file && is_asked(chain, source) &&
			!missing(source) && access(whole, R_OK))
			return g_strdup_printf(
				"%s: names a file that cannot be "
				"read: %s: %s",
				source->named, path, g_strerror(errno));
	}
	return NULL;
}

char *chain_doubt(const ChainClass *class, const char *profile,
	const char *file, const char *region)
{
	const Chain chain = {.class = class,
		.profile = (char *)profile,
		.file = (char *)file,
		.region = (char *)region};
	char *doubt = doubt_named(&chain);

	if (!doubt)
		doubt = doubt_profile(&chain);
	return doubt || !class->doubt ? doubt : class->doubt(&chain);
}

gboolean chain_in_sight(const ChainClass *class)
{
	const Chain chain = {.class = class};

	for (const ChainSource *source = class->sources; source->what; source++)
		if (!source->metadata && may_be(&chain, source))
			return TRUE;
	return FALSE;
}
