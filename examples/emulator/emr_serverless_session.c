#include "emr_serverless.h"

#include "text.h"

#define TOKEN_MS 3600000
#define RECORD_GUESS 2048

/* Whether sessions can be started there, new application object; NULL:
 * refused. */
static Json *application_ready(Exchange *x, const char *id)
{
	g_autoptr(GString) text = g_string_new(NULL);
	StoreResult result = store_get(x->store, NULL, id, text);
	g_autoptr(Json) record = NULL;
	gboolean waits, allowed;
	Life life;

	if (result == STORE_OK)
		result = store_life(x->store, NULL, id, &life);
	if (result != STORE_OK) {
		emr_serverless_refuse_result(x, result);
		return NULL;
	}
	record = json_parse(text->str, text->len, NULL);
	allowed = json_get_bool(json_get(record, "interactiveConfiguration"),
		"sessionEnabled", FALSE);
	waits = (life == LIFE_PENDING || life == LIFE_STOPPED) &&
		json_get_bool(json_get(record, "autoStartConfiguration"),
			"enabled", FALSE);
	if (!allowed)
		emr_serverless_refuse_invalid(x,
			"Sessions are not enabled for the "
			"application.");
	else if (life != LIFE_RUNNING && life != LIFE_STARTING && !waits)
		emr_serverless_refuse_invalid(
			x, "The application is not started.");
	else if (emr_serverless_session_max &&
		 emr_serverless_alive(x, id) >=
			 (gsize)emr_serverless_session_max)
		aws_refuse_rest(x, 402, "ServiceQuotaExceededException", "",
			"The application has as many sessions as it may.");
	else
		return g_steal_pointer(&record);
	return NULL;
}

static void answer_started(Exchange *x, const char *application, const char *id,
	const char *region)
{
	g_autofree char *arn = emr_serverless_arn(region, application, id);
	g_autoptr(Json) body = json_object();

	json_set_text(body, "applicationId", application);
	json_set_text(body, "sessionId", id);
	json_set_text(body, "arn", arn);
	aws_put_headers(x);
	exchange_put(x, 200, body);
}

static void create_session(Exchange *x, const Json *spec, const char *release)
{
	const char *application = x->request->parts[0];
	g_autofree char *region = aws_region(x->request);
	g_autofree char *digest = exchange_digest(spec);
	g_autofree char *id = emr_serverless_id_new();
	g_autofree char *extra = NULL, *record = NULL, *ret = NULL;
	const EmrServerlessSession session = {
		id, application, region, release, spec, exchange_now(x)};
	StoreResult result;

	record = emr_serverless_record_new(&session, &extra);
	result = store_create(x->store, application,
		&(StoreSpec){
			.id = id,
			.record = record,
			.extra = extra,
			.life = LIFE_PENDING,
			.token = json_text(json_get(spec, "clientToken")),
			.digest = digest,
		},
		&ret);
	if (!ret) {
		emr_serverless_refuse_result(x, result);
		return;
	}
	/* A stopped application starts by itself when a session comes; one that
	 * is up is in the wrong state for that. */
	if (store_move(x->store, NULL, application,
		    LIFE_BIT(LIFE_PENDING) | LIFE_BIT(LIFE_STOPPED),
		    LIFE_STARTING) == STORE_NO_WORKSPACE)
		emr_serverless_refuse_result(x, STORE_NO_WORKSPACE);
	else
		answer_started(x, application, ret, region);
}

void emr_serverless_start_session(Exchange *x)
{
	g_autoptr(Json) spec = exchange_object(x);
	g_autofree char *problem =
		spec ? emr_serverless_spec_check(spec) : NULL;
	g_autoptr(Json) application = NULL;

	if (!emr_serverless_check_ids(x))
		return;
	if (!spec) {
		aws_refuse_rest(x, 400, "SerializationException", "",
			"The body is no JSON object");
		return;
	}
	if (problem) {
		emr_serverless_refuse_invalid(x, problem);
		return;
	}
	application = application_ready(x, x->request->parts[0]);
	if (application)
		create_session(x, spec,
			json_get_text(application, "releaseLabel", 64,
				EMR_SERVERLESS_RELEASE));
}

void emr_serverless_get_session(Exchange *x)
{
	GString *body = exchange_body(x, RECORD_GUESS);
	StoreResult result;

	if (!emr_serverless_check_ids(x))
		return;
	g_string_append(body, "{\"session\":");
	result = store_get(
		x->store, x->request->parts[0], x->request->parts[1], body);
	if (result != STORE_OK) {
		emr_serverless_refuse_result(x, result);
		return;
	}
	g_string_append_c(body, '}');
	aws_put_headers(x);
}

void emr_serverless_terminate_session(Exchange *x)
{
	char *const *parts = x->request->parts;
	g_autoptr(Json) body = json_object();
	StoreResult result;
	Life life;

	if (!emr_serverless_check_ids(x))
		return;
	result = store_move(
		x->store, parts[0], parts[1], LIFE_ALIVE, LIFE_STOPPING);
	if (result == STORE_WRONG_STATE &&
		store_life(x->store, parts[0], parts[1], &life) == STORE_OK &&
		life == LIFE_STOPPING)
		result = STORE_OK;
	if (result != STORE_OK) {
		emr_serverless_refuse_result(x, result);
		return;
	}
	json_set_text(body, "applicationId", parts[0]);
	json_set_text(body, "sessionId", parts[1]);
	aws_put_headers(x);
	exchange_put(x, 200, body);
}

static gboolean session_up(Exchange *x, const char *id, guint lives)
{
	Life life = LIFE_OTHER;
	StoreResult result =
		store_life(x->store, x->request->parts[0], id, &life);

	if (result == STORE_OK && !(LIFE_BIT(life) & lives))
		result = STORE_WRONG_STATE;
	emr_serverless_refuse_result(x, result);
	return result == STORE_OK;
}

void emr_serverless_get_endpoint(Exchange *x)
{
	char *const *parts = x->request->parts;
	g_autofree char *region = aws_region(x->request);
	g_autofree char *host = NULL, *token = NULL, *text = NULL;
	g_autoptr(Json) body = json_object();

	if (!emr_serverless_check_ids(x) ||
		!session_up(x, parts[1],
			LIFE_BIT(LIFE_STARTED) | LIFE_BIT(LIFE_RUNNING) |
				LIFE_BIT(LIFE_BUSY)))
		return;
	host = g_strdup_printf("https://%s.s.emr-serverless-services.%s."
			       "amazonaws.com",
		parts[1], region);
	token = aws_token();
	json_set_text(body, "applicationId", parts[0]);
	json_set_text(body, "sessionId", parts[1]);
	json_set_text(body, "endpoint", host);
	json_set_text(body, "authToken", token);
	text = json_print(body, FALSE);
	aws_put_time(&text, "authTokenExpiresAt",
		demo_clock_wall_ms(&x->emulator->clock) + TOKEN_MS, FALSE);
	aws_put_headers(x);
	answer_take(x->answer, 200, g_steal_pointer(&text));
}

void emr_serverless_get_dashboard(Exchange *x)
{
	g_autofree char *id = request_query(x->request, "resourceId");
	g_autofree char *type = request_query(x->request, "resourceType");
	g_autofree char *region = aws_region(x->request);
	g_autofree char *host = NULL, *url = NULL;
	g_autoptr(Json) body = json_object();
	Life life;

	if (!emr_serverless_check_ids(x))
		return;
	if (!id || !emr_serverless_id_valid(id) || g_strcmp0(type, "SESSION")) {
		emr_serverless_refuse_invalid(
			x, "resourceId or resourceType is not valid");
		return;
	}
	if (!session_up(x, id, G_MAXUINT) ||
		store_life(x->store, x->request->parts[0], id, &life) !=
			STORE_OK)
		return;
	/* There is none yet before the driver is up. */
	if (life != LIFE_PENDING && life != LIFE_STARTING) {
		host = g_strdup_printf(
			"p-%s.emrappui-prod.%s.amazonaws.com", id, region);
		url = aws_presigned(x, host, "/shs/");
		json_set_text(body, "url", url);
	}
	aws_put_headers(x);
	exchange_put(x, 200, body);
}
