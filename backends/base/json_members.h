#pragma once

#include "backends/base/json.h"

/*
 * An object's members by name.  json_get walks the members for each name, which
 * is right for a few names; code that looks up as many names as there are
 * members uses this.  It is a sorted array: names that a hostile server chose
 * to collide in a hash table cost no more here than others do.
 */
typedef struct JsonMembers JsonMembers;

/* Of NULL, and of what is no object: no members.  Borrows the object. */
JsonMembers *json_members_new(const Json *object);
void json_members_free(JsonMembers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonMembers, json_members_free)

/* The last member of that name; NULL: there is none. */
const Json *json_members_get(const JsonMembers *self, const char *name);

/* Whether this member of the object counts: a later one of its name does not
 * follow. */
gboolean json_members_has(const JsonMembers *self, const Json *member);

/* A new object with the members of a map that are strings, where `wanted` (NULL:
 * all are) says so of their name; of several with one name the last. */
Json *json_string_map(const Json *map, gboolean (*wanted)(const char *name));

/* Whether they say the same, whatever the order of members and the spelling of
 * numbers; strings and names by case.  NULL equals nothing.  Of members with one
 * name the last counts. */
gboolean json_equal(const Json *a, const Json *b);
