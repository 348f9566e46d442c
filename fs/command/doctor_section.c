#include <string.h>

#include "backends/api/api.h"
#include "backends/base/clock.h"
#include "backends/http/http.h"
#include "backends/http/http_tls.h"
#include "fs/command/doctor_check.h"
#include "fs/command/doctor_net.h"

/* Each section's provider: whose account it is, and whether it answers. */

#define CALL_US (20 * G_TIME_SPAN_SECOND)
#define CLOCK_WARN_MS (60 * 1000)
#define CLOCK_FAIL_MS (5 * CLOCK_WARN_MS)

/* Before anything is asked of the network. */
static void check_source(Doctor *doctor)
{
	g_autoptr(GString) place = g_string_new(NULL);
	g_autoptr(GString) source = g_string_new(NULL);

	backend_identify(doctor->section->backend, place, source);
	if (source->len)
		doctor_ok(doctor, "%s: %s", place->str, source->str);
	else
		doctor_ok(
			doctor, "%s: no credentials are asked for", place->str);
}

/* ---- the way there ---- */

/* The value of a line of backend_report: new string; NULL. */
static char *reported(Backend *backend, const char *name)
{
	g_autoptr(GString) report = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;
	gsize len = strlen(name);

	backend_report(backend, report);
	lines = g_strsplit(report->str, "\n", -1);
	for (char **line = lines; *line; line++)
		if (!strncmp(*line, name, len) &&
			g_str_has_prefix(*line + len, ": "))
			return g_strdup(*line + len + 2);
	return NULL;
}

/* What is connected to: the proxy where there is one, else the endpoint.  NULL: says
 * why it is not known. */
static NetPlace *find_place(Doctor *doctor)
{
	g_autofree char *endpoint = NULL;
	const char *proxy, *from;
	NetPlace *place;

	from = doctor_proxy(doctor->section, &proxy);
	endpoint = reported(doctor->section->backend, "endpoint");
	place = endpoint ? net_place_new(endpoint) : NULL;
	if (!place) {
		doctor_ok(doctor, "no host is known before the first call");
		return NULL;
	}
	if (!from || net_place_is_near(place))
		return place;
	net_place_free(place);
	place = net_place_new(proxy);
	if (!place)
		doctor_fail(doctor, "write http://HOST:PORT",
			"the proxy is no URL (%s)", from);
	return place;
}

static void check_dns(Doctor *doctor)
{
	g_autoptr(NetPlace) place = find_place(doctor);
	g_autofree char *why = place ? net_resolve(place) : NULL;

	if (why)
		doctor_fail(doctor,
			"correct the name (endpoint, region, proxy), or "
			"/etc/resolv.conf",
			"%s has no address: %s", place->host, why);
	else if (place)
		doctor_ok(doctor, "%s has an address", place->host);
}

static void check_tcp(Doctor *doctor)
{
	g_autoptr(NetPlace) place = find_place(doctor);
	g_autofree char *why = place ? net_connect(place) : NULL;

	if (why)
		doctor_fail(doctor,
			"let the firewall pass it, or set the proxy that is "
			"the way out",
			"%s, port %s: %s", place->host, place->port, why);
	else if (place)
		doctor_ok(doctor, "%s, port %s can be reached", place->host,
			place->port);
}

/* Of the server itself: a proxy in between passes it on. */
static void check_tls(Doctor *doctor)
{
	g_auto(HttpTls) tls = {NULL};
	g_autofree char *endpoint = NULL, *until = NULL;
	Backend *backend = doctor->section->backend;

	endpoint = reported(backend, "endpoint");
	if (!endpoint || !g_str_has_prefix(endpoint, "https:")) {
		doctor_ok(doctor, endpoint ? "plain http is spoken"
					   : "no host is known before the "
					     "first call");
		return;
	}
	http_tls_look(
		endpoint, http_client_settings(api_http(backend->api)), &tls);
	until = time_text(tls.until_s * 1000);
	if (tls.problem && !tls.name)
		doctor_fail(doctor, tls.mend, "%s: %s", endpoint, tls.problem);
	else if (tls.problem)
		doctor_fail(doctor, tls.mend,
			"%s: %s (of %s, by %s, until %s, %s)", endpoint,
			tls.problem, tls.name, tls.issuer, until, tls.protocol);
	else
		doctor_ok(doctor,
			"%s: the certificate of %s, by %s, until %s, is "
			"trusted; %s",
			endpoint, tls.name, tls.issuer, until, tls.protocol);
}

/* ---- whose account, and what it may ---- */

static const struct {
	BackendErrorCode code;
	const char *mend;
} mends[] = {
	{BACKEND_ERROR_NO_KEY,
		"log in with the vendor's tool, or set what is named"},
	{BACKEND_ERROR_AUTH, "correct the credentials that are named"},
	{BACKEND_ERROR_AUTH_EXPIRED, "log in again"},
	{BACKEND_ERROR_DENIED,
		"let this identity do what is named, as the policies in "
		"examples do"},
	{BACKEND_ERROR_UNSUPPORTED, "correct endpoint or proxy"},
	{BACKEND_ERROR_BAD_ANSWER, "correct endpoint or proxy"},
	{BACKEND_ERROR_GONE, "correct workspaces, region or project"},
	{BACKEND_ERROR_THROTTLED, "wait, or lower calls_per_second"},
	{BACKEND_ERROR_UNREACHABLE, "correct endpoint, region or proxy"},
	{BACKEND_ERROR_REFUSED, "correct endpoint or proxy"},
	{BACKEND_ERROR_TLS,
		"set the time of this machine, or name the authority with "
		"ca_file"},
	{BACKEND_ERROR_TIMEOUT, "see dns and tcp, or set a proxy"},
	{BACKEND_ERROR_REMOTE, "try again later"},
};

/* Of a server that the user names, as Livy is: nobody but they know it. */
static const struct {
	BackendErrorCode code;
	const char *mend;
} own_mends[] = {
	{BACKEND_ERROR_UNSUPPORTED,
		"set url to what comes before /sessions: `curl URL/sessions` "
		"has to print JSON"},
	{BACKEND_ERROR_BAD_ANSWER,
		"set url to what comes before /sessions: `curl URL/sessions` "
		"has to print JSON"},
	{BACKEND_ERROR_NO_KEY,
		"set auth (basic, bearer, header or negotiate), as this server "
		"wants it"},
	{BACKEND_ERROR_AUTH,
		"correct auth and the file that it names: this server wants "
		"other credentials"},
	{BACKEND_ERROR_DENIED,
		"let this user see sessions, in the server's own settings"},
	{BACKEND_ERROR_REMOTE, "look into the server's own log"},
};

static const char *mend_of(const ConfigProvider *section, const GError *error)
{
	gboolean own = backend_key_find(section->class, "url") != NULL;

	for (gsize i = 0; own && i < G_N_ELEMENTS(own_mends); i++)
		if (error->code == (int)own_mends[i].code)
			return own_mends[i].mend;
	for (gsize i = 0; i < G_N_ELEMENTS(mends); i++)
		if (error->code == (int)mends[i].code)
			return mends[i].mend;
	return "man sessionfs-troubleshooting";
}

static void fail_by(Doctor *doctor, GError *error)
{
	g_autofree char *sentence = backend_error_sentence(error);
	const BackendErrorDetail *detail = backend_error_detail(error);
	g_autofree char *mend =
		detail && detail->permission
			? g_strdup_printf("let this identity do %s, as the "
					  "policies in examples do",
				  detail->permission)
			: g_strdup(mend_of(doctor->section, error));
	g_autofree char *endpoint =
		reported(doctor->section->backend, "endpoint");

	if (doctor->answered && endpoint)
		doctor_fail(doctor, mend,
			"%s at %s was answered with status %u: %s",
			doctor->asked, endpoint, doctor->answered, sentence);
	else
		doctor_fail(doctor, mend, "%s", sentence);
}

/* Takes whose credentials would sign a call, and drops it. */
static gboolean take_account(
	const char *account, const Call *call, GError **error)
{
	char **ret = call->owner;

	g_free(*ret);
	*ret = g_strdup(account);
	return backend_error_false(error, BACKEND_ERROR_CANCELLED,
		"only the account is asked for");
}

static gboolean take_answer(const char *account, const Call *call)
{
	return TRUE;
}

static void check_credentials(Doctor *doctor)
{
	g_autofree char *account = NULL, *key = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(WorkspacePage) page = NULL;
	const Call call = {
		.deadline_us = clock_now_us(&clock_real) + CALL_US,
		.interactive = TRUE,
		.owned = take_account,
		.accepted = take_answer,
		.owner = &account,
	};

	doctor->answered = 0;
	page = backend_list_workspaces(
		doctor->section->backend, NULL, &call, &error);
	key = reported(doctor->section->backend, "credentials");
	if (account)
		doctor_ok(
			doctor, "%s; account %s", key ? key : "none", account);
	else if (error)
		fail_by(doctor, error);
	else
		doctor_ok(doctor, "%s", key ? key : "none");
}

/* The first workspace: of the configuration, or that the provider names.  NULL without
 * an error: there is none. */
static char *first_workspace(
	const ConfigProvider *section, const Call *call, GError **error)
{
	g_autoptr(WorkspacePage) page = NULL;
	const Workspace *first;

	if (section->workspaces && section->workspaces[0])
		return g_strdup(section->workspaces[0]);
	page = backend_list_workspaces(section->backend, NULL, call, error);
	if (!page || !page->workspaces->len)
		return NULL;
	first = page->workspaces->pdata[0];
	return g_strdup(first->id);
}

static void check_list(Doctor *doctor)
{
	const Call call = {
		.deadline_us = clock_now_us(&clock_real) + CALL_US,
		.interactive = TRUE,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(SessionPage) page = NULL;
	g_autofree char *workspace = NULL;

	doctor->answered = 0;
	workspace = first_workspace(doctor->section, &call, &error);
	if (workspace)
		page = backend_list_page(doctor->section->backend, workspace,
			NULL, &call, &error);
	if (error)
		fail_by(doctor, error);
	else if (!workspace)
		doctor_ok(doctor, "the provider answers, and names no "
				  "workspace");
	else
		doctor_ok(doctor,
			"the provider answers: %u sessions in the first page "
			"of %s",
			page->sessions->len, workspace);
}

static void check_clock(Doctor *doctor)
{
	gint64 ahead_ms, off_ms;

	if (!backend_clock(doctor->section->backend, &ahead_ms)) {
		doctor_ok(doctor, "no answer told a time");
		return;
	}
	off_ms = ABS(ahead_ms);
	if (off_ms < CLOCK_WARN_MS)
		doctor_ok(doctor, "this machine and the provider agree");
	else
		(off_ms < CLOCK_FAIL_MS ? doctor_warn : doctor_fail)(doctor,
			"timedatectl set-ntp true",
			"this machine is %" G_GINT64_FORMAT
			" s %s the provider",
			off_ms / 1000, ahead_ms > 0 ? "behind" : "ahead of");
}

/* What all of these need. */
#define OPENED "section_keys"
#define REACHED OPENED " dns tcp"
#define TRUSTED REACHED " local_files tls"

const DoctorCheck doctor_section[] = {
	{"credentials_source", FALSE, TRUE, check_source, OPENED},
	{"dns", TRUE, TRUE, check_dns, OPENED},
	{"tcp", TRUE, TRUE, check_tcp, OPENED " dns"},
	{"tls", TRUE, TRUE, check_tls, REACHED " local_files"},
	{"credentials", TRUE, TRUE, check_credentials, TRUSTED},
	{"list", TRUE, TRUE, check_list, TRUSTED " credentials"},
	{"clock", TRUE, TRUE, check_clock, TRUSTED},
	{NULL},
};
