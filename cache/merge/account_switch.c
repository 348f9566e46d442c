#include "cache/merge/account_switch.h"

#include "cache/base/locked.h"
#include "cache/merge/proof.h"
#include "cache/merge/provider_open.h"
#include "cache/merge/section.h"
#include "cache/requests/requests_aside.h"

/* The directory of another account takes the place of the one that is shown. */
static gboolean show(Provider *provider, Account *account, GError **error)
{
	Dir *dir = provider_open(provider, account, error);

	if (dir == NULL)
		return FALSE;
	/* Before anybody sees the other account. */
	accounts_count_aside(provider);
	return section_show(provider_dir(provider), dir, error);
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
	REQUIRES(provider->root->apply)
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
	requests_show(provider->root->cache->requests, provider);
	g_message("%s: the credentials are of account %s; what is known of %s "
		  "is set aside until it comes back",
		id_name(provider->section), account_name(wanted),
		before != NULL ? before : "another");
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
	account_set_name(now, name);
	keep_name(provider, now);
}

static void become_another(Provider *provider, Account *now, const char *name)
	REQUIRES(provider->root->apply)
{
	Account *wanted = account_of_name(provider, name);

	if (wanted == NULL) {
		wanted = account_new(provider);
		account_set_name(wanted, name);
	}
	set_proved(wanted, 1);
	set_aside(provider, now, wanted);
}

/* asked: the account that the proof is about. */
static void conclude(
	Provider *provider, const Account *asked, const char *name, Proof proof)
{
	Cache *cache = provider->root->cache;
	Account *now;

	mutex_lock(&provider->root->apply);
	now = provider_dir(provider)->account;
	/* Another thread may have concluded the same; and what the configuration
	 * names no more takes nobody's place. */
	if (now == asked && !account_is_of(now, name) &&
		!__atomic_load_n(
			&provider_dir(provider)->retired, __ATOMIC_ACQUIRE)) {
		if (proof == PROOF_SAME &&
			account_of_name(provider, name) == NULL)
			take_name(provider, now, name);
		else
			become_another(provider, now, name);
	}
	mutex_unlock(&provider->root->apply);
	news_deliver(cache->news);
	scheduler_wake(cache->scheduler);
}

/* Whether it is that account's, or, where it is nobody's yet, no other's. */
static gboolean is_free_for(Dir *dir, const char *name)
{
	if (account_name(dir->account) == NULL)
		return LOCKED(&dir->provider->root->apply,
			       account_of_name(dir->provider, name)) == NULL;
	return account_is_of(dir->account, name);
}

gboolean account_owned(const char *told, const Call *call, GError **error)
{
	Dir *dir = call->owner, *shown = provider_dir(dir->provider);
	Account *asked = shown->account;
	g_autofree char *name = account_line(told);
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
	if (account_is_of(dir->account, name))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_AUTH,
		"nothing was sent: the credentials are of another account now, "
		"%s, than what is shown here",
		told);
}

/* As long as the name cannot be kept, each answer tries again. */
gboolean account_accepted(const char *told, const Call *call)
{
	Dir *dir = call->owner;
	Account *account = dir->account;
	Provider *provider = dir->provider;
	g_autofree char *name = account_line(told);

	if (account_name(account) == NULL ||
		__atomic_load_n(&account->unkept, __ATOMIC_RELAXED)) {
		mutex_lock(&provider->root->apply);
		if (account_name(account) == NULL &&
			account_of_name(provider, name) == NULL)
			take_name(provider, account, name);
		else if (account_is_of(account, name))
			keep_name(provider, account);
		mutex_unlock(&provider->root->apply);
	}
	if (account_is_of(account, name))
		set_proved(account, 1);
	return account_is_of(account, name);
}
