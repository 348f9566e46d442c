#include "backends/base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "backends/base/mutex.h"

#define MASK "***"
/* Shorter ones would be found within ordinary words. */
#define MASKED_MIN 8
#define LOGIN_MIN 4
#define USER_MIN 6
/* Each has a page; a URL makes up to ten of them. */
#define LOGINS_MAX 512

/* The text lies on pages of its own, since that is the grain at which the
 * kernel keeps memory out of core files and off the swap. */
struct Secret {
	gint refs; /* atomic */
	gsize len;
	gsize mapped;
	gboolean login; /* kept by secret_keep_login */
	char *text;
	Secret *before, *next; /* in the list of all that are alive */
};

static Mutex alive_lock = MUTEX_INIT;
static Secret *alive;

void secret_wipe(void *memory, gsize len)
{
	if (memory)
		OPENSSL_cleanse(memory, len);
}

void secret_free_text(gpointer text)
{
	if (text)
		secret_wipe(text, strlen(text));
	g_free(text);
}

static gsize round_to_pages(gsize len)
{
	gsize page = (gsize)sysconf(_SC_PAGESIZE);

	return (len + page - 1) / page * page;
}

static void link_first(Secret *secret) REQUIRES(alive_lock)
{
	secret->before = NULL;
	secret->next = alive;
	if (alive != NULL)
		alive->before = secret;
	alive = secret;
}

static void unlink_one(Secret *secret) REQUIRES(alive_lock)
{
	if (secret->before != NULL)
		secret->before->next = secret->next;
	else
		alive = secret->next;
	if (secret->next != NULL)
		secret->next->before = secret->before;
}

static void alive_add(Secret *secret)
{
	mutex_lock(&alive_lock);
	link_first(secret);
	mutex_unlock(&alive_lock);
}

static void alive_remove(Secret *secret)
{
	mutex_lock(&alive_lock);
	unlink_one(secret);
	mutex_unlock(&alive_lock);
}

static Secret *make(const char *text, gssize len, gboolean login)
{
	Secret *secret = g_new0(Secret, 1);

	secret->refs = 1;
	secret->login = login;
	secret->len = len < 0 ? strlen(text) : (gsize)len;
	secret->mapped = round_to_pages(secret->len + 1);
	secret->text = mmap(NULL, secret->mapped, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret->text == MAP_FAILED)
		g_error("no memory for a secret of %" G_GSIZE_FORMAT " bytes",
			secret->len);
	/* Both may be refused (limits, old kernels): no reason to go without. */
	if (madvise(secret->text, secret->mapped, MADV_DONTDUMP) != 0 ||
		mlock(secret->text, secret->mapped) != 0)
		g_debug("a secret's memory could not be locked");
	memcpy(secret->text, text, secret->len);
	mprotect(secret->text, secret->mapped, PROT_READ);
	alive_add(secret);
	return secret;
}

Secret *secret_new(const char *text, gssize len)
{
	return make(text, len, FALSE);
}

Secret *secret_take(char *text)
{
	g_autoptr(SecretText) owned = text;

	return owned ? secret_new(owned, -1) : NULL;
}

Secret *secret_ref(Secret *secret)
{
	g_atomic_int_inc(&secret->refs);
	return secret;
}

void secret_unref(Secret *secret)
{
	if (!secret || !g_atomic_int_dec_and_test(&secret->refs))
		return;
	alive_remove(secret);
	mprotect(secret->text, secret->mapped, PROT_READ | PROT_WRITE);
	secret_wipe(secret->text, secret->mapped);
	munmap(secret->text, secret->mapped);
	g_free(secret);
}

const char *secret_peek(const Secret *secret)
{
	return secret->text;
}

gsize secret_len(const Secret *secret)
{
	return secret->len;
}

/* ---- masking ---- */

/* With the lock: the length of the longest secret that begins there; 0: none. */
static gsize secret_at(const char *text)
{
	gsize longest = 0;

	for (const Secret *s = alive; s != NULL; s = s->next)
		if (s->len >= (s->login ? LOGIN_MIN : MASKED_MIN) &&
			s->len > longest && strncmp(text, s->text, s->len) == 0)
			longest = s->len;
	return longest;
}

char *secret_mask(const char *text)
{
	GString *out = g_string_sized_new(strlen(text));

	mutex_lock(&alive_lock);
	while (*text != '\0') {
		gsize len = secret_at(text);

		if (len > 0)
			g_string_append(out, MASK);
		else
			g_string_append_c(out, *text);
		text += MAX(len, 1);
	}
	mutex_unlock(&alive_lock);
	return g_string_free(out, FALSE);
}

gboolean secret_is_in(const char *text)
{
	gboolean found = FALSE;

	mutex_lock(&alive_lock);
	for (; *text != '\0' && !found; text++)
		found = secret_at(text) > 0;
	mutex_unlock(&alive_lock);
	return found;
}

/* One that is met again is the youngest again. */
static gboolean is_kept(const char *text)
{
	Secret *s;

	mutex_lock(&alive_lock);
	for (s = alive; s != NULL; s = s->next)
		if (s->login && strcmp(s->text, text) == 0)
			break;
	if (s != NULL) {
		unlink_one(s);
		link_first(s);
	}
	mutex_unlock(&alive_lock);
	return s != NULL;
}

/* The oldest of too many, which nobody else takes; NULL: there are not. */
static Secret *take_oldest(void)
{
	Secret *oldest = NULL;
	guint n = 0;

	mutex_lock(&alive_lock);
	for (Secret *s = alive; s != NULL; s = s->next)
		if (s->login) {
			oldest = s;
			n++;
		}
	if (n <= LOGINS_MAX)
		oldest = NULL;
	else
		oldest->login = FALSE;
	mutex_unlock(&alive_lock);
	return oldest;
}

/* The list of what is alive refers to it from now on. */
static void keep(const char *text, gsize len, gsize min)
{
	g_autoptr(SecretText) copy = g_strndup(text, len);

	if (len < min || is_kept(copy))
		return;
	make(copy, -1, TRUE);
	secret_unref(take_oldest());
}

/* And the parts between characters at which a URL is taken apart. */
static void keep_parts(const char *password, gsize len)
{
	gsize start = 0;

	keep(password, len, LOGIN_MIN);
	for (gsize i = 0; i <= len; i++) {
		if (i < len && strchr("#?/@:[]\\", password[i]) == NULL)
			continue;
		keep(password + start, i - start, LOGIN_MIN);
		start = i + 1;
	}
}

static void keep_password(const char *password, gsize len)
{
	g_autoptr(SecretText) decoded =
		g_uri_unescape_segment(password, password + len, NULL);

	keep_parts(password, len);
	if (decoded != NULL)
		keep_parts(decoded, strlen(decoded));
}

void secret_keep_login(const char *url)
{
	const char *scheme = url != NULL ? strstr(url, "://") : NULL;
	const char *login = scheme != NULL ? scheme + strlen("://") : url;
	const char *at = login != NULL ? strrchr(login, '@') : NULL;
	const char *colon;

	if (at == NULL || at == login)
		return;
	colon = memchr(login, ':', (gsize)(at - login));
	/* A mail address, or the path of a URL. */
	if (colon == NULL &&
		(scheme == NULL || memchr(login, '/', (gsize)(at - login))))
		return;
	if (colon == NULL)
		colon = at;
	/* A short one with its "@". */
	keep(login, MAX((gsize)(at - login), LOGIN_MIN), LOGIN_MIN);
	keep(login, (gsize)(colon - login), USER_MIN);
	if (colon == at)
		return;
	keep_password(colon + 1, (gsize)(at - colon - 1));
}

/* ---- bytes ---- */

typedef struct {
	char *text;
	gsize len;
} Wiped;

static void wiped_free(gpointer data)
{
	Wiped *self = data;

	secret_wipe(self->text, self->len);
	g_free(self->text);
	g_free(self);
}

GBytes *secret_bytes(char *text, gsize len)
{
	Wiped *self = g_new(Wiped, 1);

	*self = (Wiped){text, len};
	return g_bytes_new_with_free_func(text, len, wiped_free, self);
}

GBytes *secret_string_bytes(GString *text)
{
	gsize len = text->len;

	return secret_bytes(g_string_free(text, FALSE), len);
}
