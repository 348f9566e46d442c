#include "backends/provider/setting.h"

#include <math.h>
#include <string.h>

#include "backends/base/json_members.h"
#include "backends/provider/spec_rule.h"

#define QUANTITY_MAX 24 /* characters */
#define KIB 1024.0
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)

/* ---- quantities ---- */

/* A text may be read in several ways: "10m" is a size or a time.  NAN: it cannot
 * be read so. */
typedef struct {
	double plain, bytes, seconds;
} Quantity;

static const struct {
	const char *unit;
	double bytes, seconds; /* 0: it is no unit of that */
} units[] = {
	{"b", 1, 0},
	{"k", KIB, 0},
	{"kb", KIB, 0},
	{"m", MIB, 60},
	{"mb", MIB, 0},
	{"g", GIB, 0},
	{"gb", GIB, 0},
	{"t", KIB *GIB, 0},
	{"tb", KIB *GIB, 0},
	{"us", 0, 1e-6},
	{"ms", 0, 1e-3},
	{"s", 0, 1},
	{"min", 0, 60},
	{"h", 0, 3600},
	{"d", 0, 86400},
};

static void read_unit(const char *unit, double number, Quantity *ret)
{
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		if (g_ascii_strcasecmp(units[i].unit, unit) != 0)
			continue;
		if (units[i].bytes > 0)
			ret->bytes = number * units[i].bytes;
		if (units[i].seconds > 0)
			ret->seconds = number * units[i].seconds;
	}
}

static Quantity quantity_of(const char *text)
{
	Quantity quantity = {NAN, NAN, NAN};
	gsize digits = strspn(text, "0123456789.");
	char *end;

	if (!g_ascii_isdigit(*text) || strlen(text) > QUANTITY_MAX)
		return quantity;
	double number = g_ascii_strtod(text, &end);
	if (end != text + digits)
		return quantity;
	while (*end == ' ')
		end++;
	if (*end == '\0')
		quantity.plain = number;
	else
		read_unit(end, number, &quantity);
	return quantity;
}

static gboolean near(double a, double b)
{
	return !isnan(a) && !isnan(b) && fabs(a - b) <= 1e-9 * fabs(a);
}

/* Spark counts memory without a unit in MiB or bytes, times in s or ms. */
static gboolean plain_is(double plain, const Quantity *other)
{
	return near(plain, other->bytes) || near(plain * MIB, other->bytes) ||
	       near(plain, other->seconds) ||
	       near(plain / 1000, other->seconds);
}

static gboolean same_quantity(const char *a, const char *b)
{
	Quantity one = quantity_of(a), two = quantity_of(b);

	return near(one.plain, two.plain) || near(one.bytes, two.bytes) ||
	       near(one.seconds, two.seconds) || plain_is(one.plain, &two) ||
	       plain_is(two.plain, &one);
}

/* ---- values ---- */

static gboolean is_unset(const Json *value)
{
	return !value || spec_is_unset(value);
}

static gboolean is_list(const Json *value)
{
	return json_type(value) == JSON_ARRAY;
}

static gboolean is_map(const Json *value)
{
	return json_type(value) == JSON_OBJECT;
}

/* A string's characters, any other scalar as JSON writes it: "4" is 4. */
static char *scalar_text(const Json *value)
{
	const char *text = json_text(value);

	return text ? g_strdup(text) : json_print(value, FALSE);
}

static gboolean same_text(const char *a, const char *b)
{
	return g_str_equal(a, b) || same_quantity(a, b);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A list's elements as texts, sorted. */
static GPtrArray *sorted_texts(const Json *list)
{
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

	json_foreach (item, list)
		g_ptr_array_add(texts, scalar_text(item));
	g_ptr_array_sort(texts, by_text);
	return texts;
}

static gboolean same_lists(const Json *a, const Json *b)
{
	g_autoptr(GPtrArray) one = sorted_texts(a);
	g_autoptr(GPtrArray) two = sorted_texts(b);

	if (one->len != two->len)
		return FALSE;
	for (guint i = 0; i < one->len; i++)
		if (!same_text(g_ptr_array_index(one, i),
			    g_ptr_array_index(two, i)))
			return FALSE;
	return TRUE;
}

static gboolean same_maps(const Json *a, const Json *b)
{
	g_autoptr(JsonMembers) one = json_members_new(a);
	g_autoptr(JsonMembers) two = json_members_new(b);

	json_foreach (member, a)
		if (json_members_has(one, member) &&
			!setting_same(member,
				json_members_get(two, json_name(member))))
			return FALSE;
	json_foreach (member, b)
		if (!json_members_get(one, json_name(member)) &&
			!is_unset(member))
			return FALSE;
	return TRUE;
}

gboolean setting_same(const Json *a, const Json *b)
{
	if (is_unset(a) || is_unset(b))
		return is_unset(a) == is_unset(b);
	if (json_equal(a, b))
		return TRUE;
	if (is_list(a) || is_list(b))
		return is_list(a) && is_list(b) && same_lists(a, b);
	if (is_map(a) || is_map(b))
		return is_map(a) && is_map(b) && same_maps(a, b);
	g_autofree char *one = scalar_text(a);
	g_autofree char *two = scalar_text(b);
	return same_text(one, two);
}

/* ---- what was asked, and what is told of it ---- */

/* Words that Livy takes for another. */
static gboolean is_alias(const char *asked, const char *told)
{
	static const char *const rows[][2] = {
		{"python", "pyspark"},
		{"python3", "pyspark"},
		{"pyspark3", "pyspark"},
		{"r", "sparkr"},
		{"scala", "spark"},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (g_ascii_strcasecmp(asked, rows[i][0]) == 0 &&
			g_ascii_strcasecmp(told, rows[i][1]) == 0)
			return TRUE;
	return FALSE;
}

/* "default" for "projects/p/subnetworks/default", "2.2" for "2.2.40-debian". */
static gboolean is_short_for(const char *brief, const char *full)
{
	gsize m = strlen(brief), n = strlen(full);

	if (m == 0 || n <= m)
		return FALSE;
	return (full[n - m - 1] == '/' && g_str_equal(full + n - m, brief)) ||
	       (*brief == '/' && g_str_has_suffix(full, brief)) ||
	       (g_str_has_prefix(full, brief) && strchr(".- (", full[m]));
}

static gboolean may_be_text(const char *asked, const char *told)
{
	return same_text(asked, told) || g_ascii_strcasecmp(asked, told) == 0 ||
	       strspn(told, "*") == strlen(told) || is_alias(asked, told) ||
	       is_short_for(asked, told) || is_short_for(told, asked);
}

/* Lists of more than texts are not judged: nobody says which of them belong
 * together. */
static gboolean may_be_list(const Json *asked, const Json *told)
{
	g_autoptr(GHashTable) there =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	json_foreach (item, told) {
		if (!json_text(item) || strchr(json_text(item), '*'))
			return TRUE;
		g_hash_table_add(there, g_path_get_basename(json_text(item)));
	}
	json_foreach (item, asked) {
		g_autofree char *base =
			json_text(item) ? g_path_get_basename(json_text(item))
					: NULL;

		if (base && !g_hash_table_contains(there, base))
			return FALSE;
	}
	return TRUE;
}

static gboolean may_be_map(const Json *asked, const Json *told)
{
	g_autoptr(JsonMembers) members = json_members_new(told);

	json_foreach (member, asked)
		if (!setting_may_be(member,
			    json_members_get(members, json_name(member))))
			return FALSE;
	return TRUE;
}

gboolean setting_may_be(const Json *asked, const Json *told)
{
	if (is_unset(asked) || is_unset(told) || json_equal(asked, told))
		return TRUE;
	if (is_list(asked) && is_list(told))
		return may_be_list(asked, told);
	if (is_map(asked) && is_map(told))
		return may_be_map(asked, told);
	/* Another form of the whole: that is a spelling. */
	if (is_list(asked) || is_list(told) || is_map(asked) || is_map(told))
		return TRUE;
	g_autofree char *one = scalar_text(asked);
	g_autofree char *two = scalar_text(told);
	return may_be_text(one, two);
}
