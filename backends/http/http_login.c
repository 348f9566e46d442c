#include "backends/http/http_login.h"

#include "backends/base/mutex.h"

/*
 * The ticket goes with the first request already: curl asks GSSAPI for it
 * without waiting for a challenge where negotiate is the only way to log in.  A
 * request that changes something is thus sent once, in full, or not at all.
 * GSSAPI may ask the KDC for it, which takes as long as krb5.conf lets it.
 */

struct HttpLogin {
	CURLSH *share;
	Mutex locks[CURL_LOCK_DATA_LAST];
};

/* libcurl holds it from one of these calls to the other. */
static void on_lock(CURL *easy, curl_lock_data data, curl_lock_access access,
	void *user) NO_THREAD_SAFETY_ANALYSIS
{
	HttpLogin *self = user;

	mutex_lock(&self->locks[data]);
}

static void on_unlock(
	CURL *easy, curl_lock_data data, void *user) NO_THREAD_SAFETY_ANALYSIS
{
	HttpLogin *self = user;

	mutex_unlock(&self->locks[data]);
}

HttpLogin *http_login_new(void)
{
	HttpLogin *self = g_new0(HttpLogin, 1);

	for (gsize i = 0; i < G_N_ELEMENTS(self->locks); i++)
		mutex_init(&self->locks[i]);
	self->share = curl_share_init();
	if (!self->share)
		g_error("no memory for libcurl");
	curl_share_setopt(self->share, CURLSHOPT_LOCKFUNC, on_lock);
	curl_share_setopt(self->share, CURLSHOPT_UNLOCKFUNC, on_unlock);
	curl_share_setopt(self->share, CURLSHOPT_USERDATA, self);
	curl_share_setopt(self->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
	return self;
}

void http_login_free(HttpLogin *self)
{
	if (!self)
		return;
	curl_share_cleanup(self->share);
	for (gsize i = 0; i < G_N_ELEMENTS(self->locks); i++)
		mutex_destroy(&self->locks[i]);
	g_free(self);
}

void http_login_set(HttpLogin *self, CURL *easy, gboolean wanted)
{
	curl_easy_setopt(easy, CURLOPT_SHARE, wanted ? self->share : NULL);
	if (!wanted)
		return;
	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, "");
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_NEGOTIATE);
	/* Whose ticket it is GSSAPI knows. */
	curl_easy_setopt(easy, CURLOPT_USERPWD, ":");
}

/* curl_easy_reset would forget the list of cookie files without freeing it. */
void http_login_end(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_COOKIEFILE, NULL);
}
