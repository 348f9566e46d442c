#pragma once

#include "backends/provider/record.h"

/*
 * Livy's record of an interactive session, as list, get and create show it, and
 * the body of POST /sessions, which its members come back from (since 0.8; older
 * servers echo the name and the kind alone).  Pure.
 */
extern const SpecField livy_spec[];
/* Members of it that a session has for itself alone. */
extern const char *const livy_unique[];

/* Members that not every version knows: a body with one that it does not know
 * is refused, and a record that lacks it comes from such a server. */
typedef enum {
	LIVY_NAME = 1 << 0,         /* 0.6 */
	LIVY_TTL = 1 << 1,          /* 0.8 */
	LIVY_IDLE_TIMEOUT = 1 << 2, /* 0.9 */
} LivyMember;
#define LIVY_MEMBERS (LIVY_NAME | LIVY_TTL | LIVY_IDLE_TIMEOUT)

/* A member's name on the wire. */
const char *livy_member_name(LivyMember member);
/* Which of them a server of that version knows: "0.9.0-incubating".  FALSE: the
 * text is no version. */
gboolean livy_version_members(const char *version, guint *ret_members);
/* Which of them an object has, null or not. */
guint livy_record_members(const Json *record);

/* Takes a guint as its data, which gets the members that the last record that can
 * be shown has; see above. */
extern const RecordKind livy_record;
extern const RecordRender livy_renders[N_SESSION_FILES];

/* Whether a session's name would be refused only after a driver was started for
 * it, which then stays: empty, or digits alone. */
gboolean livy_name_legal(const char *name);

/* As the slots of BackendClass. */
gboolean livy_is_other(const Session *before, const Session *now);
