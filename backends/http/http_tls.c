#include "backends/http/http_tls.h"

#include <string.h>

#include "backends/base/pipe_guard.h"
#include "backends/http/http_transfer.h"
#include "backends/http/http_url.h"

#define LOOK_MS 5000L
#define SPOKEN "SSL connection using "
#define CURL_MIN 0x075700

/* X509_V_ERR_*, which curl hands on as numbers. */
static const struct {
	long code;
	const char *problem, *mend;
} problems[] = {
	{9, "its certificate is not valid yet", "timedatectl set-ntp true"},
	{10, "its certificate has expired",
		"timedatectl set-ntp true, or let the server get a new one"},
	{18, "its certificate is signed by itself",
		"name it with ca_file, if you trust it"},
	{19, "its chain ends at an authority that is not known here",
		"name that authority with ca_file"},
	{20,
		"the authority that signed its certificate is not known here, "
		"or "
		"the server leaves out a part of the chain",
		"name that authority with ca_file, or install "
		"ca-certificates"},
	{21,
		"the authority that signed its certificate is not known here, "
		"or "
		"the server leaves out a part of the chain",
		"name that authority with ca_file, or install "
		"ca-certificates"},
	{62, "its certificate is of another name",
		"write the name of the certificate into endpoint"},
};

void http_tls_clear(HttpTls *self)
{
	g_free(self->problem);
	g_free(self->protocol);
	g_free(self->name);
	g_free(self->issuer);
	*self = (HttpTls){NULL};
}

/* No other place of curl's tells which protocol was agreed on. */
static int on_debug(
	CURL *easy, curl_infotype type, char *text, size_t len, void *data)
{
	HttpTls *self = data;
	gsize skip = strlen(SPOKEN);

	if (type != CURLINFO_TEXT || len <= skip ||
		strncmp(text, SPOKEN, skip) != 0)
		return 0;
	g_free(self->protocol);
	self->protocol = g_strndup(text + skip, len - skip);
	self->protocol[strcspn(self->protocol, " \n")] = '\0';
	return 0;
}

/* "Subject:C = US, CN = x": what is behind the name; NULL. */
static const char *field_of(const char *line, const char *name)
{
	gsize len = strlen(name);

	return strncmp(line, name, len) == 0 && line[len] == ':'
		       ? line + len + 1
		       : NULL;
}

/* The CN alone, where there is one. */
static char *common_name(const char *whole)
{
	const char *at = strstr(whole, "CN = ");

	if (!at)
		return g_strdup(whole);
	at += strlen("CN = ");
	return g_strndup(at, strcspn(at, ",/\n"));
}

static void read_certificate(CURL *easy, HttpTls *ret)
{
	struct curl_certinfo *all = NULL;
	const struct curl_slist *line;
	const char *value;

	curl_easy_getinfo(easy, CURLINFO_CERTINFO, &all);
	if (!all || all->num_of_certs < 1)
		return;
	for (line = all->certinfo[0]; line; line = line->next) {
		if ((value = field_of(line->data, "Subject")) && !ret->name)
			ret->name = common_name(value);
		else if ((value = field_of(line->data, "Issuer")) &&
			 !ret->issuer)
			ret->issuer = common_name(value);
		else if ((value = field_of(line->data, "Expire date")))
			ret->until_s = curl_getdate(value, NULL);
	}
}

static CURL *prepare(const char *url, const HttpSettings *settings,
	char *message, HttpTls *ret)
{
	CURL *easy = curl_easy_init();
	g_autofree char *host = http_url_host(url);

	if (!easy)
		g_error("no memory for libcurl");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	transfer_set_way(easy, settings, host ? host : "");
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, LOOK_MS);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message);
	curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(easy, CURLOPT_DEBUGDATA, ret);
	curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	return easy;
}

static void tell_problem(
	CURL *easy, CURLcode code, const char *message, HttpTls *ret)
{
	long verdict = 0;

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
	/* curl compares the names itself: the chain is well then, or not judged. */
	if (code == CURLE_PEER_FAILED_VERIFICATION && verdict <= 1)
		verdict = 62;
	ret->mend = "see what listens there, and the key endpoint";
	if (code == CURLE_SSL_CACERT_BADFILE)
		ret->mend = "correct ca_file, or install ca-certificates";
	for (gsize i = 0; i < G_N_ELEMENTS(problems); i++) {
		if (code != CURLE_PEER_FAILED_VERIFICATION ||
			problems[i].code != verdict)
			continue;
		ret->problem = g_strdup(problems[i].problem);
		ret->mend = problems[i].mend;
	}
	if (!ret->problem)
		ret->problem =
			g_strdup(*message ? message : curl_easy_strerror(code));
}

void http_tls_look(const char *url, const HttpSettings *settings, HttpTls *ret)
{
	g_auto(PipeGuard) guard G_GNUC_UNUSED = pipe_guard_enter();
	char message[CURL_ERROR_SIZE] = "";
	CURL *easy = prepare(url, settings, message, ret);
	CURLcode code = curl_easy_perform(easy);

	if (code != CURLE_OK) {
		tell_problem(easy, code, message, ret);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
		curl_easy_perform(easy);
	}
	read_certificate(easy, ret);
	curl_easy_cleanup(easy);
}

char *http_libraries(const char **ret_problem)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	gboolean tls = info->ssl_version && *info->ssl_version;

	*ret_problem = NULL;
	if (info->version_num < CURL_MIN)
		*ret_problem = "libcurl 7.87 is needed";
	else if (!tls)
		*ret_problem = "this libcurl speaks no TLS";
	return g_strdup_printf("libcurl %s, %s", info->version,
		tls ? info->ssl_version : "no TLS");
}
