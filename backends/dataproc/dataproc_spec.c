#include "backends/dataproc/dataproc_spec.h"

#include <string.h>

#include "backends/base/digest.h"
#include "backends/dataproc/dataproc_value.h"

#define LABELS_MAX 32
#define LABEL_MAX 63
#define TTL_LEAST_MS (10 * G_GINT64_CONSTANT(60) * 1000)
#define TTL_MOST_MS (14 * G_GINT64_CONSTANT(86400) * 1000)
#define MADE_ID_PREFIX "sessionfs-"
#define MADE_ID_DIGITS 16

/* ---- the table ---- */

/* Words of enumerations are not checked: the vendor may add some, and a create
 * with a wrong one is refused before anything is made. */
static const SpecField spec_jupyter[] = {
	{"kernel", SPEC_STRING},
	{"displayName", SPEC_STRING},
	{NULL},
};
/* Empty in the model; that it is there is what counts. */
static const SpecField spec_nothing[] = {{NULL}};
static const SpecField spec_pypi[] = {
	{"pypiRepository", SPEC_STRING},
	{NULL},
};
static const SpecField spec_repository[] = {
	{"pypiRepositoryConfig", SPEC_OBJECT, .fields = spec_pypi},
	{NULL},
};
static const SpecField spec_texts[] = {
	{"", SPEC_STRING},
	{NULL},
};
static const SpecField spec_autotuning[] = {
	{"scenarios", SPEC_ARRAY, .fields = spec_texts},
	{NULL},
};
static const SpecField spec_runtime[] = {
	{"version", SPEC_STRING},
	{"containerImage", SPEC_STRING},
	{"properties", SPEC_STRING_MAP},
	{"repositoryConfig", SPEC_OBJECT, .fields = spec_repository},
	{"autotuningConfig", SPEC_OBJECT, .fields = spec_autotuning},
	{"cohort", SPEC_STRING},
	{NULL},
};
static const SpecField spec_authentication[] = {
	{"userWorkloadAuthenticationType", SPEC_STRING},
	{NULL},
};
static const SpecField spec_execution[] = {
	{"serviceAccount", SPEC_STRING},
	{"networkUri", SPEC_STRING},
	{"subnetworkUri", SPEC_STRING},
	{"networkTags", SPEC_ARRAY, .fields = spec_texts},
	{"kmsKey", SPEC_STRING},
	{"idleTtl", SPEC_STRING},
	{"ttl", SPEC_STRING},
	{"stagingBucket", SPEC_STRING},
	{"authenticationConfig", SPEC_OBJECT, .fields = spec_authentication},
	{"resourceManagerTags", SPEC_STRING_MAP},
	{NULL},
};
static const SpecField spec_history[] = {
	{"dataprocCluster", SPEC_STRING},
	{NULL},
};
static const SpecField spec_peripherals[] = {
	{"metastoreService", SPEC_STRING},
	{"sparkHistoryServerConfig", SPEC_OBJECT, .fields = spec_history},
	{NULL},
};
static const SpecField spec_environment[] = {
	{"executionConfig", SPEC_OBJECT, .fields = spec_execution},
	{"peripheralsConfig", SPEC_OBJECT, .fields = spec_peripherals},
	{NULL},
};
const SpecField dataproc_spec[] = {
	{"sessionId", SPEC_STRING},
	{"requestId", SPEC_STRING},
	{"name", SPEC_STRING},
	{"labels", SPEC_STRING_MAP},
	{"sessionTemplate", SPEC_STRING},
	{"jupyterSession", SPEC_OBJECT, .fields = spec_jupyter},
	{"sparkConnectSession", SPEC_OBJECT, .fields = spec_nothing},
	{"runtimeConfig", SPEC_OBJECT, .fields = spec_runtime},
	{"environmentConfig", SPEC_OBJECT, .fields = spec_environment},
	{"user", SPEC_STRING},
	{NULL},
};

/* user: a clone belongs to who makes it. */
const char *const dataproc_not_in_config[] = {
	"sessionId", "requestId", "name", "user", NULL};

/* ---- rules ---- */

static gboolean ids_check(const Json *spec, GError **error)
{
	const char *session = json_text(json_get(spec, "sessionId"));
	const char *request = json_text(json_get(spec, "requestId"));

	if (session && !dataproc_id_legal(session))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"sessionId must be 4 to 63 of a-z, 0-9 and \"-\", "
			"begin with a letter and not end with \"-\"");
	if (request && !dataproc_request_legal(request))
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"requestId must be 1 to 40 letters, digits, \"_\" and "
			"\"-\"");
	return TRUE;
}

/* Whoever copies a request of Google's own tools has the name in it. */
static gboolean name_check(
	const Json *spec, const DataprocPlace *place, GError **error)
{
	const char *text = json_text(json_get(spec, "name"));
	const char *id = json_text(json_get(spec, "sessionId"));
	g_auto(DataprocName) name = {NULL};

	if (!text)
		return TRUE;
	if (dataproc_name_parse(text, &name) &&
		g_str_equal(name.project, place->project) &&
		g_str_equal(name.location, place->location) &&
		dataproc_id_legal(name.id) && (!id || g_str_equal(name.id, id)))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"name must be projects/%s/locations/%s/sessions/%s here, or be "
		"left out",
		place->project, place->location, id ? id : "ID");
}

static gboolean labels_check(const Json *labels, GError **error)
{
	if (json_size(labels) > LABELS_MAX)
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"labels must have 0 to %d members, not %u", LABELS_MAX,
			json_size(labels));
	json_foreach (label, labels) {
		glong name = g_utf8_strlen(json_name(label), -1);

		if (name > 0 && name <= LABEL_MAX &&
			g_utf8_strlen(json_text(label), -1) <= LABEL_MAX)
			continue;
		return backend_error_false(error, BACKEND_ERROR_INVALID,
			"labels must have names of 1 to %d characters and "
			"values of %d at most",
			LABEL_MAX, LABEL_MAX);
	}
	return TRUE;
}

static gboolean ttl_check(
	const Json *execution, const char *name, GError **error)
{
	const char *text = json_text(json_get(execution, name));
	gint64 ms = text ? dataproc_duration(text) : TTL_LEAST_MS;

	if (ms >= TTL_LEAST_MS && ms <= TTL_MOST_MS)
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"environmentConfig.executionConfig.%s must be a duration from "
		"\"600s\" (10 minutes) to \"1209600s\" (14 days)",
		name);
}

/* Of two members that exclude each other one at most is there. */
static gboolean one_of(
	const Json *object, const char *a, const char *b, GError **error)
{
	if (!json_get(object, a) || !json_get(object, b))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_INVALID,
		"%s and %s cannot be given both", a, b);
}

gboolean dataproc_spec_check(
	const Json *spec, const DataprocPlace *place, GError **error)
{
	const Json *execution = json_get(
		json_get(spec, "environmentConfig"), "executionConfig");

	return ids_check(spec, error) && name_check(spec, place, error) &&
	       labels_check(json_get(spec, "labels"), error) &&
	       ttl_check(execution, "idleTtl", error) &&
	       ttl_check(execution, "ttl", error) &&
	       one_of(execution, "networkUri", "subnetworkUri", error) &&
	       one_of(spec, "jupyterSession", "sparkConnectSession", error);
}

/* ---- taking apart ---- */

/* The same token makes the same id, so that a request that was forgotten is
 * refused as a second one of that id. */
static char *id_of_token(const char *token, gboolean given)
{
	g_autofree char *hex =
		given ? digest_sha256_hex(token, strlen(token)) : NULL;

	return g_strdup_printf(
		MADE_ID_PREFIX "%.*s", MADE_ID_DIGITS, hex ? hex : token);
}

static char *choose_id(const Json *spec, const char *request, const char *token)
{
	const char *id = json_text(json_get(spec, "sessionId"));
	const char *name = json_text(json_get(spec, "name"));
	g_auto(DataprocName) parts = {NULL};

	if (id)
		return g_strdup(id);
	if (name && dataproc_name_parse(name, &parts))
		return g_strdup(parts.id);
	return id_of_token(request ? request : token, request != NULL);
}

void dataproc_spec_split(Json *spec, const DataprocPlace *place,
	const char *token, char **ret_id, char **ret_request)
{
	const char *request = json_text(json_get(spec, "requestId"));
	char *id = choose_id(spec, request, token);
	g_autofree char *name =
		g_strdup_printf("projects/%s/locations/%s/sessions/%s",
			place->project, place->location, id);

	*ret_id = id;
	*ret_request = g_strdup(request ? request : token);
	json_remove(spec, "sessionId");
	json_remove(spec, "requestId");
	json_remove(spec, "name");
	/* Required by the model, though the URL says it all. */
	json_set_text(spec, "name", name);
}
