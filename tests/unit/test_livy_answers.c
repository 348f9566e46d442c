#include <string.h>

#include "backends/backend.h"
#include "backends/base/json.h"
#include "backends/base/json_span.h"
#include "backends/classes.h"
#include "backends/livy/livy_record.h"
#include "tiny_server.h"

/*
 * What two real servers answered (tests/answers/livy), each answer given to the
 * provider as it was sent.  Every recorded exchange either is used by a row of the
 * table below or has a row that says why not; a row that fits none fails.
 */

#define TOKEN "0123456789abcdef0123456789abcdef"
#define LEAST_FILES 500
#define NOT_FOUND "{\"msg\":\"Session 'sessionfs-" TOKEN "' not found.\"}"

/* One recorded exchange. */
typedef struct {
	char *method, *path; /* without its query */
	char *sent;          /* the request's body */
	char *raw;           /* the answer as it came */
	guint status;
	char *text; /* the answer's body */
	Json *json; /* the same; NULL: it is none */
} Exchange;

static TinyServer *server;

static void exchange_free(Exchange *x)
{
	g_free(x->method);
	g_free(x->path);
	g_free(x->sent);
	g_free(x->raw);
	g_free(x->text);
	json_free(x->json);
	g_free(x);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Exchange, exchange_free)

static char *body_of(const char *message)
{
	const char *gap = strstr(message, "\r\n\r\n");

	return g_strstrip(g_strdup(gap ? gap + 4 : ""));
}

static Exchange *exchange_read(const char *file, const char *all)
{
	const char *request = strstr(all, ">>> request\n");
	const char *response = strstr(all, "<<< response\n");
	Exchange *x = g_new0(Exchange, 1);

	if (!request || !response)
		g_error("%s is no exchange", file);
	request += strlen(">>> request\n");
	response += strlen("<<< response\n");
	g_autofree char *first = g_strndup(
		request, response - request - strlen("<<< response\n"));
	g_auto(GStrv) words = g_strsplit(first, " ", 3);
	x->method = g_strdup(words[0]);
	x->path = g_strndup(words[1], strcspn(words[1], "?"));
	x->sent = body_of(first);
	x->text = body_of(response);
	x->json = json_parse(x->text, strlen(x->text), NULL);
	x->status = (guint)g_ascii_strtoull(
		response + strlen("HTTP/1.1 "), NULL, 10);
	/* The file's own line end is behind it. */
	x->raw = g_strndup(response, strlen(response) - 1);
	return x;
}

/* ---- a provider that has seen nothing yet ---- */

static Backend *open_livy(void)
{
	g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;

	g_hash_table_insert(
		keys, (char *)"url", (char *)tiny_server_url(server));
	Backend *livy = backend_open(&livy_class, keys, &error);
	g_assert_no_error(error);
	return livy;
}

static const char *workspace(void)
{
	return strstr(tiny_server_url(server), "://") + 3;
}

static Call soon(void)
{
	return (Call){
		.deadline_us = g_get_monotonic_time() + 20 * G_USEC_PER_SEC};
}

static void push(const Exchange *x)
{
	const TinyAnswer answer = {.kind = TINY_RAW, .body = x->raw};

	tiny_server_push(server, answer);
	/* Who asks again is told the same. */
	tiny_server_rest(server, answer);
}

/* What a refusal means, by what was recorded. */
static BackendErrorCode meaning(const Exchange *x)
{
	static const struct {
		guint status;
		const char *text;
		BackendErrorCode code;
	} rows[] = {
		{302, "", BACKEND_ERROR_UNSUPPORTED},
		{404, "not found", BACKEND_ERROR_GONE},
		{404, "", BACKEND_ERROR_UNSUPPORTED},
		{405, "", BACKEND_ERROR_UNSUPPORTED},
		{400, "Duplicate session name", BACKEND_ERROR_EXISTS},
		{400, "too many sessions", BACKEND_ERROR_QUOTA},
		{400, "CSRF", BACKEND_ERROR_DENIED},
		{400, "isn't active", BACKEND_ERROR_CONFLICT},
		{400, "", BACKEND_ERROR_INVALID},
	};

	if (x->status == 500)
		return g_str_equal(x->method, "POST") ? BACKEND_ERROR_MAY_EXIST
						      : BACKEND_ERROR_REMOTE;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (rows[i].status == x->status &&
			strstr(x->text, rows[i].text))
			return rows[i].code;
	g_error("status %u is of no row", x->status);
}

/* A refusal is the right one, and its sentence is fit to be read. */
static void refused(const Exchange *x, const GError *error)
{
	g_assert_error(error, BACKEND_ERROR, (int)meaning(x));
	g_assert_cmpuint(strlen(error->message), >, 5);
	g_assert_null(strchr(error->message, '\n'));
	g_assert_null(strchr(error->message, '<'));
	g_assert_null(strstr(error->message, "(class"));
	g_assert_null(strstr(error->message, "reference chain"));
}

/* ---- what comes out ---- */

static void check_session(const Session *session, const Json *record)
{
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT,
		json_get_int(record, "id", 0, G_MAXINT32, -1));
	const char *state = json_get_text(record, "state", 64, "");
	g_autoptr(GString) config = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(session->id, ==, id);
	g_assert_cmpstr(session->name, ==,
		json_get_text(record, "name", SESSION_ID_MAX, ""));
	g_assert_cmpstr(session->state, ==, state);
	/* All states that were seen have a phase of their own. */
	g_assert_cmpint(session->phase, !=, PHASE_PENDING);
	g_assert_true(session->partial);
	g_autoptr(Json) body =
		json_parse(session->body, session->body_len, &error);
	g_assert_no_error(error);
	g_autofree char *kept = json_print(body, FALSE);
	g_autofree char *wanted = json_print(record, FALSE);
	g_assert_cmpstr(kept, ==, wanted);
	/* What is told of it would make another like it. */
	g_autoptr(Backend) livy = open_livy();
	backend_render(
		livy, SESSION_CONFIG, session->body, session->body_len, config);
	gboolean legal = backend_check_spec(
		livy, workspace(), config->str, config->len, &error);
	g_assert_no_error(error);
	g_assert_true(legal);
	g_assert_null(strstr(config->str, "null"));
	g_assert_null(strstr(config->str, "\"name\""));
}

static void use_list(const Exchange *x)
{
	const Call call = soon();
	g_autoptr(Backend) livy = open_livy();
	g_autoptr(GError) error = NULL;
	guint n = 0;

	push(x);
	g_autoptr(SessionPage) page =
		backend_list_page(livy, workspace(), NULL, &call, &error);
	if (x->status != 200) {
		g_assert_null(page);
		refused(x, error);
		return;
	}
	g_assert_no_error(error);
	json_foreach (record, json_get(x->json, "sessions"))
		check_session(g_ptr_array_index(page->sessions, n++), record);
	g_assert_cmpuint(page->sessions->len, ==, n);
	g_assert_cmpuint(page->skipped, ==, 0);
	g_assert_cmpint(
		page->total, ==, json_get_int(x->json, "total", 0, 1000, -1));
}

static void use_get(const Exchange *x)
{
	const Call call = soon();
	g_autoptr(Backend) livy = open_livy();
	g_autoptr(GError) error = NULL;
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT,
		json_get_int(x->json, "id", 0, G_MAXINT32, 1));

	push(x);
	g_autoptr(Session) session =
		backend_get(livy, workspace(), id, &call, &error);
	if (x->status != 200) {
		g_assert_null(session);
		refused(x, error);
		return;
	}
	g_assert_no_error(error);
	check_session(session, x->json);
}

/* The lines of a window, whatever the section. */
static char *without_marks(GBytes *window)
{
	gsize len;
	const char *data = g_bytes_get_data(window, &len);
	g_autofree char *text = g_strndup(data ? data : "", len);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *out = g_string_new(NULL);

	for (guint i = 0; lines[i] && lines[i + 1]; i++)
		if (*lines[i] != WINDOW_MARK)
			g_string_append_printf(out, "%s\n", lines[i]);
	return g_string_free(out, FALSE);
}

static void use_log(const Exchange *x)
{
	static const char body[] = "{\"state\":\"idle\"}";
	const Call call = soon();
	g_autoptr(Backend) livy = open_livy();
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) wanted = g_string_new(NULL);
	gint64 until_ms = -1;

	push(x);
	g_autoptr(GBytes) log = backend_describe(livy, workspace(), "1", body,
		SESSION_LOG, &call, &until_ms, &error);
	if (x->status != 200) {
		g_assert_null(log);
		refused(x, error);
		return;
	}
	g_assert_no_error(error);
	g_assert_cmpint(until_ms, >, g_get_real_time() / 1000);
	json_foreach (line, json_get(x->json, "log"))
		if (!g_str_equal(json_text(line), "stdout: ") &&
			!g_str_equal(json_text(line), "\nstderr: "))
			g_string_append_printf(wanted, "%s\n", json_text(line));
	g_autofree char *shown = without_marks(log);
	g_assert_cmpstr(shown, ==, wanted->str);
}

/* Whether the recorded body may be sent; otherwise the server was right, or knew
 * better what to make of it. */
static gboolean may_be_sent(const Exchange *x)
{
	static const char *const lenient[] = {
		"\"name\": null", "\"spark.ui.enabled\": false", NULL};
	g_autoptr(Backend) livy = open_livy();

	if (backend_check_spec(
		    livy, workspace(), x->sent, strlen(x->sent), NULL))
		return TRUE;
	for (gsize i = 0; lenient[i]; i++)
		if (strstr(x->sent, lenient[i]))
			return FALSE;
	if (x->status == 201)
		g_error("refused here, but not there: %s", x->sent);
	return FALSE;
}

static char *create(Backend *livy, const char *spec, GError **error)
{
	const Call call = soon();
	g_autoptr(CreatePlan) plan = backend_plan(
		livy, workspace(), spec, strlen(spec), TOKEN, &call, error);

	return plan ? backend_create(livy, workspace(), plan, &call, error)
		    : NULL;
}

static void use_create(const Exchange *x)
{
	const char *spec = may_be_sent(x) ? x->sent : "{}";
	g_autoptr(Backend) livy = open_livy();
	g_autoptr(GError) error = NULL;

	/* The version is asked for, and not told. */
	if (strstr(spec, "\"ttl\"") || strstr(spec, "\"idleTimeout\""))
		tiny_server_answer(server, 404, NULL, "");
	/* Whether a name is free cannot be told: then it is not looked up once
	 * more. */
	if (strstr(spec, "\"name\""))
		tiny_server_answer(server, 404, NULL, "");
	push(x);
	if (x->status == 500 && !strstr(spec, "\"name\""))
		tiny_server_answer(server, 404, NULL, NOT_FOUND);
	g_autofree char *id = create(livy, spec, &error);
	if (x->status != 201) {
		g_assert_null(id);
		refused(x, error);
		return;
	}
	g_assert_no_error(error);
	g_assert_cmpint((gint64)g_ascii_strtoull(id, NULL, 10), ==,
		json_get_int(x->json, "id", 0, G_MAXINT32, -1));
	/* What the answer showed of the version is heeded. */
	g_assert_true(backend_check_spec(livy, workspace(), "{\"ttl\":\"1h\"}",
			      12, NULL) == (json_get(x->json, "ttl") != NULL));
}

static void use_delete(const Exchange *x)
{
	const Call call = soon();
	g_autoptr(Backend) livy = open_livy();
	g_autoptr(GError) error = NULL;

	push(x);
	gboolean done = backend_control(
		livy, workspace(), "1", NULL, "terminate", &call, &error);
	g_assert_true(done == (x->status == 200));
	if (!done)
		refused(x, error);
}

static void use_version(const Exchange *x)
{
	static const char spec[] = "{\"idleTimeout\":\"1h\"}";
	g_autoptr(Backend) livy = open_livy();
	g_autoptr(GError) error = NULL;
	guint before = tiny_server_requests(server);
	gboolean knows = strstr(json_get_text(x->json, "version", 64, ""),
				 "0.9") != NULL;

	push(x);
	if (knows)
		tiny_server_answer(server, 201, NULL, "{\"id\":7}");
	g_autofree char *id = create(livy, spec, &error);
	g_assert_cmpstr(id, ==, knows ? "7" : NULL);
	if (!knows)
		g_assert_error(error, BACKEND_ERROR, BACKEND_ERROR_INVALID);
	g_assert_cmpuint(
		tiny_server_requests(server) - before, ==, knows ? 2 : 1);
}

/* ---- the table ---- */

static const struct {
	const char *method, *path; /* a pattern */
	void (*use)(const Exchange *x);
	const char *reason; /* where it is not used */
} rows[] = {
	{"*", "/sessions/*/statements*", NULL, "statements are not ours"},
	{"POST", "/sessions/*/completion", NULL, "statements are not ours"},
	{"GET", "/sessions/*/state", NULL, "records tell the state"},
	{"GET", "/batches", NULL, "batches are no sessions"},
	{"HEAD", "*", NULL, "no answer to what is sent has no body"},
	{"GET", "/version", use_version, NULL},
	{"GET", "/sessions/*/log", use_log, NULL},
	{"GET", "/sessions", use_list, NULL},
	{"GET", "/sessions/", use_list, NULL},
	{"GET", "/sessions/*", use_get, NULL},
	{"POST", "/sessions", use_create, NULL},
	{"DELETE", "/sessions*", use_delete, NULL},
	/* A url that leads elsewhere. */
	{"GET", "/", use_list, NULL},
	{"GET", "/frobnicate", use_list, NULL},
	{"PUT", "*", use_list, NULL},
	{"PATCH", "*", use_list, NULL},
	{"OPTIONS", "*", use_list, NULL},
	{"POST", "/sessions/*", use_list, NULL},
};
static guint fitted[G_N_ELEMENTS(rows)];

static void use_exchange(const char *file, const char *all)
{
	g_autoptr(Exchange) x = exchange_read(file, all);
	gsize row = 0;

	while (row < G_N_ELEMENTS(rows) &&
		!(g_pattern_match_simple(rows[row].method, x->method) &&
			g_pattern_match_simple(rows[row].path, x->path)))
		row++;
	if (row == G_N_ELEMENTS(rows))
		g_error("%s: no row for %s %s", file, x->method, x->path);
	fitted[row]++;
	g_test_message(
		"%s: %s", file, rows[row].reason ? rows[row].reason : "used");
	if (rows[row].use)
		rows[row].use(x);
}

/* A line is "seconds record": one session's way, on which it stays itself. */
static void use_progress(const char *file, const char *all)
{
	g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
	g_autoptr(Session) before = NULL;

	for (char **line = lines; *line; line++) {
		const char *start = strchr(*line, '{');
		guint members;

		if (**line == '#' || !start || strstr(start, "\"msg\""))
			continue;
		const JsonSpan span = {0, strlen(start)};
		Session *now =
			record_read(&livy_record, start, &span, &members, NULL);
		g_assert_nonnull(now);
		g_assert_cmpint(now->phase, !=, PHASE_PENDING);
		if (before)
			g_assert_false(livy_is_other(before, now));
		session_free(before);
		before = now;
	}
	if (!before)
		g_error("%s tells of no session", file);
}

static guint walk(const char *folder)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
	const char *name;
	guint files = 0;

	g_assert_no_error(error);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autofree char *all = NULL;

		if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
			files += walk(path);
			continue;
		}
		g_file_get_contents(path, &all, NULL, &error);
		g_assert_no_error(error);
		if (g_str_has_suffix(name, ".progress.txt"))
			use_progress(path, all);
		else
			use_exchange(path, all);
		files++;
	}
	return files;
}

static void every_recorded_exchange_is_understood(void)
{
	server = tiny_server_new();
	guint files = walk(ANSWERS_DIR);
	tiny_server_free(server);
	g_assert_cmpuint(files, >=, LEAST_FILES);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (fitted[i] == 0)
			g_error("nothing fits the row of %s %s", rows[i].method,
				rows[i].path);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/livy/answers/every-recorded-exchange-is-understood",
		every_recorded_exchange_is_understood);
	return g_test_run();
}
