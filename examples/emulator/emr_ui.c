#include "emr.h"

#include <string.h>

#define TOKEN_MS 3600000

void emr_get_endpoint(Exchange *x, const Json *input)
{
	const char *cluster = emr_text(x, input, "ClusterId");
	const char *id = cluster ? emr_text(x, input, "SessionId") : NULL;
	g_autoptr(Json) body = json_object();
	g_autoptr(Json) user = json_object();
	g_autoptr(Json) credentials = json_object();
	g_autofree char *token = aws_token(), *url = NULL, *text = NULL;
	StoreResult result;
	Life life;

	if (!id)
		return;
	result = store_life(x->store, cluster, id, &life);
	if (result == STORE_OK &&
		(!(LIFE_BIT(life) & LIFE_ALIVE) || life == LIFE_PENDING ||
			life == LIFE_STARTING))
		result = STORE_WRONG_STATE;
	if (result != STORE_OK) {
		emr_refuse_result(x, result, cluster, id);
		return;
	}
	url = g_strdup_printf(
		"https://%s.%s.spark-connect.example", id, cluster);
	json_set_text(body, "Endpoint", url);
	json_set_text(body, "AuthToken", token);
	json_set_text(user, "Username", "emulator");
	json_set_text(user, "Password", token + strlen(token) - 24);
	json_set_copy(credentials, "UsernamePassword", user);
	json_set_copy(body, "Credentials", credentials);
	text = json_print(body, FALSE);
	aws_put_time(&text, "AuthTokenExpirationTime",
		demo_clock_wall_ms(&x->emulator->clock) + TOKEN_MS, TRUE);
	aws_put_headers(x);
	answer_take(x->answer, 200, g_steal_pointer(&text));
}

static void answer_url(Exchange *x, const char *cluster, const char *prefix)
{
	g_autofree char *region = aws_region(x->request);
	g_autofree char *host =
		g_strdup_printf("%s-%s.emrappui-prod.%s.amazonaws.com", prefix,
			cluster, region);
	g_autofree char *url = aws_presigned(x, host, "/shs/");
	g_autoptr(Json) body = json_object();

	json_set_bool(body, "PresignedURLReady", TRUE);
	json_set_text(body, "PresignedURL", url);
	aws_put_headers(x);
	exchange_put(x, 200, body);
}

void emr_get_cluster_ui(Exchange *x, const Json *input)
{
	static const char *const types[] = {"SparkHistoryServer",
		"YarnTimelineService", "TezUI", "ApplicationMaster",
		"JobHistoryServer", "ResourceManager", NULL};
	const char *cluster = emr_text(x, input, "ClusterId");
	const char *type = json_text(json_get(input, "OnClusterAppUIType"));
	StoreResult result;
	Life life;

	if (!cluster)
		return;
	if (type && !g_strv_contains(types, type)) {
		aws_refuse_json(x, 400, "ValidationException", "",
			"1 validation error detected: Value at "
			"'onClusterAppUIType' failed to satisfy constraint: "
			"Member must satisfy enum value set");
		return;
	}
	result = store_life(x->store, NULL, cluster, &life);
	if (result != STORE_OK)
		emr_refuse_result(x, result, cluster, NULL);
	else if (!(LIFE_BIT(life) & LIFE_ALIVE))
		emr_refuse_invalid(x, "The cluster is not running.");
	else
		answer_url(x, cluster, "oc");
}

/* An id of a UI tells its cluster, so that nothing has to be kept. */
void emr_create_ui(Exchange *x, const Json *input)
{
	const char *arn = emr_text(x, input, "TargetResourceArn");
	const char *slash = arn ? strrchr(arn, '/') : NULL;
	g_autoptr(Json) body = json_object();
	g_autofree char *id = NULL;

	if (!arn)
		return;
	if (!slash || !store_has_workspace(x->store, slash + 1)) {
		emr_refuse_result(
			x, STORE_NO_WORKSPACE, slash ? slash + 1 : arn, NULL);
		return;
	}
	id = g_strconcat("p-", slash + 1, NULL);
	json_set_text(body, "PersistentAppUIId", id);
	json_set_bool(body, "RuntimeRoleEnabledCluster", FALSE);
	aws_put_headers(x);
	exchange_put(x, 200, body);
}

void emr_get_ui(Exchange *x, const Json *input)
{
	const char *id = emr_text(x, input, "PersistentAppUIId");

	if (!id)
		return;
	if (!g_str_has_prefix(id, "p-") ||
		!store_has_workspace(x->store, id + 2))
		emr_refuse_invalid(x, "The persistent app UI id is not valid.");
	else
		answer_url(x, id + 2, "p");
}
