#include "cache/model/account.h"

#include <string.h>

#include "cache/base/hash.h"

/* What is longer is told apart by its hash. */
#define TEXT_MAX 1500

static void account_free(Account *account)
{
	g_free(account->store);
	g_free(account->place);
	g_free(account->source);
	g_free(account);
}

/* ---- texts ---- */

/* A line of bounded length, and another one for another text. */
char *account_line(const char *text)
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

void account_set_name(Account *account, const char *name)
{
	__atomic_store_n(
		&account->name, g_intern_string(name), __ATOMIC_RELEASE);
}

/* ---- what was kept ---- */

char *account_place(Backend *backend)
{
	g_autoptr(GString) place = g_string_new(NULL);
	g_autoptr(GString) source = g_string_new(NULL);

	backend_identify(backend, place, source);
	return account_line(place->str);
}

void account_identify(Provider *provider)
{
	g_autoptr(GString) place = g_string_new(NULL);
	g_autoptr(GString) source = g_string_new(NULL);
	g_autoptr(HeldBackend) backend = provider_hold(provider);

	backend_identify(backend, place, source);
	g_free(provider->place);
	g_free(provider->source);
	provider->place = account_line(place->str);
	provider->source = account_line(source->str);
}

/* What an older version kept is of whom it is asked for first. */
static void load_one(const DirLogEntry *entry, void *data)
{
	Provider *provider = data;
	const char *const older[N_ACCOUNT_TEXTS] = {
		entry->id, provider->place, "", provider->source};
	const char *const *texts = entry->account != NULL
					   ? (const char *const *)entry->account
					   : older;
	Account *account;

	if (!g_str_equal(entry->id, provider->section->text))
		return;
	account = g_new0(Account, 1);
	account->number = entry->number;
	account->known = entry;
	account->store = g_strdup(texts[ACCOUNT_STORE]);
	account->place = g_strdup(texts[ACCOUNT_PLACE]);
	account->source = g_strdup(texts[ACCOUNT_SOURCE]);
	account->used = entry->used;
	if (*texts[ACCOUNT_NAME] != '\0')
		account_set_name(account, texts[ACCOUNT_NAME]);
	g_ptr_array_add(provider->accounts, account);
}

void accounts_load(Provider *provider, const Provider *other)
{
	if (other != NULL) {
		provider->accounts = g_ptr_array_ref(other->accounts);
		return;
	}
	provider->accounts =
		g_ptr_array_new_with_free_func((GDestroyNotify)account_free);
	dirlog_foreach(provider->root->cache->tree, 0, load_one, provider);
}

Account *account_new(Provider *provider)
{
	Account *account = g_new0(Account, 1);

	account->place = g_strdup(provider->place);
	account->source = g_strdup(provider->source);
	g_ptr_array_add(provider->accounts, account);
	return account;
}

typedef enum { BY_SOURCE, BY_ACCOUNT } Wanted;

/* The one of this place that was used last.  name NULL: nobody's. */
static Account *find(const Provider *provider, Wanted wanted, const char *name)
{
	Account *found = NULL;

	for (guint i = 0; i < provider->accounts->len; i++) {
		Account *one = g_ptr_array_index(provider->accounts, i);
		const char *own = account_name(one);
		gboolean fits = wanted == BY_SOURCE ? g_str_equal(one->source,
							      provider->source)
						    : g_strcmp0(own, name) == 0;

		if (fits && g_str_equal(one->place, provider->place) &&
			(found == NULL || one->used >= found->used))
			found = one;
	}
	return found;
}

Account *account_of_name(const Provider *provider, const char *name)
{
	return find(provider, BY_ACCOUNT, name);
}

gboolean account_is_of(const Account *account, const char *name)
{
	return g_strcmp0(account_name(account), name) == 0;
}

void accounts_count_aside(Provider *provider)
{
	__atomic_store_n(&provider->aside, (int)provider->accounts->len - 1,
		__ATOMIC_RELAXED);
}

Account *account_choose(Provider *provider)
{
	Account *account = find(provider, BY_SOURCE, NULL);

	if (account == NULL)
		account = find(provider, BY_ACCOUNT, NULL);
	if (account == NULL)
		account = account_new(provider);
	accounts_count_aside(provider);
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
	char *texts[] = {account->store, account->place,
		(char *)(name != NULL ? name : ""), account->source, NULL};

	return dirlog_account(
		provider->root->cache->tree, account->number, texts, error);
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
		g_string_append_printf(out, "accounts_set_aside: %d\n",
			__atomic_load_n(
				&dir->provider->aside, __ATOMIC_RELAXED));
}
