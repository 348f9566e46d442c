#include "backends/base/json.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "backends/base/json_scan.h"
#include "backends/base/secret.h"
#include "backends/error.h"

/* Doubles hold every whole number up to here. */
#define WHOLE_MAX 9007199254740992.0

static void no_memory(const void *made)
{
	if (!made)
		g_error("no memory for JSON");
}

static Json *parse_repaired(const char *text, gsize len)
{
	g_autofree char *copy = g_memdup2(text, len);

	json_scan_repair(copy, len);
	return cJSON_ParseWithLength(copy, len);
}

static gboolean scan_text(
	const char *text, gsize len, JsonScan *ret_scan, GError **error)
{
	if (json_scan(text, len, ret_scan))
		return TRUE;
	return backend_error_false(error, BACKEND_ERROR_BAD_ANSWER,
		"not JSON: %s at byte %" G_GSIZE_FORMAT, ret_scan->reason,
		ret_scan->offset);
}

gboolean json_check(const char *text, gsize len, GError **error)
{
	JsonScan scan;

	return scan_text(text, len, &scan, error);
}

Json *json_parse(const char *text, gsize len, GError **error)
{
	JsonScan scan;
	Json *document;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (!scan_text(text, len, &scan, error))
		return NULL;
	document = scan.repair ? parse_repaired(text, len)
			       : cJSON_ParseWithLength(text, len);
	if (!document)
		backend_error_set(error, BACKEND_ERROR_BAD_ANSWER,
			"JSON of %" G_GSIZE_FORMAT " bytes could not be read",
			len);
	return document;
}

void json_free(Json *document)
{
	cJSON_Delete(document);
}

static void wipe_strings(Json *value)
{
	if (cJSON_IsString(value))
		secret_wipe(value->valuestring, strlen(value->valuestring));
	for (Json *child = value->child; child; child = child->next)
		wipe_strings(child);
}

void json_free_secret(SecretJson *document)
{
	if (document)
		wipe_strings(document);
	json_free(document);
}

JsonType json_type(const Json *value)
{
	if (cJSON_IsBool(value))
		return JSON_BOOL;
	if (cJSON_IsNumber(value))
		return JSON_NUMBER;
	if (cJSON_IsString(value))
		return JSON_STRING;
	if (cJSON_IsArray(value))
		return JSON_ARRAY;
	if (cJSON_IsObject(value))
		return JSON_OBJECT;
	return JSON_NULL;
}

const char *json_type_name(JsonType type)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "true or false",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return names[type];
}

/* The last of that name counts, as in the spans and in most readers; cJSON's
 * own lookup takes the first. */
static Json *find(const Json *object, const char *name)
{
	Json *found = NULL;

	if (!cJSON_IsObject(object))
		return NULL;
	for (Json *member = object->child; member; member = member->next)
		if (g_strcmp0(member->string, name) == 0)
			found = member;
	return found;
}

const Json *json_get(const Json *object, const char *name)
{
	return find(object, name);
}

const Json *json_nothing(void)
{
	static const cJSON nothing = {.type = cJSON_Array};

	return &nothing;
}

const Json *json_first(const Json *value)
{
	return cJSON_IsObject(value) || cJSON_IsArray(value) ? value->child
							     : NULL;
}

const Json *json_next(const Json *value)
{
	return value->next;
}

const char *json_name(const Json *value)
{
	return value->string;
}

guint json_size(const Json *value)
{
	guint size = 0;

	json_foreach (item, value)
		size++;
	return size;
}

const char *json_text(const Json *value)
{
	return cJSON_IsString(value) ? value->valuestring : NULL;
}

const char *json_get_text(
	const Json *object, const char *name, gsize max, const char *fallback)
{
	const char *text = json_text(find(object, name));

	return text && strlen(text) <= max ? text : fallback;
}

gboolean json_get_bool(const Json *object, const char *name, gboolean fallback)
{
	const Json *value = find(object, name);

	return cJSON_IsBool(value) ? cJSON_IsTrue(value) : fallback;
}

gboolean json_whole(const Json *value, gint64 *ret)
{
	double number;

	if (!cJSON_IsNumber(value))
		return FALSE;
	number = value->valuedouble;
	/* Written so that NaN and infinity fail too. */
	if (!(number >= -WHOLE_MAX && number <= WHOLE_MAX) ||
		number != (double)(gint64)number)
		return FALSE;
	*ret = (gint64)number;
	return TRUE;
}

gint64 json_int(const Json *value, gint64 min, gint64 max, gint64 fallback)
{
	const char *text = json_text(value);
	gint64 number;

	if (text && g_ascii_string_to_signed(text, 10, min, max, &number, NULL))
		return number;
	if (!json_whole(value, &number) || number < min || number > max)
		return fallback;
	return number;
}

gint64 json_get_int(const Json *object, const char *name, gint64 min,
	gint64 max, gint64 fallback)
{
	return json_int(find(object, name), min, max, fallback);
}

gboolean json_scalar_equal(const Json *a, const Json *b)
{
	return cJSON_Compare(a, b, TRUE);
}

Json *json_object(void)
{
	Json *object = cJSON_CreateObject();

	no_memory(object);
	return object;
}

/* Takes value. */
static void set(Json *object, const char *name, Json *value)
{
	no_memory(value);
	json_remove(object, name);
	if (!cJSON_AddItemToObject(object, name, value))
		no_memory(NULL);
}

void json_set_text(Json *object, const char *name, const char *text)
{
	set(object, name, cJSON_CreateString(text));
}

void json_add_text(Json *object, const char *name, const char *text)
{
	Json *value = cJSON_CreateString(text);

	no_memory(value);
	if (!cJSON_AddItemToObject(object, name, value))
		no_memory(NULL);
}

void json_set_int(Json *object, const char *name, gint64 number)
{
	char digits[32];

	if (number >= (gint64)-WHOLE_MAX && number <= (gint64)WHOLE_MAX) {
		set(object, name, cJSON_CreateNumber((double)number));
		return;
	}
	/* As a double it would be rounded. */
	g_snprintf(digits, sizeof(digits), "%" G_GINT64_FORMAT, number);
	set(object, name, cJSON_CreateRaw(digits));
}

void json_set_bool(Json *object, const char *name, gboolean truth)
{
	set(object, name, cJSON_CreateBool(truth));
}

void json_set_copy(Json *object, const char *name, const Json *value)
{
	set(object, name, cJSON_Duplicate(value, TRUE));
}

void json_remove(Json *object, const char *name)
{
	Json *next;

	if (!cJSON_IsObject(object))
		return;
	for (Json *member = object->child; member; member = next) {
		next = member->next;
		if (g_strcmp0(member->string, name) == 0)
			cJSON_Delete(
				cJSON_DetachItemViaPointer(object, member));
	}
}

char *json_print(const Json *value, gboolean pretty)
{
	char *text =
		pretty ? cJSON_Print(value) : cJSON_PrintUnformatted(value);
	char *line;

	no_memory(text);
	/* cJSON's memory need not come from where g_free returns it. */
	line = pretty ? g_strconcat(text, "\n", NULL) : g_strdup(text);
	cJSON_free(text);
	return line;
}
