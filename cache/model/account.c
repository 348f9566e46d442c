#include "cache/model/account.h"

#include <string.h>

#include "cache/base/hash.h"
#include "cache/merge/change.h"
#include "cache/merge/proof.h"
#include "cache/merge/provider_open.h"
#include "cache/requests/requests_aside.h"

/* What is longer is told apart by its hash. */
#define TEXT_MAX 1500

void account_free(Account *account)
{
	g_free(account->store);
	g_free(account->place);
	g_free(account->source);
	g_free(account);
}

/* ---- texts ---- */

/* A line of bounded length, and another one for another text. */
static char *line_of(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	gsize len = strlen(valid);

	for (char *c = valid; *c != '\0'; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	if (len <= TEXT_MAX)
		return g_steal_pointer(&valid);
	return g_strdup_printf("%.*s...%016" G_GINT64_MODIFIER "x", TEXT_MAX,
		valid, hash_bytes(text, strlen(text)));
}

/* A section's name begins with a letter or a digit. */
static char *store_of(const char *section, guint32 number)
{
	return g_strdup_printf(".%s@%u", section, number);
}

char *account_section(const char *store)
{
	const char *at = strrchr(store, '@');

	if (*store != '.' || at == NULL)
		return g_strdup(store);
	return g_strndup(store + 1, (gsize)(at - store - 1));
}

const char *account_name(const Account *account)
{
	return __atomic_load_n(&account->name, __ATOMIC_ACQUIRE);
}

static void set_name(Account *account, const char *name)
{
	__atomic_store_n(
		&account->name, g_intern_string(name), __ATOMIC_RELEASE);
}

/* ---- what was kept ---- */

void account_identify(Provider *provider)
{
	g_autoptr(GString) place = g_string_new(NULL);
	g_autoptr(GString) source = g_string_new(NULL);

	backend_identify(provider->backend, place, source);
	provider->place = line_of(place->str);
	provider->source = line_of(source->str);
	provider->accounts =
		g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
}

/* What an older version kept is of whom it is asked for first. */
static void load_one(const DirLogEntry *entry, void *data)
{
	Provider *provider = data;
	gboolean told = entry->account != NULL;
	Account *account;

	if (!g_str_equal(entry->id, provider->section->text))
		return;
	account = g_new0(Account, 1);
	account->number = entry->number;
	account->known = entry;
	account->store = g_strdup(told ? entry->store : entry->id);
	account->place = g_strdup(told ? entry->place : provider->place);
	account->source = g_strdup(told ? entry->source : provider->source);
	account->used = entry->used;
	if (told && *entry->account != '\0')
		set_name(account, entry->account);
	g_ptr_array_add(provider->accounts, account);
}

void accounts_load(Provider *provider)
{
	dirlog_foreach(provider->root->cache->tree, 0, load_one, provider);
}

static Account *account_new(Provider *provider)
{
	Account *account = g_new0(Account, 1);

	account->place = g_strdup(provider->place);
	account->source = g_strdup(provider->source);
	g_ptr_array_add(provider->accounts, account);
	return account;
}

typedef enum { BY_SOURCE, BY_NOBODY, BY_ACCOUNT } Wanted;

/* The one of this place that was used last. */
static Account *find(const Provider *provider, Wanted wanted, const char *name)
{
	Account *found = NULL;

	for (guint i = 0; i < provider->accounts->len; i++) {
		Account *one = g_ptr_array_index(provider->accounts, i);
		const char *own = account_name(one);
		gboolean fits = FALSE;

		switch (wanted) {
		case BY_SOURCE:
			fits = g_str_equal(one->source, provider->source);
			break;
		case BY_NOBODY:
			fits = own == NULL;
			break;
		case BY_ACCOUNT:
			fits = g_strcmp0(own, name) == 0;
			break;
		}
		if (fits && g_str_equal(one->place, provider->place) &&
			(found == NULL || one->used >= found->used))
			found = one;
	}
	return found;
}

static void count_aside(Provider *provider)
{
	__atomic_store_n(&provider->aside, (int)provider->accounts->len - 1,
		__ATOMIC_RELAXED);
}

Account *account_choose(Provider *provider)
{
	Account *account = find(provider, BY_SOURCE, NULL);

	if (account == NULL)
		account = find(provider, BY_NOBODY, NULL);
	if (account == NULL)
		account = account_new(provider);
	count_aside(provider);
	return account;
}

/* ---- on disk ---- */

/* There may be stores that no entry tells of any more: then the one that bears the
 * section's name is not known to be anybody's. */
static gboolean is_first(const Provider *provider)
{
	g_autoptr(GDir) dir =
		g_dir_open(provider->root->cache->state_dir, 0, NULL);
	const char *name;

	if (provider->accounts->len > 1)
		return FALSE;
	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *section = account_section(name);

		if (*name == '.' &&
			g_str_equal(section, provider->section->text))
			return FALSE;
	}
	return TRUE;
}

static guint32 used_last(const Provider *provider)
{
	guint32 used = 0;

	for (guint i = 0; i < provider->accounts->len; i++)
		used = MAX(used,
			((Account *)g_ptr_array_index(provider->accounts, i))
				->used);
	return used;
}

gboolean account_keep(Provider *provider, Account *account, GError **error)
{
	const char *section = provider->section->text,
		   *name = account_name(account);

	if (account->store == NULL)
		account->store = is_first(provider)
					 ? g_strdup(section)
					 : store_of(section, account->number);
	g_free(account->source);
	account->source = g_strdup(provider->source);
	account->used = used_last(provider) + 1;
	const char *texts[] = {account->store, account->place,
		name != NULL ? name : "", account->source};

	return dirlog_account(
		provider->root->cache->tree, account->number, texts, error);
}

/* ---- whose a call is ---- */

/* The directory of another account takes the place of the one that is shown. */
static gboolean show(Provider *provider, Account *account, GError **error)
{
	Dir *root = provider->root, *old = provider_dir(provider);
	Dir *dir = provider_open(provider, account, error);
	Row row = {.phase = PHASE_IDLE, .id = (Id *)provider->section};
	Change change;
	gboolean ok;

	if (dir == NULL)
		return FALSE;
	change_begin(&change, root);
	change_remove(&change, snapshot_find(root->shown, old->number));
	row.number = dir->number;
	change_renumber_as(&change, row.id, dir->number);
	ok = change_put(&change, &row, NULL, NULL, 0, 0, error);
	if (ok) {
		__atomic_store_n(&dir->looked_us,
			__atomic_load_n(&old->looked_us, __ATOMIC_RELAXED),
			__ATOMIC_RELAXED);
		__atomic_store_n(&provider->dir, dir, __ATOMIC_RELEASE);
		ok = change_commit(&change, error);
	}
	change_end(&change);
	return ok;
}

/* As long as it cannot be written, each call tries again: else the next start
 * would give all that is kept here to whoever asks first. */
static void keep_name(Provider *provider, Account *account)
{
	g_autoptr(GError) error = NULL;
	gboolean kept = account_keep(provider, account, &error);

	if (!kept && !__atomic_load_n(&account->unkept, __ATOMIC_RELAXED))
		g_warning("%s: %s", id_name(provider->section), error->message);
	__atomic_store_n(&account->unkept, !kept, __ATOMIC_RELAXED);
}

static void set_aside(Provider *provider, Account *now, Account *wanted)
{
	g_autoptr(GError) error = NULL;
	const char *before = account_name(now);

	if (!show(provider, wanted, &error)) {
		g_warning("%s: the state of account %s cannot be shown: %s",
			id_name(provider->section), account_name(wanted),
			error->message);
		return;
	}
	keep_name(provider, wanted);
	count_aside(provider);
	requests_show(provider->root->cache->requests, provider);
	g_message("%s: the credentials are of account %s; what is known of %s "
		  "is set aside until it comes back",
		id_name(provider->section), account_name(wanted),
		before != NULL ? before : "another");
}

static gboolean is_of(const Account *account, const char *name)
{
	return g_strcmp0(account_name(account), name) == 0;
}

static void set_proved(Account *account, int proved)
{
	__atomic_store_n(&account->proved, proved, __ATOMIC_RELAXED);
}

/* Nobody bears that name yet. */
static void take_name(Provider *provider, Account *now, const char *name)
{
	const char *before = account_name(now);

	if (before != NULL)
		g_message("%s: the credentials, of %s until now, are those of "
			  "%s, which reaches the same workspaces",
			id_name(provider->section), before, name);
	set_name(now, name);
	keep_name(provider, now);
}

static void become_another(Provider *provider, Account *now, const char *name)
{
	Account *wanted = find(provider, BY_ACCOUNT, name);

	if (wanted == NULL) {
		wanted = account_new(provider);
		set_name(wanted, name);
	}
	set_aside(provider, now, wanted);
	set_proved(wanted, 1);
}

/* asked: the account that the proof is about. */
static void conclude(
	Provider *provider, const Account *asked, const char *name, Proof proof)
{
	Cache *cache = provider->root->cache;
	Account *now;

	pthread_mutex_lock(&cache->root->apply);
	now = provider_dir(provider)->account;
	/* Another thread may have concluded the same. */
	if (now == asked && !is_of(now, name)) {
		if (proof == PROOF_SAME &&
			find(provider, BY_ACCOUNT, name) == NULL)
			take_name(provider, now, name);
		else
			become_another(provider, now, name);
	}
	pthread_mutex_unlock(&cache->root->apply);
	news_deliver(cache->news);
	scheduler_wake(cache->scheduler);
}

static gboolean is_borne(Provider *provider, const char *name)
{
	gboolean borne;

	pthread_mutex_lock(&provider->root->apply);
	borne = find(provider, BY_ACCOUNT, name) != NULL;
	pthread_mutex_unlock(&provider->root->apply);
	return borne;
}

/* Whether it is that account's, or, where it is nobody's yet, no other's. */
static gboolean is_free_for(Dir *dir, const char *name)
{
	if (account_name(dir->account) == NULL)
		return !is_borne(dir->provider, name);
	return is_of(dir->account, name);
}

gboolean account_owned(const char *told, const Call *call, GError **error)
{
	Dir *dir = call->owner, *shown = provider_dir(dir->provider);
	Account *asked = shown->account;
	g_autofree char *name = line_of(told);
	Proof proof = PROOF_OTHER;

	if (is_free_for(dir, name))
		return TRUE;
	if (asked == dir->account) {
		set_proved(asked, 0);
		proof = proof_get(shown, told, call, error);
		if (proof == PROOF_NONE)
			return FALSE;
		conclude(dir->provider, asked, name, proof);
	}
	if (is_of(dir->account, name))
		return TRUE;
	backend_error_set(error, BACKEND_ERROR_AUTH,
		"nothing was sent: the credentials are of another account now, "
		"%s, than what is shown here",
		told);
	return FALSE;
}

/* As long as the name cannot be kept, each answer tries again. */
gboolean account_accepted(const char *told, const Call *call)
{
	Dir *dir = call->owner;
	Account *account = dir->account;
	Provider *provider = dir->provider;
	g_autofree char *name = line_of(told);

	if (account_name(account) == NULL ||
		__atomic_load_n(&account->unkept, __ATOMIC_RELAXED)) {
		pthread_mutex_lock(&provider->root->apply);
		if (account_name(account) == NULL &&
			find(provider, BY_ACCOUNT, name) == NULL)
			take_name(provider, account, name);
		else if (is_of(account, name))
			keep_name(provider, account);
		pthread_mutex_unlock(&provider->root->apply);
	}
	if (is_of(account, name))
		set_proved(account, 1);
	return is_of(account, name);
}

/* ---- .status ---- */

void account_report(Dir *dir, GString *out)
{
	const Account *account = dir->account;
	gboolean proved = __atomic_load_n(&account->proved, __ATOMIC_RELAXED);
	const char *name = account_name(account);

	g_string_append_printf(
		out, "account: %s\n", name != NULL ? name : "not told yet");
	g_string_append_printf(
		out, "account_proved: %-3s\n", proved ? "yes" : "no");
	if (dir->kind == DIR_PROVIDER)
		g_string_append_printf(out,
			"accounts_set_aside: %d\nrequests_set_aside: %u\n",
			__atomic_load_n(
				&dir->provider->aside, __ATOMIC_RELAXED),
			requests_aside(dir->cache->requests, dir));
}
