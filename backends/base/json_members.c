#include "backends/base/json_members.h"

#include <stdlib.h>
#include <string.h>

struct JsonMembers {
	const Json **by_name; /* one a name */
	guint n;
};

static int by_name(gconstpointer a, gconstpointer b, gpointer data)
{
	const Json *const *one = a, *const *two = b;

	return strcmp(json_name(*one), json_name(*two));
}

/* Of equal names the last stays.  The sort is stable, so that it is the last in
 * the document, too. */
static guint drop_earlier(const Json **members, guint n)
{
	guint kept = 0;

	for (guint i = 0; i < n; i++) {
		if (kept > 0 && strcmp(json_name(members[kept - 1]),
					json_name(members[i])) == 0)
			kept--;
		members[kept++] = members[i];
	}
	return kept;
}

JsonMembers *json_members_new(const Json *object)
{
	JsonMembers *self = g_new0(JsonMembers, 1);

	if (object == NULL || json_type(object) != JSON_OBJECT)
		return self;
	self->by_name = g_new(const Json *, json_size(object) + 1);
	json_foreach (member, object)
		if (json_name(member) != NULL)
			self->by_name[self->n++] = member;
	g_qsort_with_data(self->by_name, (gint)self->n,
		sizeof(self->by_name[0]), by_name, NULL);
	self->n = drop_earlier(self->by_name, self->n);
	return self;
}

void json_members_free(JsonMembers *self)
{
	if (self == NULL)
		return;
	g_free(self->by_name);
	g_free(self);
}

static int compare_name(const void *key, const void *element)
{
	const Json *const *member = element;

	return strcmp(key, json_name(*member));
}

const Json *json_members_get(const JsonMembers *self, const char *name)
{
	const Json **found =
		self->n > 0 ? bsearch(name, self->by_name, self->n,
				      sizeof(self->by_name[0]), compare_name)
			    : NULL;

	return found != NULL ? *found : NULL;
}

gboolean json_members_has(const JsonMembers *self, const Json *member)
{
	return json_name(member) != NULL &&
	       json_members_get(self, json_name(member)) == member;
}

Json *json_string_map(const Json *map, gboolean (*wanted)(const char *name))
{
	g_autoptr(JsonMembers) members = json_members_new(map);
	Json *kept = json_object();

	json_foreach (member, map)
		if (json_type(member) == JSON_STRING &&
			json_members_has(members, member) &&
			(wanted == NULL || wanted(json_name(member))))
			json_add_text(
				kept, json_name(member), json_text(member));
	return kept;
}

/* ---- comparing ---- */

static gboolean objects_equal(const Json *a, const Json *b)
{
	g_autoptr(JsonMembers) one = json_members_new(a);
	g_autoptr(JsonMembers) two = json_members_new(b);

	if (one->n != two->n)
		return FALSE;
	for (guint i = 0; i < one->n; i++)
		if (by_name(&one->by_name[i], &two->by_name[i], NULL) != 0 ||
			!json_equal(one->by_name[i], two->by_name[i]))
			return FALSE;
	return TRUE;
}

static gboolean arrays_equal(const Json *a, const Json *b)
{
	const Json *other = json_first(b);

	json_foreach (element, a) {
		if (other == NULL || !json_equal(element, other))
			return FALSE;
		other = json_next(other);
	}
	return other == NULL;
}

/* One pass: each pair of values is compared once.  No deeper than documents
 * may be (JSON_DEPTH_MAX). */
gboolean json_equal(const Json *a, const Json *b)
{
	if (a == NULL || b == NULL || json_type(a) != json_type(b))
		return FALSE;
	switch (json_type(a)) {
	case JSON_OBJECT:
		return objects_equal(a, b);
	case JSON_ARRAY:
		return arrays_equal(a, b);
	default:
		return json_scalar_equal(a, b);
	}
}
