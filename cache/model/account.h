#pragma once

#include "cache/model/dir.h"
#include "cache/store/dirlog.h"

/*
 * Whose state it is that a section's directory shows.  One section may speak of
 * several accounts, one after the other: another profile, region or endpoint is
 * configured, or its credentials change.  Each has a directory of its own in the
 * tree, with numbers and requests of its own, and one in the state directory; the
 * one that is shown is that of the account which the credentials are of.  What is
 * kept of the others stays as it is, until they come back.
 *
 * Where a section speaks to (`place`) is known at the start.  Whose credentials it
 * has takes a call: until then that account is shown which the same source of
 * credentials had last, and it is marked as not proved.  Each call asks, before it
 * leaves, whether its credentials are of the account that it is made for
 * (Call.owned), and each answer that is none of a refusal proves it
 * (Call.accepted).
 *
 * Nobody is set aside for credentials that the provider refuses: whoever mistypes a
 * key, or replaces it before it is known everywhere, goes on seeing what was known,
 * with the refusal in .status.  Credentials of another name are tried by a question
 * of their own first (proof.h), before anything is sent for their sake.
 *
 * A new key in the place of an old one (a rotation) is no other account as long as
 * it reaches what is known here: the state stays, with its numbers and its open
 * requests, and is marked as proved.  It matters to providers alone that tell of a
 * key no more than its id (Alibaba, and the oldest keys of AWS); their token services
 * could tell the account, but only while the old key is there to be asked about,
 * and would have to be reached by everybody for the sake of the few who rotate.
 */
typedef struct Account {
	guint32 number;           /* of its directory; 0: none yet */
	const DirLogEntry *known; /* as it was loaded; NULL: made since */
	char *store; /* the name of its directory in the state directory, under
	                which its requests are kept, too; NULL: none yet */
	char *place;
	char *source;
	const char *name; /* interned; NULL: not told yet.  Atomic */
	int proved; /* the provider has accepted the present credentials in this
	               run, and they are of this account; atomic */
	guint32 used;
	guint64 shown; /* sessions of all its workspaces; atomic */
	int unkept;    /* its name is not on disk yet; atomic */
	Dir *dir;      /* NULL: not loaded */
} Account;

/* ---- before the start, or with the apply lock of the root ---- */

/* Where a backend speaks to: new string. */
char *account_place(Backend *backend);
/* Asks the provider's backend for that, and for its source. */
void account_identify(Provider *provider);
/* What was kept of the section; other: of it too, but of another place; or NULL. */
void accounts_load(Provider *provider, const Provider *other);
/* The one to be shown at first, which may be new. */
Account *account_choose(Provider *provider);

/* Puts it on disk as the one that was used last.  Errors: LOCAL, NO_ROOM. */
gboolean account_keep(Provider *provider, Account *account,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NULL: not told yet.  Interned. */
const char *account_name(const Account *account);
void account_set_name(Account *account, const char *name);
gboolean account_is_of(const Account *account, const char *name);
/* What an account is called here, by what a provider tells: a new string. */
char *account_line(const char *told);

/* ---- with the apply lock of the root ---- */

/* That of the section's place which bears the name; NULL: none. */
Account *account_of_name(const Provider *provider, const char *name);
/* One that has no name yet. */
Account *account_new(Provider *provider);
/* Counts those that are not shown. */
void accounts_count_aside(Provider *provider);

/* ---- at any time ---- */

/* Lines of .status. */
void account_report(Dir *dir, GString *out);
/* The section that a store is of; new string. */
char *account_section(const char *store);
